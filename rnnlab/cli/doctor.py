"""`rnnlab doctor`: what of this machine hinders runs, and how it is mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rnnlab.cli import options

if TYPE_CHECKING:
    from rnnlab.doctor import Finding

PROBLEM = 3  # exit code
_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Remove the compiled kernels of other versions.")
@options.shared(options.store, options.as_json)
def command(fix: bool, store: str, as_json: bool, quiet: bool) -> None:
    """Look at this machine and the store, and say what hinders runs and how to mend it.

    Python and packages, processors and threads, BLAS, the cache of kernels, room on disks and in memory, arithmetic,
    what killed runs left. Nothing is written but files of no length, which are gone at once. Exit code 3 where
    something is a problem; a warning is none.
    """
    from rnnlab import doctor
    from rnnlab.cli import output

    if fix:
        for folder in doctor.remove_stale():
            output.message(f"removed {folder}", quiet=quiet)
    found = list(doctor.examine(store))
    if as_json:
        output.print_json([asdict(each) for each in found])
    else:
        _print(found)
    problems, warnings = (sum(each.level == level for each in found) for level in ("problem", "warning"))
    told = [output.plural(count, noun) for count, noun in ((problems, "problem"), (warnings, "warning")) if count]
    output.message(f"{' and '.join(told) or 'Nothing hinders runs here'}.", quiet=quiet)
    if problems:
        raise click.exceptions.Exit(PROBLEM)


def _print(found: Sequence[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from rnnlab.cli.output import print_rich

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, show_edge=False)
    for each in found:
        table.add_row(Text(each.level, _STYLES[each.level]), each.name, each.message)
        if each.remedy:
            table.add_row("", "", Text(f"→ {each.remedy}", "bold"))
    print_rich((table, ""))
