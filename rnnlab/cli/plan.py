"""`rnnlab plan EXPERIMENT`: what a run would do and what it would cost."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from rnnlab.cli import options
from rnnlab.errors import typed

if TYPE_CHECKING:
    from rnnlab.runner import Plan


@click.command("plan")
@options.experiment
@options.shared(options.store, options.sets, *options.running, options.as_json)
def command(
    experiment: str, store: str, sets: tuple[str, ...], workers: int | None, executor: str, max_trials: int,
    as_json: bool, quiet: bool, **others: Any,
) -> None:  # fmt: skip
    """Tell what `run` would compute, why, and at what cost.

    Time, memory and disk are estimates. Nothing is run or written. EXPERIMENT and options are given as to `run`.
    """
    from rnnlab import api
    from rnnlab.cli import output

    plan = api.plan(experiment, store=store, sets=sets, workers=workers, executor=executor, max_trials=max_trials)
    if as_json:
        output.print_json({**asdict(plan), "executor": executor})
        return
    for name, text in _rows(plan, store, executor):
        click.echo(f"{name:<8}{text}")
    again = [*(part for each in sets for part in ("-s", each)), *options.store_flag(store)]
    again += options.run_flags({"workers": workers, "executor": executor, "max_trials": max_trials, **others})
    output.message(_advice(plan, shlex.join(["rnnlab", "run", experiment, *again]), store), quiet=quiet)


def _rows(plan: Plan, store: str, executor: str) -> Iterator[tuple[str, str]]:
    from rnnlab.cli.output import duration, size

    yield "name", plan.name
    yield "trials", f"{plan.trials:,}"
    yield "done", f"{plan.done:,}"
    reasons = [f"{measure}: {number:,} {reason}" for measure, why in plan.why.items() for reason, number in why.items()]
    yield "new", f"{plan.new:,}" + (f" ({'; '.join(reasons)})" if reasons else "")
    if plan.new:
        yield "time", f"about {duration(plan.seconds)} on {plan.workers} {executor}"
        yield "memory", f"about {size(plan.memory)}"
        yield "disk", f"about {size(plan.disk)} in {store}/{plan.name}"


def _advice(plan: Plan, run: str, store: str) -> str:
    if not plan.new:
        return f"Nothing to compute. Next: {typed('show', plan.name, store=store)}"
    basis = f"stands on {plan.measured:,} trials of this store" if plan.measured else "stands on no measurement here"
    return f"The estimate {basis}; it is good to a factor of two. Next: {run}"
