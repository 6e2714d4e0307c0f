"""Options that several commands share: one description each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from rnnlab.machine import processors

DEFAULT_STORE = "results"
DEFAULT_EXECUTOR = "threads"
MOST_TRIALS = 10**7
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _remember(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.meta["rnnlab.debug"] = value


def _executor(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if value == "dask":
        raise click.BadParameter(
            "this version cannot compute with dask yet, not even with the extra [dask]. Choose threads or processes.",
            ctx,
            parameter,
        )
    return value


experiment = click.argument("experiment")
name = click.argument("name")
store = click.option(
    "--store",
    default=DEFAULT_STORE,
    show_default=True,
    metavar="DIR",
    envvar="RNNLAB_STORE",
    help="Folder of the results.",
)
sets = click.option(
    "-s",
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE[,VALUE...]",
    envvar=["RNNLAB_RUN_SET", "RNNLAB_PLAN_SET"],
    help="Replace a parameter of the grid; a list makes an axis. May be repeated.",
)
workers = click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    envvar="RNNLAB_WORKERS",
    help=f"Blocks computed side by side.  [default: the number of cores, here {processors()}]",
)
executor = click.option(
    "--executor",
    type=click.Choice(["threads", "processes", "dask"]),
    default=DEFAULT_EXECUTOR,
    show_default=True,
    envvar="RNNLAB_EXECUTOR",
    callback=_executor,
    help="What computes the blocks.",
)
max_trials = click.option(
    "--max-trials",
    type=click.IntRange(min=1),
    default=MOST_TRIALS,
    metavar="N",
    show_default=True,
    help="Refuse larger grids: a typo makes 10^9 trials easily.",
)
wait = click.option("--wait", is_flag=True, help="Wait while another run of the same experiment holds the store.")
where = click.option(
    "--where",
    multiple=True,
    metavar="KEY=VALUE[,VALUE...]",
    help="Look only at trials with these values of a parameter. May be repeated.",
)
as_json = click.option("--json", "as_json", is_flag=True, envvar="RNNLAB_JSON", help="Print the numbers as JSON.")
quiet = click.option("-q", "--quiet", is_flag=True, help="No messages on stderr but errors.")
debug = click.option(
    "--debug",
    is_flag=True,
    envvar="RNNLAB_DEBUG",
    expose_value=False,
    callback=_remember,
    help="Show the traceback of an error.",
)


def shared(*options: Decorator) -> Decorator:
    """Give a command these options, listed in --help in this order, and -q and --debug after them."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed((*options, quiet, debug)):
            function = option(function)
        return function

    return decorate


def store_flag(store: str) -> list[str]:
    """Return what a command that is proposed needs, to reach the same store."""
    return [] if store == DEFAULT_STORE else ["--store", store]


def run_flags(workers: int | None, executor: str, max_trials: int) -> list[str]:
    """Return what a `run` that is proposed needs, to be the one that was planned."""
    parts = [] if workers is None else ["--workers", str(workers)]
    parts += [] if executor == DEFAULT_EXECUTOR else ["--executor", executor]
    return parts + ([] if max_trials == MOST_TRIALS else ["--max-trials", str(max_trials)])


def conditions(where: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return the values asked for with --where, by parameter."""
    pairs = [text.partition("=") for text in where]
    for key, equals, values in pairs:
        if not (key and equals and values):
            raise click.UsageError(f"--where {key}{equals}{values}: write KEY=VALUE[,VALUE...], as in --where width=64")
    return {_column(key): [_value(value) for value in values.split(",")] for key, _, values in pairs}


def _column(key: str) -> str:
    """Return the column of a parameter of the grid: that of `loss` is called `loss_function`."""
    from rnnlab.trial import parameters

    known = parameters()
    return known[key].column.name if key in known else key


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
