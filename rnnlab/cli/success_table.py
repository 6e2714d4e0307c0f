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
from rnnlab.cli.statistics_table import fresh, points_of, rows_to_print

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
    parts: list[tuple[Any, str]] = [(title, "bold"), ("", ""), (_table(successes.points, rows), ""), ("", "")]
    parts += [(line, "dim") for line in _legend(rows, len(successes.table))]
    output.print_rich(*parts, width=_WIDE if everything else None)


def _table(points: list[str], rows: pd.DataFrame) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    diverged = bool((rows["diverged"] > 0).any())
    names = [name.replace("_", " ") for name in points]
    for header in [*names, "success", "rate", "95 % interval", "updates", "test loss"]:
        table.add_column(header)
    if diverged:
        table.add_column("diverged")
    before: list[str] = []
    for row in output.records(rows):
        own = [_number(row[name]) for name in points]
        table.add_row(*fresh(own, before), *_cells(row), *([_share(row["diverged"])] if diverged else []))
        before = own
    return table


def _cells(row: dict[str, Any]) -> list[str]:
    if row["n"] == 0:
        return ["not run", "", "", "", ""]
    interval = f"{100 * row['low']:.0f} to {100 * row['high']:.0f} %"
    updates = "never" if math.isnan(row["median_updates"]) else f"{row['median_updates']:,.0f}"
    rate = f"{100 * row['rate']:.3g} %"
    return [f"{row['successes']} of {row['n']}", rate, interval, updates, _number(row["test_loss_over_baseline"])]


def _share(share: float) -> str:
    return f"{100 * share:.3g} %" if share > 0 else ""


def _legend(rows: pd.DataFrame, total: int) -> Iterator[str]:
    yield "success: networks that solve the task, of those trained; the interval is Wilson's"
    yield "updates: to success, the median; never: half or more of the networks do not succeed"
    yield "test loss: the last one over that of the best predictor without memory, the median"
    if len(rows) < total:
        yield f"{len(rows)} of {total} rows are shown; --all shows all, --json too"


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
