"""All files of an experiment against their names, the manifest and each other: no lock, and while others write."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rnnlab.errors import StoreBusy
from rnnlab.store import checking, comparing, digest, files, journal, leftovers
from rnnlab.store.checking import Checked
from rnnlab.store.findings import Finding, Verification
from rnnlab.store.layouts import Layout, owner
from rnnlab.store.manifests import refuse_newer
from rnnlab.store.problems import explained
from rnnlab.store.shape import misfit
from rnnlab.store.snapshots import Snapshot, snapshot
from rnnlab.store.tables import BOOKKEEPING

Progress = Callable[[int, int], None]  # bytes hashed, of how many
_TRIES = 50


@dataclass(slots=True)
class _Look:
    """What is known at one moment; files that were read once are not read again."""

    place: Layout
    progress: Progress
    seen: dict[tuple[str, int], Checked] = field(default_factory=dict)

    def state(self) -> tuple[bytes | None, bytes | None]:
        """Return the records that change whenever files are exchanged."""
        return _bytes(self.place, "manifest"), _bytes(self.place, "journal")

    def checked(self, current: Snapshot) -> list[Checked]:
        """Read every file that counts."""
        done, total = 0, sum(current.sizes.values())
        found = []
        for path, size in current.sizes.items():
            key = (path, size)
            if key not in self.seen:
                self.seen[key] = checking.check(self.place, path)
            found.append(self.seen[key])
            done += size
            self.progress(done, total)
        return found


def verify(place: Layout, progress: Progress | None = None) -> Verification:
    """Return everything that is wrong with the files of an experiment, with the trials that it costs.

    Every byte of every file that rnnlab wrote is hashed. Takes no lock and writes nothing. Raises StoreBusy where the
    files change all the time, UsageError where a newer rnnlab wrote them.
    """
    look = _Look(place, progress or (lambda done, total: None))
    with explained(place.root, "read the store"):
        for _ in range(_TRIES):
            before = look.state()
            try:
                found = _verified(look, before)
            except FileNotFoundError:  # compacted away, or set aside
                time.sleep(0.02)
                continue
            if found.ok or look.state() == before:
                return found
            time.sleep(0.02)
    raise StoreBusy(f"{place.root}: its files change all the time. Try again when the run that writes has finished.")


def _bytes(place: Layout, record: str) -> bytes | None:
    """Return what a record holds, None where there is none; what is no file holds what no record can."""
    path = getattr(place, record)
    try:
        return files.read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{error.strerror or error}".encode()


def _verified(look: _Look, state: tuple[bytes | None, bytes | None]) -> Verification:
    place = look.place
    current = snapshot(place)
    manifest, problems = _manifest(place, state[0], current)
    problems += _journal(state[1])
    checked = look.checked(current)
    problems += _of_files(place, current, checked)
    listed = comparing.listed(place, current, manifest, checked)
    problems += listed
    problems += comparing.environments(place, manifest, checked)
    twice, agreeing = comparing.twice(place, [each for each in checked if not each.reason])
    problems += twice
    notes = [*agreeing, *leftovers.notes(place, current, manifest, state[1])]
    keys = {key for each in checked if each.table == owner(each.table) for key in comparing.keys(each)}
    total = comparing.with_costs(place, manifest, problems, checked)
    return Verification(
        place.root.name, len(checked), sum(each.size for each in checked), len(keys), tuple(total), tuple(notes)
    )


def _manifest(place: Layout, data: bytes | None, current: Snapshot) -> tuple[dict[str, Any], list[Finding]]:
    """Return the manifest, empty where it is none, and what is wrong with it."""
    name = place.manifest.name
    if data is None:
        there = any(current.tables.values())
        return {}, [Finding("manifest", (name,), "is gone: nothing tells what was run")] if there else []
    try:
        manifest = digest.unseal(data)
    except ValueError as error:
        return {}, [Finding("manifest", (name,), f"is damaged ({error})")]
    refuse_newer(place, data)
    if wrong := misfit(manifest):
        return {}, [Finding("manifest", (name,), f"is damaged ({wrong} is not what a manifest has under that name)")]
    return manifest, []


def _journal(data: bytes | None) -> list[Finding]:
    wrong = journal.damaged(data or b"")
    return [Finding("journal", (".journal.json",), "is damaged (its digest does not fit)")] if wrong else []


def _of_files(place: Layout, current: Snapshot, checked: list[Checked]) -> list[Finding]:
    """Return the files that are not what was written, and those whose rows do not belong together."""
    trials: dict[tuple[str, str], set[str]] = {}
    for each in checked:
        if each.table == owner(each.table):
            trials.setdefault((each.table, each.block), set()).update(comparing.marks(each))
    return [finding for each in checked if (finding := _of_file(each, trials)) is not None]


def _of_file(each: Checked, trials: dict[tuple[str, str], set[str]]) -> Finding | None:
    if each.reason:
        return Finding("damaged", (each.path,), f"is damaged ({each.reason})")
    if each.wrong:
        return Finding("rows", (each.path,), f"is not sound: {each.wrong}")
    if each.table not in BOOKKEEPING and each.table != owner(each.table):
        strange = set(comparing.marks(each)) - trials.get((owner(each.table), each.block), set())
        damaged_main = not trials.get((owner(each.table), each.block))
        if strange and not damaged_main:
            return Finding(
                "rows", (each.path,), f"is not sound: it tells of {len(strange):,} trials that its block has not"
            )
    return None
