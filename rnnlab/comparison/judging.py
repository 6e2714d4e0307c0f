"""Whether a second run reproduces the first: in every bit on the same machine and versions, else by a test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from rnnlab import store as stores
from rnnlab.columns import Column
from rnnlab.comparison.aligning import Pair, Side, paired, values
from rnnlab.comparison.deviations import Deviation, deviation, differs
from rnnlab.comparison.features import Points, points, statistics
from rnnlab.comparison.signs import Flips, p_values, smallest_p

VERDICTS = ("identical", "equal but for rounding", "agrees", "too few seeds to tell", "differs")  # from good to bad


@dataclass(frozen=True, slots=True)
class ColumnVerdict:
    """What became of one column; seeds, p and p_corrected are null where nothing had to be tested."""

    verdict: str
    deviation: Deviation
    seeds: int | None = None
    p: float | None = None
    p_corrected: float | None = None


@dataclass(frozen=True, slots=True)
class TableVerdict:
    """What became of one table: the worst of its columns, or `differs` where a row is on one side alone."""

    table: str
    verdict: str
    rows: int
    same: int  #: of these, rows of trials that both runs computed with one environment
    missing: int  #: rows that the second run has not got
    new: int  #: rows that only the second run has
    columns: tuple[ColumnVerdict, ...]


@dataclass(frozen=True, eq=False)
class _Column:
    """A column on trial."""

    deviation: Deviation
    verdict: str
    tests: list[tuple[np.ndarray, int]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Table:
    """A table on trial; the numbers are those of its verdict."""

    table: str
    rows: int
    same: int
    missing: int
    new: int
    columns: list[_Column]


def worst(verdicts: Iterable[str]) -> str:
    """Return the worst of these verdicts, `identical` where there are none."""
    return max(verdicts, key=VERDICTS.index, default=VERDICTS[0])


def judged(a: Side, b: Side, keys: list[str], level: float) -> tuple[TableVerdict, ...]:
    """Return what became of every table of a, for these of its trials, in the second run b; tests are of this level."""
    grid = points(a.trials.set_index("key").loc[keys].reset_index())
    flips = Flips.of(grid.seeds)
    cases = [
        case
        for table in a.tables
        if table == stores.owner(table)
        for case in _of_measure(a, b, table, keys, grid, flips)
    ]
    verdicts = _verdicts([column for case in cases for column in case.columns], level)
    return tuple(_table(case, list(islice(verdicts, len(case.columns)))) for case in cases)


def _of_measure(a: Side, b: Side, measure: str, keys: list[str], grid: Points, flips: Flips) -> Iterator[_Table]:
    """Yield the tables of a measure, for the trials that a has measured."""
    there = set(a.read(measure, ["key"], keys)["key"].to_pylist())
    chosen = np.array([i for i, key in enumerate(keys) if key in there], np.int64)
    mine, own = [keys[i] for i in chosen], grid.of(chosen)
    same = np.zeros(len(mine), bool)
    for table in (table for table in a.tables if stores.owner(table) == measure):
        pair = paired(a, b, table, mine)
        if table == measure:
            same[pair.trial] = ~differs(pair.a["environment"], pair.b["environment"])
        columns = [_column(pair, column, same, own, flips) for column in values(table)]
        yield _Table(table, pair.rows, int(same[pair.trial].sum()), pair.only_a, pair.only_b, columns)


def _column(pair: Pair, column: Column, same: np.ndarray, grid: Points, flips: Flips) -> _Column:
    found = deviation(pair, column.name)
    rows = np.flatnonzero(differs(pair.a[column.name], pair.b[column.name])) if found.different else np.zeros(0, int)
    if not len(rows):
        return _Column(found, "identical")
    if same[pair.trial[rows]].any():
        return _Column(found, "differs")
    tests = list(statistics(pair, column, rows, grid, flips))
    return _Column(found, "tested" if tests else "equal but for rounding", tests)


def _verdicts(cases: list[_Column], level: float) -> Iterator[ColumnVerdict]:
    """Yield the verdict on each; all tests of all tables are corrected together."""
    tests = [statistic for case in cases for statistic, _ in case.tests]
    p, corrected = p_values(tests) if tests else (np.zeros(0), np.zeros(0))
    first = 0
    for case in cases:
        here = slice(first, first + len(case.tests))
        first = here.stop
        plain = ColumnVerdict(case.verdict, case.deviation)
        yield _tested(plain, [n for _, n in case.tests], p[here], corrected[here], level) if case.tests else plain


def _tested(
    plain: ColumnVerdict, seeds: list[int], p: np.ndarray, corrected: np.ndarray, level: float
) -> ColumnVerdict:
    least = int(np.lexsort((p, corrected))[0])
    few = smallest_p(max(seeds)) > level
    verdict = "differs" if corrected[least] <= level else "too few seeds to tell" if few else "agrees"
    return replace(plain, verdict=verdict, seeds=seeds[least], p=float(p[least]), p_corrected=float(corrected[least]))


def _table(case: _Table, columns: list[ColumnVerdict]) -> TableVerdict:
    verdict = "differs" if case.missing or case.new else worst(column.verdict for column in columns)
    return TableVerdict(case.table, verdict, case.rows, case.same, case.missing, case.new, tuple(columns))
