"""The verdict table in the terminal: rows are activations, columns the values of the axis that matters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.table import Table
from rich.text import Text

from rnnlab import analysis
from rnnlab.cli import output

_LETTERS = {"vanishes": "v", "stable": "s", "explodes": "e", "diverged": "d"}
_SAID = {"vanishes": "vanish", "stable": "are stable", "explodes": "explode", "diverged": "diverged"}
_STYLES = {"vanishes": "blue", "stable": "green", "explodes": "red", "diverged": "magenta"}
_MAX_ROW_VALUES = 12
_MOST_TABLES = 12
_WIDE = 10_000
_CELL, _TURN = 12, 17  # characters, with the space between columns


@dataclass(frozen=True)
class Verdicts:
    """The verdicts of an experiment, ready to be laid out."""

    axis: str | None
    beside: str | None  # the axis whose values are rows, beside activation
    apart: list[str]  # the axes that split the tables
    table: pd.DataFrame
    turns: pd.DataFrame | None


def verdicts_of(trials: pd.DataFrame, axis: str | None = None) -> Verdicts:
    """Return what `show` prints; `axis` (default: the one that matters) gives the columns."""
    axis = analysis.checked_axis(trials, axis)
    beside = analysis.companion(trials, axis, _MAX_ROW_VALUES)
    turns = analysis.turning_points(trials, axis) if analysis.can_turn(axis) else None
    return Verdicts(axis, beside, analysis.apart(trials, axis, beside), analysis.verdicts(trials, axis), turns)


def print_verdicts(title: str, verdicts: Verdicts, *, everything: bool = False) -> None:
    """Print all tables to stdout: what fits its width, or everything."""
    width = _WIDE if everything else output.console().width
    values = columns_that_fit(verdicts, width)
    groups = list(tables(verdicts, values))
    shown = groups if everything else groups[:_MOST_TABLES]
    parts: list[tuple[Any, str]] = [(title, "bold")]
    for heading, table in shown:
        parts += [("", ""), (heading, "italic"), (table, "")]
    parts.append(("", ""))
    rows = verdicts.table
    rows = rows[rows[verdicts.axis].isin(values)] if verdicts.axis else rows
    lines = (*_legend(verdicts, rows), *_left_out(verdicts, values, len(groups) - len(shown)))
    parts += [(line, "dim") for line in lines]
    output.print_rich(*parts, width=width)


def columns_that_fit(verdicts: Verdicts, width: int) -> list[Any]:
    """Return the values of the axis to show: evenly spaced, of those that every row has where there are enough."""
    if verdicts.axis is None:
        return [None]
    rows = [set(row[verdicts.axis]) for _, row in verdicts.table.groupby(_row_names(verdicts))]
    everywhere, anywhere = sorted(set.intersection(*rows)), sorted(set.union(*rows))
    names = len(max(["activation", *_beside(verdicts, verdicts.table)], key=len)) + 1
    taken = names + (_TURN if verdicts.turns is not None else 0)
    most = max(2, (width - taken) // _CELL)
    return analysis.spaced(everywhere if len(everywhere) >= min(most, len(anywhere)) // 2 + 1 else anywhere, most)


def tables(verdicts: Verdicts, values: Sequence[Any]) -> Iterator[tuple[str, Table]]:
    """Yield a heading and a table for each point of the axes that stand apart."""
    groups = verdicts.table.groupby(verdicts.apart) if verdicts.apart else [((), verdicts.table)]
    for point, rows in groups:
        labels = dict(zip(verdicts.apart, point, strict=True))
        yield _heading(verdicts, labels, rows), _table(verdicts, rows, values)


def _legend(verdicts: Verdicts, rows: pd.DataFrame) -> Iterator[str]:
    """Explain what occurs in these rows, and nothing else."""
    mixed = rows[(rows[list(_LETTERS)] > 0).sum(axis=1) > 1]
    if not mixed.empty:
        words = ", ".join(f"{letter} {_SAID[name]}" for name, letter in _LETTERS.items() if (mixed[name] > 0).any())
        yield f"shares of the seeds in percent: {words}"
    interval = " ± half its 95 % interval over seeds" if rows["growth_rate_low"].notna().any() else ""
    if rows["growth_rate"].notna().any():
        yield f"below: mean growth rate in nats/step{interval}"
    if (rows["growth_rate"].isna() & (rows["missing"] < rows["seeds"])).any():
        yield "no rate: every seed diverged, or has a gradient that is exactly zero"
    yield from _legend_of_turns(verdicts)


def _legend_of_turns(verdicts: Verdicts) -> Iterator[str]:
    if verdicts.turns is None:
        return
    interval = ", with its 95 % interval" if verdicts.turns["turning_point_low"].notna().any() else ""
    yield f"turns at: {_words(verdicts.axis)} where that mean crosses zero{interval}"
    if (verdicts.turns["side"] == "unclear").any():
        yield "unclear: too few values with a growth rate to say where it turns"


def _left_out(verdicts: Verdicts, values: Sequence[Any], tables_left_out: int) -> Iterator[str]:
    count = verdicts.table[verdicts.axis].nunique() if verdicts.axis else 1
    if len(values) < count:
        yield f"{len(values)} of {count} values of {_words(verdicts.axis)} are shown; --all shows all, --json too"
    if tables_left_out > 0:
        yield f"{tables_left_out} more tables: --all shows them, --where KEY=VALUE picks some"


def _row_names(verdicts: Verdicts) -> list[str]:
    return [*verdicts.apart, "activation", *([verdicts.beside] if verdicts.beside else [])]


def _heading(verdicts: Verdicts, labels: dict[str, Any], rows: pd.DataFrame) -> str:
    low, high = rows["seeds"].min(), rows["seeds"].max()
    seeds = output.plural(high, "seed") if low == high else f"{low} to {high} seeds"
    words = ", ".join([*(f"{_words(name)} {_number(value)}" for name, value in labels.items()), seeds])
    return f"{words}; columns: {_words(verdicts.axis)}" if verdicts.axis else words


def _table(verdicts: Verdicts, rows: pd.DataFrame, values: Sequence[Any]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    turns = [] if verdicts.turns is None else ["turns at"]
    for header in ("activation", *(map(_number, values) if verdicts.axis else [""]), *turns):
        table.add_column(header, no_wrap=True)
    names = ["activation", *([verdicts.beside] if verdicts.beside else [])]
    activations = analysis.in_order(rows["activation"])
    for point, row in sorted(rows.groupby(names), key=lambda group: (activations.index(group[0][0]), group[0])):
        cells = [_cell(row if value is None else row[row[verdicts.axis] == value]) for value in values]
        name = Text(point[0]).append("".join(f"\n{each}" for each in _beside(verdicts, row)), style="dim")
        table.add_row(name, *cells, *_turn(verdicts, row))
    return table


def _beside(verdicts: Verdicts, rows: pd.DataFrame) -> list[str]:
    """Return "input scale 1" and its like, for the values in these rows."""
    name = verdicts.beside
    return [f"{_words(name)} {_number(value)}" for value in rows[name].unique()] if name else []


def _cell(row: pd.DataFrame) -> Text:
    if row.empty or row["missing"].iloc[0] == row["seeds"].iloc[0]:
        return Text("·" if row.empty else "not run", style="dim")
    point = row.iloc[0]
    shares = {name: point[name] for name in _LETTERS if point[name] > 0}
    main = max(shares, key=lambda name: shares[name])
    text = main if len(shares) == 1 else " ".join(f"{_LETTERS[n]}{_percent(share)}" for n, share in shares.items())
    half = (point["growth_rate_high"] - point["growth_rate_low"]) / 2
    return Text.assemble((text, _STYLES[main]), "\n", _rate(point["growth_rate"], half))


def _percent(share: float) -> int:
    """Return a share in percent, never 0 and never 100 where it is not exactly that."""
    return min(99, max(1, round(100 * share))) if 0 < share < 1 else round(100 * share)


def _rate(rate: float, half: float) -> str:
    if math.isnan(rate):
        return "no rate"
    digits = 3 if math.isnan(half) or half == 0 else min(3, max(2, math.ceil(-math.log10(half))))
    return f"{rate:+.{digits}f}" if math.isnan(half) else f"{rate:+.{digits}f}±{half:.{digits}f}".replace("±0.", "±.")


def _turn(verdicts: Verdicts, row: pd.DataFrame) -> list[str]:
    if verdicts.turns is None:
        return []
    names = _row_names(verdicts)
    turn = verdicts.turns.merge(row[names].drop_duplicates(), on=names).iloc[0]
    if turn["side"] == "crosses":
        ends = [turn["turning_point_low"], turn["turning_point_high"]]
        interval = "" if math.isnan(ends[0]) else f"\n[{', '.join(map(_precise, ends))}]"
        return [f"{_precise(turn['turning_point'])}{interval}"]
    points = row[verdicts.axis][row["growth_rate"].notna() & (row[verdicts.axis] > 0)]
    beyond = {"above": f"above {_number(points.max())}", "below": f"below {_number(points.min())}"}
    return [beyond.get(turn["side"], "unclear")]


def _precise(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "∞"


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _words(name: str | None) -> str:
    return (name or "").replace("_", " ")
