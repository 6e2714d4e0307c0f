"""`rnnlab run EXPERIMENT`: compute what is missing."""

from __future__ import annotations

import os
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import click

from rnnlab.cli import options
from rnnlab.cli.available_table import listed

if TYPE_CHECKING:
    from rnnlab.api import Results
    from rnnlab.runner import Summary


@click.command("run")
@click.argument("experiment", required=False)
@options.shared(options.store, options.sets, *options.running, options.wait, options.as_json)
def command(
    experiment: str | None, store: str, sets: tuple[str, ...], wait: bool, as_json: bool, quiet: bool, **running: Any
) -> None:
    """Compute the trials of EXPERIMENT that the store has not got.

    EXPERIMENT is an experiment file (.toml), the manifest.json of a run, or a bare name: NAME.toml in experiments/, in
    the current folder, or of those that come with rnnlab. Without it, the experiments that there are are listed. What
    is done is never computed again: the same command goes on after an interruption, and does nothing when all is done.
    """
    if experiment is None:
        if sets:
            raise click.UsageError("-s needs an EXPERIMENT whose grid it changes. See what there is with: rnnlab run")
        listed(store, as_json=as_json, quiet=quiet)
        return
    from rnnlab import api
    from rnnlab.cli import output
    from rnnlab.cli.progress import Reporter
    from rnnlab.errors import StoreBusy, TrialsFailed

    def attempt(wait: bool) -> tuple[Results, TrialsFailed | None]:
        try:
            with Reporter(quiet=quiet) as progress:
                results = api.run(
                    experiment, store=store, sets=sets, wait=wait, progress=progress,
                    interrupted=None if quiet else _say_that_it_ends, **running,
                )  # fmt: skip
        except TrialsFailed as error:
            return error.results, error
        return results, None

    try:
        results, failure = attempt(wait=False)
    except StoreBusy:
        if not wait:
            raise
        output.message("Another run of this experiment is under way: waiting for it.", quiet=quiet)
        results, failure = attempt(wait=True)
    summary = cast("Summary", results.summary)  # a run's results always have one
    for line in _lines(summary, store):
        output.message(line, quiet=quiet)
    if as_json:
        output.print_json({**asdict(summary), "folder": results.store / results.name})
    if failure:
        raise failure


def _say_that_it_ends() -> None:
    # In a signal's handler: click and print may be in the midst of writing.
    os.write(2, b"\nInterrupted: finishing what runs. Once more stops at once.\n")


def _lines(summary: Summary, store: str) -> list[str]:
    """Return what was computed, where it is, and what to type next."""
    from rnnlab.cli.output import duration, plural

    diverged = f" {summary.diverged:,} diverged: a result, not a failure." if summary.diverged else ""
    if summary.new:
        before = f"; {summary.done:,} were there before" if summary.done else ""
        computed = plural(summary.new - summary.failed - summary.left, "trial")
        did = f"{computed} computed in {duration(summary.seconds)}{before}.{diverged}"
    else:
        did = f"all {plural(summary.trials, 'trial')} are done already, nothing to compute.{diverged}"
    place = "".join(f" {shlex.quote(part)}" for part in options.store_flag(store))
    return [
        *(f"note: {note}" for note in summary.notes),
        f"{summary.name}: {did} They are in {store}/{summary.name}.",
        f"Next: rnnlab show {summary.name}{place}   rnnlab plot {summary.name}{place}",
    ]
