"""`rnnlab reproduce NAME`: run an experiment again and compare every number."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

import click

from rnnlab.cli import options

DIFFERS = 3  # exit code


@click.command("reproduce")
@options.name
@click.option("--into", metavar="DIR", help="Keep the second run in this store.  [default: it is thrown away]")
@click.option(
    "--sample",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Run only N trials, drawn at random (always the same).",
)
@click.option(
    "--level", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.01, show_default=True,
    metavar="P", help="Of the test: the share of honest reproductions that it calls different.",
)  # fmt: skip
@options.shared(options.store, *options.running, options.as_json)
def command(
    name: str, into: str | None, sample: int | None, level: float, store: str, as_json: bool, quiet: bool,
    **running: Any,
) -> None:  # fmt: skip
    """Run the manifest of NAME again, and compare every table bit for bit.

    NAME is an experiment of the store, or the path of its folder or manifest.json. With the same versions on the same
    kind of machine every bit must come out again. With others, what rounding does not explain is put to a permutation
    test, paired by seed and corrected for the number of comparisons. Exit code 3 where it differs.
    """
    from rnnlab import api
    from rnnlab.cli import output
    from rnnlab.cli.comparison_table import print_reproduction
    from rnnlab.cli.progress import Reporter

    with Reporter(quiet=quiet) as progress:
        found = api.reproduce(
            name, store=store, into=into, sample=sample, level=level, progress=progress,
            interrupted=None if quiet else _say_that_it_ends, **running,
        )  # fmt: skip
    if as_json:
        output.print_json(asdict(found))
    else:
        print_reproduction(found)
    if found.differs:
        raise click.exceptions.Exit(DIFFERS)


def _say_that_it_ends() -> None:
    # In a signal's handler: click and print may be in the midst of writing.
    os.write(2, b"\nInterrupted: finishing what runs. Once more stops at once.\n")
