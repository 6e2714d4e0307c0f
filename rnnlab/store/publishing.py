"""Blocks into the store, each in one step: a block is there with all its tables or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.store import files, journal, parquet, repeated, staging
from rnnlab.store.layouts import FileName, Layout, owner
from rnnlab.store.order import identity, ordered
from rnnlab.store.problems import explained
from rnnlab.store.snapshots import snapshot
from rnnlab.store.tables import BOOKKEEPING

if TYPE_CHECKING:
    import pyarrow as pa


def publish(place: Layout, tables: Mapping[str, pa.Table]) -> None:
    """Publish the tables of one block, rows `ordered`. Call under the lock.

    A measure's long tables come first and its per-trial table last: that is the commit. Raises ComputedTwice where
    the same trials stand there already with other results.
    """
    for measure in sorted({owner(name) for name in tables}):
        own = {name: table for name, table in tables.items() if owner(name) == measure and table.num_rows}
        if measure in own:
            new = encoded(own, measure)
            if measure not in BOOKKEEPING:
                _refuse_other(place, measure, new, own)
            _commit(place, new)


def _refuse_other(place: Layout, measure: str, new: Mapping[str, bytes], tables: Mapping[str, pa.Table]) -> None:
    *_, commit = new
    if _twins(place, commit):
        for path in new:
            for twin in _twins(place, path):
                table = twin.parent.name
                marks = repeated.marks(table, tables[table]).to_pylist()
                both = (parquet.read(twin, verify=True), tables[table])
                repeated.refuse(twin, place.root / path, marks, both)


def _twins(place: Layout, path: str) -> list[Path]:
    """Return files of the same trials as this one, with another content."""
    folder, own = place.root / Path(path).parent, Path(path).name
    there = (FileName.parse(name) for name in files.names(folder) if name != own and name[:16] == own[:16])
    return [folder / str(name) for name in there if name is not None]


def encoded(tables: Mapping[str, pa.Table], measure: str) -> dict[str, bytes]:
    """Return the files of one measure's tables, `<table>/<file>` to its bytes; the per-trial table is last."""
    trials = None if measure in BOOKKEEPING else identity(tables[measure])
    new = {}
    for table in sorted(tables, key=lambda name: (name == measure, name)):
        data = parquet.encode(tables[table])
        content = parquet.content(data)
        new[f"{table}/{FileName(trials or content, content)}"] = data
    return new


def _commit(place: Layout, new: Mapping[str, bytes]) -> None:
    staged: dict[str, Path] = {}
    with explained(place.root, "publish a block", sum(map(len, new.values()))):
        try:
            for path, data in new.items():
                staged[path] = staging.stage(place, data)
            for path in new:
                target = place.root / path
                staging.folder(target.parent)
                staging.put(staged[path], target)
                files.sync(target.parent)
        except OSError:
            for left in staged.values():  # room for others, now rather than at the next start
                files.remove(left)
            raise


def replace_failures(place: Layout, table: pa.Table) -> None:
    """Let this be the whole table of failures. Call under the lock."""
    old = [f"failures/{name}" for name in snapshot(place).tables.get("failures", ())]
    new = encoded({"failures": ordered(table)}, "failures") if table.num_rows else {}
    if set(old) != set(new):
        with explained(place.table("failures"), "write the failures"):
            journal.exchange(place, new, old)
