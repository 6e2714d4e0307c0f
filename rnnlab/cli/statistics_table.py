"""The statistics of one measure in the terminal: a row per grid point, means over seeds with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.table import Table

from rnnlab import analysis, measures
from rnnlab.cli import output
from rnnlab.cli.points import fitted
from rnnlab.errors import UsageError, did_you_mean

_MOST_ROWS = 60
_WIDE = 10_000
_LONG = 16  # letters of a header
_CENSORED = "_censored"  # ends the name of the column that says: not reached within T


@dataclass(frozen=True)
class Statistics:
    """The statistics of a measure, ready to be laid out."""

    measure: str
    points: list[str]  # what makes a grid point: the axes, that whose values stand next to one another last
    columns: tuple[str, ...]
    table: pd.DataFrame  # of analysis.summary


def statistics_of(
    trials: pd.DataFrame, measure: str, columns: Sequence[str] = (), axis: str | None = None
) -> Statistics:
    """Return what `show` prints of the columns (default: those that tell most) of a measure's own trials."""
    points = points_of(trials, axis)
    shown = tuple(_checked(measure, name) for name in columns) or tuple(_filled(trials, measure))
    return Statistics(measure, points, shown, analysis.summary(trials, by=points, columns=shown))


def points_of(trials: pd.DataFrame, axis: str | None) -> list[str]:
    """Return the axes that make the rows: activation first, `axis` (default: the one that matters) last."""
    axis = analysis.checked_axis(trials, axis)
    points = [*analysis.other_axes(trials, axis), *([axis] if axis else [])]
    return [name for name in ("activation",) if name in analysis.axes(trials)] + points


def _filled(trials: pd.DataFrame, measure: str) -> Sequence[str]:
    """Return the columns that tell most, but for those that are null in every trial because nobody asked for them."""
    main = analysis.main_columns(measure)
    filled = [name for name in main if trials[name].notna().any() or f"{name}{_CENSORED}" in trials]
    return filled or main


def _checked(measure: str, name: str) -> str:
    own = [
        column.name for column in measures.registry()[measure].TABLES[measure] if column.dtype in ("float64", "int64")
    ]
    if name not in own:
        raise UsageError(f"{name} is no number that {measure} measures.{did_you_mean(name, own)}")
    return name


def print_statistics(title: str, statistics: Statistics, *, everything: bool = False) -> None:
    """Print the table to stdout: as many rows as one reads, or all."""
    rows = rows_to_print(statistics.table, statistics.points, everything)
    width = _WIDE if everything else output.console().width
    low, high = rows["seeds"].min(), rows["seeds"].max()
    seeds = output.plural(high, "seed") if low == high else f"{low} to {high} seeds"
    parts: list[tuple[Any, str]] = [(title, "bold"), ("", ""), (f"{statistics.measure}, {seeds}", "italic")]
    parts += [(_table(statistics, rows, width), ""), ("", "")]
    parts += [(line, "dim") for line in _legend(statistics, rows)]
    output.print_rich(*parts, width=width)


def _table(statistics: Statistics, rows: pd.DataFrame, width: int) -> Table:
    diverged = bool((rows["diverged"] > 0).any())
    headers = [*map(_header, statistics.columns), *(["diverged"] if diverged else [])]
    cells = [
        [*(_cell(row, name) for name in statistics.columns), *([_share(row["diverged"])] if diverged else [])]
        for row in output.records(rows)
    ]
    return fitted(statistics.points, rows, headers, cells, width)


def _share(share: float) -> str:
    return f"{100 * share:.3g} %" if share > 0 else ""


def _header(name: str) -> str:
    """Return the name of a column, in two lines where it is long."""
    at = name.rfind("_", 0, _LONG)
    return name if len(name) <= _LONG or at < 0 else f"{name[: at + 1]}\n{name[at + 1 :]}"


def rows_to_print(rows: pd.DataFrame, points: list[str], everything: bool) -> pd.DataFrame:
    """Return the rows to print: fewer values of the last axis, evenly spaced, and the first of what is left."""
    if everything or len(rows) <= _MOST_ROWS or not points:
        return rows
    axis = points[-1]
    values = sorted(rows[axis].unique())
    most = max(2, _MOST_ROWS * len(values) // len(rows))
    return rows[rows[axis].isin(analysis.spaced(values, most))].head(_MOST_ROWS)


def _cell(row: dict[str, Any], name: str) -> str:
    """Return "-0.12±.03", with the number of seeds that have it where not all of them do."""
    count = row[f"{name}_count"]
    if count == 0:
        return "not run" if row["missing"] == row["seeds"] else "none"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    few = f" ({count})" if count < row["seeds"] else ""
    return f"{with_interval(row[name], (high - low) / 2)}{few}"


def with_interval(mean: float, half: float) -> str:
    """Return a mean with as many digits as half its interval leaves, and that half where it shows in four digits."""
    if math.isnan(half) or half < 1e-4 * max(1.0, abs(mean)):
        return f"{mean:.4g}"
    if half >= 1e5:
        return f"{mean:.4g}±{half:.1e}"
    digits = max(0, 1 - math.floor(math.log10(half)))
    return f"{mean:.{digits}f}±{half:.{digits}f}".replace("±0.", "±.")


def _legend(statistics: Statistics, rows: pd.DataFrame) -> Iterator[str]:
    described = {column.name: column for column in measures.registry()[statistics.measure].TABLES[statistics.measure]}
    for name in statistics.columns:
        unit = described[name].unit
        yield f"{name}: {described[name].doc}{f' ({unit})' if unit else ''}"
    if any(rows[f"{name}_low"].notna().any() for name in statistics.columns):
        yield "means over seeds ± half their 95 % interval"
    counts = [(rows[f"{name}_count"] > 0) & (rows[f"{name}_count"] < rows["seeds"]) for name in statistics.columns]
    if any(each.any() for each in counts):
        yield "(n): of so many seeds; the others diverged, are infinite or null"
    if any((rows[f"{name}_count"] == 0).any() for name in statistics.columns):
        yield "none: of every seed it is null (the columns status and reason of the table say why) or infinite"
    if any(f"{name}{_CENSORED}" in described for name in statistics.columns):
        yield "a lag that is not reached within T is null: means are of the seeds that reach it, too low if some do not"
    yield from left_out(len(rows), len(statistics.table))


def left_out(shown: int, total: int) -> Iterator[str]:
    """Say how many rows there are beside those that are shown."""
    if shown < total:
        yield f"{shown} of {total} rows are shown; --where KEY=VALUE picks some, --all shows all, --json too"
