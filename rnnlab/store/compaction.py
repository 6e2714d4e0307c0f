"""Many small files into few: rows sorted, so that the result does not depend on how the work was divided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.columns import schema
from rnnlab.errors import UsageError
from rnnlab.store import journal, parquet
from rnnlab.store.layouts import FileName, Layout, owner
from rnnlab.store.order import ordered
from rnnlab.store.problems import explained
from rnnlab.store.publishing import encoded
from rnnlab.store.reading import conform
from rnnlab.store.snapshots import Snapshot, snapshot
from rnnlab.store.tables import columns_of

if TYPE_CHECKING:
    import pyarrow as pa

BUDGET = 64 << 20  # bytes of rows in memory that one merged file may come from
SMALL = BUDGET // 4
_CELL = 8  # bytes, about


@dataclass(frozen=True, slots=True)
class _Family:
    """The tables of one measure; the files of one block have one first part of the name in all of them."""

    place: Layout
    measure: str
    names: dict[str, dict[str, FileName]]  # table -> first part -> name

    def paths(self, table: str, blocks: Iterable[str]) -> list[Path]:
        found = (self.names[table].get(block) for block in blocks)
        return [self.place.table(table) / str(name) for name in found if name is not None]


def compact(place: Layout) -> None:
    """Merge the small files of every table. Call under the lock.

    Raises DamagedFile where a file is not what its name vouches for: nothing is built on damaged rows.
    """
    for family in _families(place, snapshot(place)):
        with explained(place.table(family.measure), "compact the table"):
            for blocks in _groups(family):
                _merge(family, blocks)


def _families(place: Layout, current: Snapshot) -> Iterator[_Family]:
    for measure in current.tables:
        if measure == owner(measure) and measure != "failures":
            tables = [table for table in current.tables if owner(table) == measure]
            if all(map(_known, tables)):
                names = {table: {name.trials: name for name in current.tables[table]} for table in tables}
                yield _Family(place, measure, names)


def _known(table: str) -> bool:
    try:
        return bool(columns_of(table))
    except UsageError:
        return False


def _groups(family: _Family) -> Iterator[list[str]]:
    """Yield the blocks that one file may hold together."""
    group: list[str] = []
    total = 0
    for block in sorted(family.names[family.measure]):
        weight = sum(_weight(table, path) for table in family.names for path in family.paths(table, [block]))
        if weight > SMALL:
            continue
        if total + weight > BUDGET:
            yield from [group] if len(group) > 1 else []
            group, total = [], 0
        group.append(block)
        total += weight
    if len(group) > 1:
        yield group


def _weight(table: str, path: Path) -> int:
    rows, names = parquet.shape(path)
    if not {column.name for column in columns_of(table)}.issuperset(names):
        return SMALL + 1  # a newer rnnlab wrote columns that this one would drop
    return rows * len(names) * _CELL


def _merge(family: _Family, blocks: list[str]) -> None:
    paths = {table: family.paths(table, blocks) for table in family.names}
    new = encoded({table: _rows(table, old) for table, old in paths.items() if old}, family.measure)
    journal.exchange(family.place, new, [f"{table}/{path.name}" for table, old in paths.items() for path in old])


def _rows(table: str, paths: list[Path]) -> pa.Table:
    import pyarrow as pa

    pinned = schema(columns_of(table))
    return ordered(pa.concat_tables([conform(parquet.read(path, verify=True), pinned) for path in paths]))
