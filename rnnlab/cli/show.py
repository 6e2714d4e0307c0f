"""`rnnlab show NAME`: the verdict of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rnnlab.cli import options

if TYPE_CHECKING:
    from rnnlab.api import OwnResults


@click.command("show")
@options.name
@options.shared(options.store, options.where, options.as_json)
@click.option("--axis", metavar="KEY", help="Parameter whose values are the columns.  [default: the one that matters]")
@click.option("--all", "everything", is_flag=True, help="Every value of the axis and every table, however wide.")
def command(
    name: str, store: str, where: tuple[str, ...], as_json: bool, axis: str | None, everything: bool, quiet: bool
) -> None:
    """Print the verdict table of experiment NAME.

    Rows are activations, columns the values of the axis that matters: the shares of the seeds whose gradient vanishes,
    is stable or explodes, and the mean growth rate with its interval. --json prints the same numbers, all of them. Of a
    network of your own (`rnnlab measure`) it prints every statistic.
    """
    from rnnlab import analysis, api
    from rnnlab.cli import output
    from rnnlab.cli.verdict_table import print_verdicts, verdicts_of

    results = api.load(name, store)
    if isinstance(results, api.OwnResults):
        _show_network(results, as_json)
        return
    title = results.manifest["experiment"]["title"]
    trials = results.trials
    trials = analysis.pick(trials, analysis.as_printed(trials, options.conditions(where)))
    verdicts = verdicts_of(trials, axis)
    missing = int(trials["status"].isna().sum())
    if as_json:
        turns = [] if verdicts.turns is None else output.records(verdicts.turns)
        about = {"name": name, "title": title, "axis": verdicts.axis, "trials": len(trials), "missing": missing}
        output.print_json({**about, "verdicts": output.records(verdicts.table), "turning_points": turns})
    else:
        print_verdicts(f"{name}: {title}" if title else name, verdicts, everything=everything)
    if missing:
        output.message(
            f"{missing:,} of {len(trials):,} trials have no result yet; run the experiment again.", quiet=quiet
        )


def _show_network(results: OwnResults, as_json: bool) -> None:
    from rnnlab.cli import output
    from rnnlab.cli.network_table import print_network, statistics_of

    if as_json:
        network = results.manifest["experiment"]["network"]
        output.print_json({"name": results.name, "network": network, "statistics": statistics_of(results)})
    else:
        print_network(results)
