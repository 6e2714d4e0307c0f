"""The experiments that can be run by their bare names, as `rnnlab run` lists them."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from rnnlab.cli import options

if TYPE_CHECKING:
    from rnnlab.api import Available


def listed(store: str, *, as_json: bool, quiet: bool) -> None:
    """Print what there is to run: to stdout, what to type next to stderr."""
    from rnnlab import api
    from rnnlab.cli import output

    found = api.available(store)
    if as_json:
        output.print_json([asdict(each) for each in found])
    elif found:
        _print(found)
    if not found:
        output.message("There are no experiments here yet. Write one: rnnlab new NAME", quiet=quiet)
        return
    place = "".join(f" {shlex.quote(part)}" for part in options.store_flag(store))
    output.message(f"Run one: rnnlab run NAME{place}   Write your own: rnnlab new NAME", quiet=quiet)


def _print(found: list[Available]) -> None:
    from rich.table import Table
    from rich.text import Text

    from rnnlab.cli.output import print_rich

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for name in ("experiment", "trials", "status", "title"):
        table.add_column(name, justify="right" if name == "trials" else "left", no_wrap=name == "experiment")
    for each in found:
        trials = "" if each.trials is None else f"{each.trials:,}"
        bad = each.trials is None
        title = f"see: rnnlab plan {each.name}" if bad else each.title
        status = Text(each.status, "red" if bad else "dim" if each.status == "not run" else "")
        table.add_row(each.name, trials, status, title)
    print_rich((table, ""))
