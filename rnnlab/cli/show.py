"""`rnnlab show NAME`: the verdict of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rnnlab.cli import options

if TYPE_CHECKING:
    import pandas as pd

    from rnnlab.api import OwnResults, Results


@click.command("show")
@options.name
@options.shared(options.store, options.where, options.as_json)
@click.option("--axis", metavar="KEY", help="Parameter whose values are the columns.  [default: the one that matters]")
@click.option(
    "--measure",
    metavar="NAME",
    help="The measure to tell of.  [default: training or gradients where measured, else the first]",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="COLUMN",
    help="A statistic of the measure in place of those that tell most. May be repeated.",
)
@click.option("--failed", is_flag=True, help="The trials that failed, and why, instead.")
@click.option("--all", "everything", is_flag=True, help="Every value of the axis and every table, however wide.")
def command(
    name: str, store: str, where: tuple[str, ...], as_json: bool, axis: str | None, measure: str | None,
    columns: tuple[str, ...], failed: bool, everything: bool, quiet: bool,
) -> None:  # fmt: skip
    """Print what came out of experiment NAME: its verdicts, or the statistics of another measure.

    Verdicts: rows are activations, columns the values of the axis that matters: the shares of the seeds whose gradient
    vanishes, is stable or explodes, and the mean growth rate with its interval. Of training: success rates with their
    Wilson intervals, a row per condition. Of any other measure, and with --column: a row per grid point, the means over
    seeds of its main statistics with their 95 % intervals. --json prints the same numbers, all of them. Of a network
    of your own (`rnnlab measure`) it prints every statistic.

    --failed prints the trials that failed: measure, the parameters that vary, and the message; with --json tracebacks.
    """
    from rnnlab import analysis, api
    from rnnlab.cli import output

    results = api.load(name, store)
    if isinstance(results, api.OwnResults):
        _show_network(results, measure, as_json)
        return
    if failed:
        _show_failed(results, options.conditions(where), measure, store, as_json=as_json, quiet=quiet)
        return
    chosen = measure or _measure_of(results, columns)
    trials = results.statistics(chosen)
    trials = analysis.pick(trials, analysis.as_printed(trials, options.conditions(where)))
    missing = int(trials["status"].isna().sum())
    title = results.manifest["experiment"]["title"]
    about = {"name": name, "title": title, "trials": len(trials), "missing": missing}
    heading = f"{name}: {title}" if title else name
    if chosen == "gradients" and not columns:
        _show_verdicts(about, heading, trials, axis, as_json=as_json, everything=everything)
    elif chosen == "training" and not columns:
        _show_successes(about, heading, trials, axis, as_json=as_json, everything=everything)
    else:
        _show_statistics(about, heading, trials, chosen, columns, axis, as_json=as_json, everything=everything)
    if missing:
        output.message(
            f"{missing:,} of {len(trials):,} trials have no result yet; run the experiment again.", quiet=quiet
        )
    if measure is None and (others := [each for each in results.measured if each != chosen]):
        output.message(f"Also measured: {', '.join(others)}. --measure NAME shows one of them.", quiet=quiet)


def _measure_of(results: Results, columns: tuple[str, ...]) -> str:
    """Return the first measure that has the first of these columns; the first of all where there is none."""
    from rnnlab.errors import UsageError
    from rnnlab.measures import registry

    if not results.measured:
        raise UsageError(f"{results.name} has no measure that this rnnlab knows. Upgrade rnnlab to see it.")
    if not columns and "training" in results.measured:
        return "training"
    has = [
        name
        for name in results.measured
        if columns and any(c.name == columns[0] for c in registry()[name].TABLES[name])
    ]
    return has[0] if has else results.measured[0]


def _show_verdicts(
    about: dict[str, Any], heading: str, trials: pd.DataFrame, axis: str | None, *, as_json: bool, everything: bool
) -> None:
    from rnnlab.cli import output
    from rnnlab.cli.verdict_table import print_verdicts, verdicts_of

    verdicts = verdicts_of(trials, axis)
    if as_json:
        turns = [] if verdicts.turns is None else output.records(verdicts.turns)
        numbers = {"verdicts": output.records(verdicts.table), "turning_points": turns}
        output.print_json({**about, "axis": verdicts.axis, **numbers})
    else:
        print_verdicts(heading, verdicts, everything=everything)


def _show_successes(
    about: dict[str, Any], heading: str, trials: pd.DataFrame, axis: str | None, *, as_json: bool, everything: bool
) -> None:
    from rnnlab.cli import output
    from rnnlab.cli.success_table import print_successes, successes_of

    found = successes_of(trials, axis)
    if as_json:
        table = output.records(found.table)
        output.print_json({**about, "measure": "training", "points": found.points, "success_rates": table})
    else:
        print_successes(heading, found, everything=everything)


def _show_statistics(
    about: dict[str, Any], heading: str, trials: pd.DataFrame, measure: str, columns: tuple[str, ...],
    axis: str | None, *, as_json: bool, everything: bool,
) -> None:  # fmt: skip
    from rnnlab.cli import output
    from rnnlab.cli.statistics_table import print_statistics, statistics_of

    found = statistics_of(trials, measure, columns, axis)
    if as_json:
        output.print_json(
            {**about, "measure": measure, "points": found.points, "statistics": output.records(found.table)}
        )
    else:
        print_statistics(heading, found, everything=everything)


def _show_failed(
    results: Results, where: dict[str, list[Any]], measure: str | None, store: str, *, as_json: bool, quiet: bool
) -> None:
    from rnnlab.cli import output
    from rnnlab.cli.failure_table import again, failures_of, print_failures

    found = failures_of(results, where, measure)
    if as_json:
        output.print_json({"name": results.name, "failed": len(found), "failures": output.records(found)})
    else:
        print_failures(results.name, found)
    output.message(again(results.name, store, len(found)), quiet=quiet)


def _show_network(results: OwnResults, measure: str | None, as_json: bool) -> None:
    from rnnlab.cli import output
    from rnnlab.cli.network_table import print_network, statistics_of

    if as_json:
        network = results.manifest["experiment"]["network"]
        output.print_json({"name": results.name, "network": network, "statistics": statistics_of(results, measure)})
    else:
        print_network(results, measure)
