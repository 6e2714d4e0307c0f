"""Rows taken out of the store: their files are exchanged for others without them, in one step for every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from rnnlab.store import files, parquet, repeated, staging
from rnnlab.store.families import Family, families
from rnnlab.store.layouts import Layout
from rnnlab.store.problems import explained
from rnnlab.store.publishing import replace_failures
from rnnlab.store.reading import read
from rnnlab.store.snapshots import Snapshot, snapshot
from rnnlab.store.tables import columns_of

if TYPE_CHECKING:
    import pyarrow as pa


def keep(place: Layout, stays: Callable[[str, pa.Table], pa.Array]) -> None:
    """Keep only the rows that stay; stays: a table's name and rows to a mask. Call under the lock.

    Tables and columns of a newer rnnlab are left as they are. Raises DamagedFile, ComputedTwice: nothing is built on
    such rows.
    """
    current = snapshot(place)
    for family in families(place, current):
        with explained(place.table(family.measure), "remove rows"):
            for block in family.blocks:
                if _has_others(family, block, stays):
                    family.exchange([block], partial(stays, family.measure))
    if current.tables.get("failures"):
        failures = read(place, "failures")
        replace_failures(place, failures.filter(stays("failures", failures)))


def _has_others(family: Family, block: str, stays: Callable[[str, pa.Table], pa.Array]) -> bool:
    """Say whether any row of a block goes, and this rnnlab knows all of its columns."""
    import pyarrow.compute as pc

    for table in family.names:
        columns = {column.name for column in columns_of(table)}
        if any(not columns.issuperset(parquet.shape(path)[1]) for path in family.paths(table, [block])):
            return False
    rows = (parquet.read(path, verify=True) for path in family.paths(family.measure, [block]))
    return not all(pc.all(stays(family.measure, each), min_count=0).as_py() for each in rows)


def take_out(place: Layout, table: str, marks: Iterable[str], both: Iterable[str]) -> list[str]:
    """Set two files aside that tell different things of these trials and keep what else they tell; return notes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    dropped = pa.array(marks, pa.string())

    def stays(rows: pa.Table) -> pa.Array:
        return pc.invert(pc.is_in(repeated.marks_of_rows(rows), value_set=dropped))

    with explained(place.root, "set the files aside"):
        [family] = [each for each in families(place, snapshot(place)) if table in each.names]
        blocks = {path.partition("/")[2][:16] for path in both}
        for name in family.names:
            for path in family.paths(name, blocks):
                aside(place, f"{name}/{path.name}", files.read(path))
        for block in sorted(blocks):
            family.exchange([block], stays)
    return [f"{place.root / path}: set aside in {place.damaged}" for path in both]


def aside(place: Layout, path: str, data: bytes) -> None:
    """Keep a copy of a file among those that were set aside."""
    staging.folder(place.damaged)
    files.rename(staging.stage(place, data), place.damaged / f"{path.replace('/', '-')}.damaged")


def left_over(place: Layout, current: Snapshot) -> dict[str, int]:
    """Return the files that count for nothing, with their bytes: set aside, staged, of blocks that have no end."""
    found = {path: files.size(place.root / path) or 0 for path in current.orphans}
    for folder in (place.damaged, place.staging):
        found |= {f"{folder.name}/{entry.name}": entry.size for entry in files.entries(folder) if entry.kind == "file"}
    return found


def clear(place: Layout) -> None:
    """Remove the files that count for nothing. Call under the lock."""
    with explained(place.root, "remove files"):
        for path in left_over(place, snapshot(place)):
            files.remove(place.root / path)
