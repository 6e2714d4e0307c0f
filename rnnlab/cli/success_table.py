"""The success rates of training in the terminal: a row per condition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.table import Table

from rnnlab import analysis
from rnnlab.cli import output
from rnnlab.cli.points import fitted, number
from rnnlab.cli.statistics_table import left_out, points_of, rows_to_print

_WIDE = 10_000


@dataclass(frozen=True)
class Successes:
    """The success rates of an experiment, ready to be laid out."""

    points: list[str]  # what makes a condition: the axes, that whose values stand next to one another last
    table: pd.DataFrame  # of analysis.success_rates


def successes_of(trials: pd.DataFrame, axis: str | None = None) -> Successes:
    """Return what `show` prints of the trials of the measure training."""
    points = points_of(trials, axis)
    return Successes(points, analysis.success_rates(trials, by=points))


def print_successes(title: str, successes: Successes, *, everything: bool = False) -> None:
    """Print the table to stdout: as many rows as one reads, or all."""
    rows = rows_to_print(successes.table, successes.points, everything)
    width = _WIDE if everything else output.console().width
    parts: list[tuple[Any, str]] = [(title, "bold"), ("", ""), (_table(successes.points, rows, width), ""), ("", "")]
    parts += [(line, "dim") for line in _legend(rows, len(successes.table))]
    output.print_rich(*parts, width=width)


def _table(points: list[str], rows: pd.DataFrame, width: int) -> Table:
    diverged = bool((rows["diverged"] > 0).any())
    headers = ["success", "rate", "95 % interval", "updates", "test loss", *(["diverged"] if diverged else [])]
    cells = [[*_cells(row), *([_share(row["diverged"])] if diverged else [])] for row in output.records(rows)]
    return fitted(points, rows, headers, cells, width)


def _cells(row: dict[str, Any]) -> list[str]:
    if row["n"] == 0:
        return ["not run", "", "", "", ""]
    interval = f"{100 * row['low']:.0f} to {100 * row['high']:.0f} %"
    updates = "never" if math.isnan(row["median_updates"]) else f"{row['median_updates']:,.0f}"
    rate = f"{100 * row['rate']:.3g} %"
    return [f"{row['successes']} of {row['n']}", rate, interval, updates, number(row["test_loss_over_baseline"])]


def _share(share: float) -> str:
    return f"{100 * share:.3g} %" if share > 0 else ""


def _legend(rows: pd.DataFrame, total: int) -> Iterator[str]:
    yield "success: networks that solve the task, of those trained; the interval is Wilson's"
    yield "updates: to success, the median; never: half or more of the networks do not succeed"
    yield "test loss: the last one over that of the best predictor without memory, the median"
    yield from left_out(len(rows), total)
