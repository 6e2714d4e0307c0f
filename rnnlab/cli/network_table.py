"""What `show` prints of a network of the user's own: every statistic with its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnnlab.cli import output

if TYPE_CHECKING:
    from rnnlab.api import OwnResults

_SHOWN = ("activation", "loss", "loss_at", "dtype", "width", "length", "batch", "inputs", "outputs")


def statistics_of(results: OwnResults, measure: str | None = None) -> dict[str, dict[str, Any]]:
    """Return the values of each measure's per-trial table, or of one measure's, by measure and column."""
    from rnnlab.measures import registry

    tables = {}
    for name in [measure] if measure else results.measured:
        own = results.statistics(name)
        tables[name] = output.records(own[[column.name for column in registry()[name].TABLES[name]]])[0]
    return tables


def print_network(results: OwnResults, measure: str | None = None) -> None:
    """Print the network and its statistics to stdout."""
    from rich.table import Table

    network = results.manifest["experiment"]["network"]
    files = ", ".join(f"{each['file']} (sha256 {each['sha256'][:12]})" for each in network["files"].values())
    parts: list[tuple[Any, str]] = [(f"{results.name}: {files}", "bold")]
    parts.append((", ".join(f"{name} {network[name]}" for name in _SHOWN), "dim"))
    for name, statistics in statistics_of(results, measure).items():
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, show_edge=False)
        for column, value in statistics.items():
            table.add_row(column, _text(value))
        parts += [("", ""), (name, "italic"), (table, "")]
    output.print_rich(*parts)


def _text(value: Any) -> str:
    if value is None or value != value:
        return "null"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
