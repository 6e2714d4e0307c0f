"""What the files of an experiment say of each other: the manifest's list, the environments, trials that stand twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rnnlab import experiment as experiments
from rnnlab import grid
from rnnlab.errors import RnnlabError
from rnnlab.store import checking, digest, files, parquet, repeated
from rnnlab.store.checking import Checked
from rnnlab.store.findings import Finding
from rnnlab.store.layouts import Layout, owner
from rnnlab.store.problems import twice as said
from rnnlab.store.snapshots import Snapshot
from rnnlab.store.tables import BOOKKEEPING

_ENVIRONMENT = re.compile(r"([0-9a-z]{1,64})\.json")
_ENTRIES = ("sha256", "rows", "bytes")


def marks(each: Checked) -> list[str]:
    """Return the trials and labels in a file."""
    return [] if each.marks is None else each.marks.to_pylist()


def keys(each: Checked) -> Iterator[str]:
    """Yield the keys in a file."""
    return (mark.partition(" ")[0] for mark in marks(each))


def listed(place: Layout, current: Snapshot, manifest: Mapping[str, Any], checked: list[Checked]) -> list[Finding]:
    """Compare the files with the list in the manifest of a run that has ended; another vouches for none."""
    if manifest.get("finished") is None:
        return []
    known = {file["path"]: file for file in manifest.get("files", [])}
    there = {each.path: each for each in checked}
    gone = [
        Finding(
            "gone",
            (path,),
            "does not count: the file that commits its block is gone" if path in current.orphans else "is gone",
        )
        for path in known
        if path not in there
    ]
    unlisted = [
        Finding("unlisted", (path,), "is not in the manifest, whose run has finished")
        for path in there
        if path not in known
    ]
    other = [found for path, each in there.items() if path in known and (found := _other(each, known[path]))]
    return [*gone, *unlisted, *other]


def _other(each: Checked, entry: Mapping[str, Any]) -> Finding | None:
    is_now = {"sha256": each.sha256, "rows": each.rows, "bytes": each.size}
    wrong = [name for name in _ENTRIES if entry.get(name) != is_now[name]]
    if not wrong or each.reason:
        return None
    differs = ", ".join(f"{name} {is_now[name]} in place of {entry.get(name)}" for name in wrong)
    return Finding("damaged", (each.path,), f"is not what the manifest lists ({differs})")


def environments(place: Layout, manifest: Mapping[str, Any], checked: list[Checked]) -> list[Finding]:
    """Return the notes of environments that are damaged, and those that rows name and nobody knows."""
    copies = manifest.get("environments", {})
    known, problems = set(copies), []
    for entry in files.entries(place.environments):
        match = _ENVIRONMENT.fullmatch(entry.name)
        if match and entry.kind == "file":
            reason = _wrong_environment(place, entry.name, copies.get(match[1]))
            known |= set() if reason else {match[1]}
            problems += [Finding("environment", (f"{place.environments.name}/{entry.name}",), reason)] if reason else []
    unknown: dict[str, list[Checked]] = {}
    for each in checked:
        for name in set(each.environments or ()) - known:
            unknown.setdefault(name, []).append(each)
    return problems + [_unknown(name, found) for name, found in unknown.items()]


def _wrong_environment(place: Layout, name: str, copy: Any) -> str:
    try:
        record = digest.unseal(files.read(place.environments / name))
    except FileNotFoundError:
        raise
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except ValueError as error:
        return f"is damaged ({error})"
    return "is not what the manifest tells of it" if copy is not None and copy != record else ""


def _unknown(name: str, found: list[Checked]) -> Finding:
    named = tuple(sorted({key for each in found for key in (each.environments or {})[name]}))
    return Finding(
        "environment",
        tuple(each.path for each in found),
        f"names the environment {name}, which nothing tells of",
        named,
    )


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two files that tell different things of the same trials."""

    first: str
    other: str
    marks: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """The trials."""
        return repeated.keys_of({"": self.marks})


def conflicts(place: Layout, whole: list[Checked]) -> Iterator[Conflict]:
    """Yield what tells different things of a trial, of files that are whole."""
    return (each for each in _repeats(place, whole) if each.columns)


def twice(place: Layout, whole: list[Checked]) -> tuple[list[Finding], list[str]]:
    """Return trials that stand in two files: a problem where they differ, a note where they agree."""
    problems, notes = [], []
    for each in _repeats(place, whole):
        both, found = (each.first, each.other), each.keys
        if each.columns:
            message = said(place.root / each.first, place.root / each.other, found, each.columns)
            problems.append(Finding("twice", both, message, tuple(found)))
        else:
            notes.append(
                f"{place.root / each.first} and {each.other}: {len(found):,} trials stand in both, the same bits"
            )
    return problems, notes


def _repeats(place: Layout, whole: list[Checked]) -> Iterator[Conflict]:
    for table in sorted({each.table for each in whole} - set(BOOKKEEPING)):
        those = [each for each in whole if each.table == table and each.marks is not None]
        pairs = repeated.repeats([each.marks for each in those if each.marks is not None]) if those else {}
        for (i, j), shared in pairs.items():
            if i != j:
                yield _compared(place, those[i].path, those[j].path, shared)


def _compared(place: Layout, first: str, other: str, shared: list[str]) -> Conflict:
    both = [parquet.read(place.root / path, verify=True) for path in (first, other)]
    found = repeated.differences(both[0], both[1], shared)
    differing = {mark for each in found.values() for mark in each} or shared
    return Conflict(first, other, tuple(sorted(differing)), tuple(found))


def with_costs(
    place: Layout, manifest: Mapping[str, Any], problems: list[Finding], checked: list[Checked]
) -> Iterator[Finding]:
    """Yield the problems with the trials that they cost: told by the block's files, else what the grid misses."""
    missing: dict[str, tuple[str, ...]] = {}
    for each in problems:
        table = each.table
        if each.keys or table is None or table in BOOKKEEPING or each.kind == "unlisted":
            yield each
            continue
        found = checking.lost(place, each.files[0], lambda name: _family(place, name))
        if not found:
            main = owner(table)
            missing[main] = missing[main] if main in missing else _missing(manifest, main, checked)
            found = missing[main]
        yield replace(each, keys=found)


def _family(place: Layout, table: str) -> list[str]:
    """Return the files of all tables of a measure, those without a commit too."""
    tables = [name for name in place.tables() if owner(name) == owner(table)]
    return [
        f"{name}/{entry.name}" for name in tables for entry in files.entries(place.table(name)) if entry.kind == "file"
    ]


def _missing(manifest: Mapping[str, Any], measure: str, checked: list[Checked]) -> tuple[str, ...]:
    """Return the keys of the manifest's grid that no whole file of a measure has."""
    entry = manifest.get("measures", {}).get(measure)
    if entry is None or "grid" not in manifest.get("experiment", {}):
        return ()
    label = f" {entry['settings']} {entry['version']}"
    there = {mark for each in checked if each.table == measure for mark in marks(each)}
    try:
        trials = grid.trials(experiments.recorded(manifest["experiment"], "manifest.json"))
        return tuple(key for key in (trial.key for trial in trials) if f"{key}{label}" not in there)
    except RnnlabError:  # what an older or newer rnnlab ran
        return ()
