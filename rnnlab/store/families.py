"""The tables of one measure, block by block: what is merged, rewritten and removed together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.columns import schema
from rnnlab.errors import UsageError
from rnnlab.store import journal, parquet, repeated
from rnnlab.store.layouts import FileName, Layout, owner
from rnnlab.store.order import ordered
from rnnlab.store.publishing import encoded
from rnnlab.store.reading import conform
from rnnlab.store.snapshots import Snapshot
from rnnlab.store.tables import BOOKKEEPING, columns_of

if TYPE_CHECKING:
    import pyarrow as pa

Stays = Callable[["pa.Table"], "pa.Array"]  # rows to a mask


@dataclass(frozen=True, slots=True)
class Family:
    """The tables of one measure; the files of one block have one first part of the name in all of them."""

    place: Layout
    measure: str
    names: dict[str, tuple[FileName, ...]]  # by table

    @property
    def blocks(self) -> list[str]:
        """The first parts of the names of its blocks."""
        return sorted({name.trials for name in self.names[self.measure]})

    def paths(self, table: str, blocks: Iterable[str]) -> list[Path]:
        """Return the files of a table that belong to these blocks."""
        wanted = set(blocks)
        return [self.place.table(table) / str(name) for name in self.names[table] if name.trials in wanted]

    def exchange(self, blocks: Iterable[str], stays: Stays | None = None) -> None:
        """Put one file of each table in the place of these blocks, with all of their rows or with those that stay.

        Raises DamagedFile where a file is not what its name vouches for, ComputedTwice where two of them tell
        different things of a trial: nothing is built on such rows.
        """
        paths = {table: self.paths(table, blocks) for table in self.names}
        rows = {table: self._rows(table, old, stays) for table, old in paths.items() if old}
        left = {table: each for table, each in rows.items() if each.num_rows}
        new = encoded(left, self.measure) if self.measure in left else {}
        journal.exchange(self.place, new, [f"{table}/{path.name}" for table, old in paths.items() for path in old])

    def _rows(self, table: str, paths: list[Path], stays: Stays | None) -> pa.Table:
        import pyarrow as pa

        parts = [parquet.read(path, verify=True) for path in paths]
        if stays is not None:
            parts = [part.filter(stays(part)) for part in parts]
        if table not in BOOKKEEPING and len(parts) > 1:
            parts = _each_once(table, paths, parts)
        pinned = schema(columns_of(table))
        return ordered(pa.concat_tables([conform(part, pinned) for part in parts]))


def families(place: Layout, current: Snapshot) -> Iterator[Family]:
    """Yield the measures that have files, and the timings, as far as this rnnlab knows all their tables."""
    for measure in current.tables:
        if measure == owner(measure) and measure != "failures":
            tables = [table for table in current.tables if owner(table) == measure]
            if all(map(known, tables)):
                yield Family(place, measure, {table: current.tables[table] for table in tables})


def known(table: str) -> bool:
    """Say whether this rnnlab knows the columns of a table."""
    try:
        return bool(columns_of(table))
    except UsageError:
        return False


def _each_once(table: str, paths: list[Path], parts: list[pa.Table]) -> list[pa.Table]:
    pairs = repeated.repeats([repeated.marks(table, part) for part in parts])
    for (first, other), shared in pairs.items():
        repeated.refuse(paths[first], paths[other], shared, (parts[first], parts[other]))
        parts[other] = repeated.without(parts[other], shared)
    return parts
