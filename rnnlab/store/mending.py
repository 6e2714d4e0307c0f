"""What `verify` found, mended as far as files can be: damage goes aside, so that its trials are computed anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rnnlab.store import checking, comparing, files, rewriting, staging
from rnnlab.store.findings import Finding, Verification
from rnnlab.store.layouts import Layout
from rnnlab.store.manifests import note_environment
from rnnlab.store.problems import explained
from rnnlab.store.recovery import commits, recover, set_aside
from rnnlab.store.snapshots import snapshot


def mend(place: Layout, found: Verification, manifest: Mapping[str, Any]) -> list[str]:
    """Set aside what is damaged, and what contradicts itself; return a note of each. Call under the lock.

    manifest: what is known of the environments. Every file that is moved is in `.damaged` afterwards.
    """
    notes = []
    with explained(place.root, "set damaged files aside"):
        for each in found.problems:
            if each.kind in ("manifest", "journal", "environment") and each.table is None:
                notes += _record(place, each, manifest)
        notes += recover(place)
        for each in found.problems:
            notes += _MENDS.get(each.kind, _nothing)(place, each)
        notes += _twice(place)
    return list(dict.fromkeys(notes))


def _record(place: Layout, each: Finding, manifest: Mapping[str, Any]) -> list[str]:
    path = place.root / each.files[0]
    if files.kind(path) == "absent":
        return []
    staging.folder(place.damaged)
    files.rename(path, place.damaged / f"{path.name.lstrip('.')}.damaged")
    files.sync(path.parent)
    copy = manifest.get("environments", {}).get(path.stem) if each.kind == "environment" else None
    if copy is not None:
        note_environment(place, path.stem, copy)
    return [f"{path}: is damaged; set aside in {place.damaged}{', and written anew' if copy is not None else ''}"]


def _blocks(place: Layout, each: Finding) -> list[str]:
    """Set the whole blocks of these files aside."""
    there = [path for path in each.files if _stands(place, path)]
    return [note for path in there for note in set_aside(place, place.root / path)]


def _stands(place: Layout, path: str) -> bool:
    """Say whether a file, or the one that commits its block, is there still."""
    return files.kind(place.root / path) == "file" or bool(commits(place, place.root / path))


def _nothing(place: Layout, each: Finding) -> list[str]:
    return []


def _twice(place: Layout) -> list[str]:
    """Set aside what tells different things of the same trials, until nothing does."""
    notes: list[str] = []
    while conflict := _first_conflict(place):
        both = (conflict.first, conflict.other)
        table = conflict.first.partition("/")[0]
        trials = f"{len(conflict.keys):,} trials differ ({', '.join(conflict.columns)}), computed anew"
        notes += [f"{note}; {trials}" for note in rewriting.take_out(place, table, conflict.marks, both)]
    return notes


def _first_conflict(place: Layout) -> comparing.Conflict | None:
    checked = [checking.check(place, path) for path in snapshot(place).sizes]
    return next(comparing.conflicts(place, [each for each in checked if not each.reason]), None)


_MENDS: dict[str, Callable[[Layout, Finding], list[str]]] = {
    "damaged": _blocks,
    "gone": _blocks,
    "rows": _blocks,
    "environment": lambda place, each: _blocks(place, each) if each.table is not None else [],
}
