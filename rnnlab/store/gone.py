"""Long tables that are gone though their block counts: the per-trial table, which commits a block, does not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rnnlab.store.layouts import FileName, Layout, is_file_name, owner
from rnnlab.store.problems import GoneFile
from rnnlab.store.snapshots import Snapshot, snapshot


def gone(place: Layout, current: Snapshot, manifest: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the long tables that the manifest of a run that has ended lists, gone though their block counts.

    A block that has been merged, set aside or removed since has no commit of that name any more.
    """
    blocks = {table: {name.trials for name in found} for table, found in current.tables.items()}
    for table, name in _listed(manifest):
        counts = name.trials in blocks.get(owner(table), ())
        if counts and name.trials not in blocks.get(table, ()):
            yield place.table(table) / str(name)


def refuse_gone(place: Layout, manifest: Mapping[str, Any], table: str | None = None) -> None:
    """Raise GoneFile where a file of this table (default: of any) is gone though its block counts."""
    for path in gone(place, snapshot(place), manifest):
        if table in (None, path.parent.name):
            raise GoneFile(path)


def _listed(manifest: Mapping[str, Any]) -> Iterator[tuple[str, FileName]]:
    """Yield table and file name of the long tables in the manifest's list."""
    files = manifest.get("files") if manifest.get("finished") is not None else None
    for each in files if isinstance(files, list) else ():
        path = each.get("path") if isinstance(each, Mapping) else None
        if isinstance(path, str) and is_file_name(path):
            table, _, text = path.partition("/")
            name = FileName.parse(text)
            if name is not None and table != owner(table):
                yield table, name
