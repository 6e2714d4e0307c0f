"""What a writer finds and mends when it opens the store, and what it lists when it leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rnnlab.store import files, journal, parquet, staging
from rnnlab.store.layouts import FileName, Layout, owner
from rnnlab.store.problems import DamagedFile, explained
from rnnlab.store.snapshots import Snapshot, snapshot
from rnnlab.store.tables import BOOKKEEPING


def recover(place: Layout) -> list[str]:
    """Bring the folder of a killed run into order and return a note of what was done. Call under the lock.

    An exchange of files is brought to its end, staged files go, files that cannot be opened are set aside with their
    whole block, and long tables of blocks that were never committed go.
    """
    with explained(place.root, "bring the store into order"):
        notes = [f"{place.journal}: was damaged, and has been written anew"] if journal.recover(place) else []
        staging.clear(place)
        removed = _remove_orphans(place)
        current = snapshot(place)
        notes += [note for path in _unreadable(place, current) for note in set_aside(place, path)]
        if removed:
            what = "1 file of a block" if removed == 1 else f"{removed:,} files of blocks"
            notes.append(f"removed {what} that a killed run had not finished")
        return notes + [f"{place.root / path}: is not of rnnlab; skipped" for path in current.foreign]


def refuse_lost(place: Layout, listed: Iterable[Mapping[str, Any]]) -> None:
    """Raise DamagedFile where a file that is listed does not count any more, or where one cannot be opened.

    For whoever changes files and computes nothing: nobody would compute what `recover` sets aside.
    """
    with explained(place.root, "list the files"):
        current = snapshot(place)
        for each in listed:
            if each["path"] not in current.sizes:
                raise DamagedFile(place.root / each["path"], "it or the file that commits its block is gone")
        for table in current.tables:
            for path in current.paths(place, table):
                parquet.shape(path)


def _remove_orphans(place: Layout) -> int:
    orphans = snapshot(place).orphans
    for path in orphans:
        files.remove(place.root / path)
    return len(orphans)


def _unreadable(place: Layout, current: Snapshot) -> Iterable[Path]:
    for table in current.tables:
        for path in current.paths(place, table):
            try:
                if files.kind(path) == "file":  # else it went with a damaged one of its block
                    parquet.shape(path)
            except DamagedFile:
                yield path


def set_aside(place: Layout, path: Path) -> list[str]:
    """Move a damaged file out of its table and return a note. Call under the lock.

    The file that committed its block goes first, so that the trials count as not done from then on.
    """
    table, main = path.parent.name, place.table(owner(path.parent.name))
    what = "is damaged" if files.kind(path) == "file" else "is gone, and its block is not whole"
    with explained(path, "set the damaged file aside"):
        staging.folder(place.damaged)
        for source in dict.fromkeys([*commits(place, path), path]):
            if files.kind(source) == "file":
                files.rename(source, place.damaged / f"{source.parent.name}-{source.name}.damaged")
        files.sync(main)
        files.sync(place.damaged)
        _remove_orphans(place)  # the other tables of its block
    then = ", its trials are computed anew" if table not in BOOKKEEPING else ""
    return [f"{path}: {what}; set aside in {place.damaged}{then}"]


def commits(place: Layout, path: Path) -> list[Path]:
    """Return the files that commit the block of a file: those of the per-trial table with its first part."""
    name, main = FileName.parse(path.name), place.table(owner(path.parent.name))
    return [main / each for each in sorted(files.names(main)) if name and each.startswith(name.trials)]


def set_incomplete_aside(place: Layout, manifest: Mapping[str, Any]) -> list[str]:
    """Set aside the blocks that lack a file which the manifest of a run that has ended lists; return notes.

    Their trials would count as done without what the file told of them. Call under the lock.
    """
    if manifest.get("finished") is None:  # files may have been exchanged since it listed them
        return []
    there = snapshot(place).sizes
    listed = [place.root / each["path"] for each in manifest.get("files", ()) if each["path"] not in there]
    return [note for path in listed if commits(place, path) for note in set_aside(place, path)]


def records(place: Layout, known: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return path, sha256, rows and bytes of every file that counts.

    known: records of an earlier manifest by path; a file that is listed there is not read again. Raises DamagedFile
    where a file is not what its name vouches for.
    """
    current = snapshot(place)
    with explained(place.root, "list the files"):
        found = []
        for table in sorted(current.tables):
            for path in current.paths(place, table):
                key = f"{table}/{path.name}"
                same = key in known and known[key]["bytes"] == current.sizes[key]
                found.append(dict(known[key]) if same else _record(key, path))
        return found


def _record(key: str, path: Path) -> dict[str, Any]:
    data = files.read(path)
    if not parquet.vouched(path, data):
        raise DamagedFile(path, "its bytes are not those that its name vouches for")
    return {
        "path": key,
        "sha256": hashlib.sha256(data).hexdigest(),
        "rows": parquet.shape(path)[0],
        "bytes": len(data),
    }
