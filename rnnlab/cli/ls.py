"""`rnnlab ls`: the experiments of a store."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rnnlab.cli import options

if TYPE_CHECKING:
    from rnnlab.api import Entry


@click.command("ls")
@options.shared(options.store, options.as_json)
def command(store: str, as_json: bool, quiet: bool) -> None:
    """List the experiments of the store.

    With their trials, measures, last run, size on the disk, and status: complete, how many trials failed, running,
    interrupted (a run was ended before it was finished; the same command goes on), damaged.
    """
    from rnnlab import api
    from rnnlab.cli import output
    from rnnlab.errors import typed

    entries = api.listing(store)
    if as_json:
        output.print_json([asdict(entry) for entry in entries])
    elif entries:
        _print(entries)
    else:
        output.message(
            f"{store} has no experiments yet. Run one: {typed('run', 'quickstart', store=store)}", quiet=quiet
        )


def _print(entries: list[Entry]) -> None:
    from rich.table import Table

    from rnnlab.cli.output import print_rich, size

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for name in ("experiment", "trials", "measures", "last run (UTC)", "size", "status"):
        table.add_column(name, justify="right" if name in ("trials", "size") else "left")
    for entry in entries:
        trials = "" if entry.trials is None else f"{entry.trials:,}"
        when = (entry.last_run or "")[:16].replace("T", " ")
        table.add_row(entry.name, trials, ", ".join(entry.measures), when, size(entry.bytes), entry.status)
    print_rich((table, ""))
