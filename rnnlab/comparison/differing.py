"""Everything that distinguishes two experiments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from rnnlab.comparison.aligning import Pair, Side, paired, values
from rnnlab.comparison.deviations import Deviation, deviation, joined
from rnnlab.comparison.records import Changes, changes

_ROWS = 4_000_000  # of a table held at a time, of either side


@dataclass(frozen=True, slots=True)
class Shared:
    """How many trials only one of two grids has, and how many both."""

    only_a: int
    only_b: int
    both: int


@dataclass(frozen=True, slots=True)
class TableDifference:
    """One table of both: rows that only one of them has for the trials of both, and every column beside the other."""

    table: str
    rows: int
    only_a: int
    only_b: int
    columns: tuple[Deviation, ...]

    @property
    def differs(self) -> bool:
        """Say whether a row is on one side alone or a value is not the same in every bit."""
        return bool(self.only_a or self.only_b) or any(column.different for column in self.columns)


@dataclass(frozen=True, slots=True)
class Difference:
    """What distinguishes experiment b from a; `tables` are those that both have."""

    a: str
    b: str
    changes: Changes
    trials: Shared
    tables_only_a: tuple[str, ...]
    tables_only_b: tuple[str, ...]
    tables: tuple[TableDifference, ...]

    @property
    def differs(self) -> bool:
        """Say whether a number of a trial that both have differs, or is there on one side alone."""
        return any(table.differs for table in self.tables)


def difference(a: Side, b: Side) -> Difference:
    """Return what distinguishes b from a."""
    keys, shared = matched(a.trials["key"], b.trials["key"])
    tables = [table for table in a.tables if table in b.tables]
    return Difference(
        str(a.place.root), str(b.place.root), changes(a.manifest, b.manifest), shared,
        tuple(table for table in a.tables if table not in tables),
        tuple(table for table in b.tables if table not in tables),
        tuple(_table(a, b, table, keys) for table in tables),
    )  # fmt: skip


def matched(a: Iterable[str], b: Iterable[str]) -> tuple[list[str], Shared]:
    """Return the keys that both have, in the order of a, and how many there are on either side."""
    keys_a, there = list(a), set(b)
    both = [key for key in keys_a if key in there]
    return both, Shared(len(keys_a) - len(both), len(there) - len(both), len(both))


def _table(a: Side, b: Side, table: str, keys: list[str]) -> TableDifference:
    size = max(1, _ROWS * len(keys) // max(a.rows(table), b.rows(table), 1))
    parts = (keys[first : first + size] for first in range(0, max(len(keys), 1), size))
    return reduce(_joined, (_part(paired(a, b, table, part)) for part in parts))


def _part(pair: Pair) -> TableDifference:
    columns = tuple(deviation(pair, column.name) for column in values(pair.table))
    return TableDifference(pair.table, pair.rows, pair.only_a, pair.only_b, columns)


def _joined(first: TableDifference, second: TableDifference) -> TableDifference:
    return TableDifference(
        first.table,
        first.rows + second.rows,
        first.only_a + second.only_a,
        first.only_b + second.only_b,
        tuple(map(joined, first.columns, second.columns)),
    )
