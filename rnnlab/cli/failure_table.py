"""The trials that failed, in the terminal: a row for each and measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

from rnnlab.cli import output
from rnnlab.errors import typed

if TYPE_CHECKING:
    import pandas as pd

    from rnnlab.api import Results

_SHOWN = 50


def failures_of(results: Results, where: Mapping[str, Any], measure: str | None) -> pd.DataFrame:
    """Return key, measure, the parameters that vary, message and traceback of the trials that failed."""
    columns = ["key", "measure", *_axes(results), "message", "traceback"]
    return results.table("failures", columns, {**where, **({"measure": measure} if measure else {})})


def print_failures(name: str, failures: pd.DataFrame) -> None:
    """Print what failed to stdout, the first fifty; a key by its beginning."""
    if failures.empty:
        output.print_rich((f"{name}: no trial failed", ""))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    shown = [column for column in failures if column != "traceback"]
    for column in shown:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in failures[shown].head(_SHOWN).itertuples(index=False):
        table.add_row(*(_text(column, value) for column, value in zip(shown, row, strict=True)))
    heading = f"{name}: {output.plural(failures['key'].nunique(), 'trial')} failed"
    more = len(failures) - _SHOWN
    left = [("", ""), (f"{more:,} more: --json has all, --where KEY=VALUE picks some", "dim")] if more > 0 else []
    output.print_rich((heading, "bold"), ("", ""), (table, ""), *left)


def again(name: str, store: str, failed: int) -> str:
    """Return how failed trials are tried again."""
    if not failed:
        return "Trials that fail are listed here."
    command = typed("run", name, store=store)
    return (
        f"The next run tries them again: {command}, with the options of the last one. --retries N gives each more "
        "attempts, --timeout SECONDS ends those that hang; `rnnlab extract` writes the arrays of one."
    )


def _axes(results: Results) -> list[str]:
    """Return the columns of the parameters that vary in the grid."""
    from rnnlab import experiment, grid
    from rnnlab.trial import parameters

    axes = grid.axes(experiment.recorded(results.manifest["experiment"], "manifest.json"))
    return [parameters()[name].column.name for name in axes]


def _text(column: str, value: Any) -> str:
    if column == "key":
        return str(value)[:8]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
