"""Many small files into few: rows sorted, so that the result does not depend on how the work was divided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rnnlab.store import parquet
from rnnlab.store.families import Family, families
from rnnlab.store.layouts import Layout
from rnnlab.store.problems import explained
from rnnlab.store.snapshots import snapshot
from rnnlab.store.tables import columns_of

BUDGET = 64 << 20  # bytes of rows in memory that one merged file may come from
SMALL = BUDGET // 4
_CELL = 8  # bytes, about


def compact(place: Layout) -> None:
    """Merge the small files of every table. Call under the lock.

    Rows of a trial that two of them have are one where they are the same bits. Raises ComputedTwice where they are
    not, DamagedFile where a file is not what its name vouches for: nothing is built on such rows.
    """
    for family in families(place, snapshot(place)):
        with explained(place.table(family.measure), "compact the table"):
            for blocks in _groups(family):
                family.exchange(blocks)


def _groups(family: Family) -> Iterator[list[str]]:
    """Yield the blocks that one file may hold together."""
    group: list[str] = []
    total = 0
    for block in family.blocks:
        weight = sum(_weight(table, path) for table in family.names for path in family.paths(table, [block]))
        if weight > SMALL:
            continue
        if total + weight > BUDGET:
            yield from _worthwhile(family, group)
            group, total = [], 0
        group.append(block)
        total += weight
    yield from _worthwhile(family, group)


def _worthwhile(family: Family, group: list[str]) -> Iterator[list[str]]:
    if any(len(family.paths(table, group)) > 1 for table in family.names):
        yield group


def _weight(table: str, path: Path) -> int:
    rows, names = parquet.shape(path)
    if not {column.name for column in columns_of(table)}.issuperset(names):
        return SMALL + 1  # a newer rnnlab wrote columns that this one would drop
    return rows * len(names) * _CELL
