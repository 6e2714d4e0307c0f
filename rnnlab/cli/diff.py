"""`rnnlab diff A B`: what distinguishes two experiments."""

from __future__ import annotations

from dataclasses import asdict

import click

from rnnlab.cli import options

DIFFERS = 3  # exit code


@click.command("diff")
@click.argument("a")
@click.argument("b")
@click.option("--other-store", metavar="DIR", help="Folder of the results that B is in.  [default: that of A]")
@click.option("--exit-code", "with_code", is_flag=True, help="Exit with 3 where numbers differ.")
@options.shared(options.store, options.as_json)
def command(a: str, b: str, other_store: str | None, with_code: bool, store: str, as_json: bool, quiet: bool) -> None:
    """Print what distinguishes experiment B from A: parameters, versions, machine and numbers.

    A and B are names of the store, or paths of their folders or of a manifest.json. Trials are matched by key, and
    every value of those that both have is compared bit for bit: how many differ, by how much at most, and where.
    """
    from rnnlab import api
    from rnnlab.cli import output
    from rnnlab.cli.comparison_table import print_difference

    found = api.diff(a, b, store=store, other_store=other_store)
    if as_json:
        output.print_json({**asdict(found), "differs": found.differs})
    else:
        print_difference(found)
    if with_code and found.differs:
        raise click.exceptions.Exit(DIFFERS)
