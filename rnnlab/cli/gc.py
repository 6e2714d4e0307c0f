"""`rnnlab gc NAME...`: what no longer counts, removed."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rnnlab.cli import options

if TYPE_CHECKING:
    from rnnlab.runner import Collected


@click.command("gc")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@click.option("-y", "--yes", is_flag=True, help="Remove it without asking.")
@options.shared(options.store, options.wait, options.as_json)
def command(
    names: tuple[str, ...], dry_run: bool, yes: bool, store: str, wait: bool, as_json: bool, quiet: bool
) -> None:
    """Remove what no longer counts of experiments NAME.

    Rows of trials, settings and versions that the manifest's grid does not name, files that were set aside as damaged,
    and what killed runs left. A row of the manifest's grid is never removed.
    """
    from rnnlab import api
    from rnnlab.cli import output

    found = [api.gc(name, store, dry_run=True) for name in names]
    going = [each for each in found if not each.nothing]
    for each in found if not as_json else ():
        _print(each)
    if going and not dry_run:
        _ask(yes)
        found = [api.gc(each.name, store, wait=wait) for each in found]
        output.message("Removed.", quiet=quiet)
    if as_json:
        output.print_json([{**asdict(each), "removed": not (dry_run or each.nothing)} for each in found])


def _ask(yes: bool) -> None:
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("this removes results: confirm it with --yes, or look first with --dry-run.")
        click.confirm("Remove all this?", abort=True, err=True)


def _print(each: Collected) -> None:
    from rnnlab.cli import output

    if each.nothing:
        click.echo(f"{each.name}: everything counts")
    for stale in each.rows:
        label = "" if stale.settings is None else f" (settings {stale.settings}, version {stale.version})"
        rows, trials = output.plural(stale.rows, "row"), output.plural(stale.trials, "trial")
        click.echo(f"{each.name}/{stale.table}: {rows} of {trials} {stale.why}{label}")
    if each.files:
        about = f"{output.plural(len(each.files), 'file')}, {output.size(each.bytes)}"
        click.echo(f"{each.name}: {about}, set aside or left by killed runs")
