"""Options that several commands share: one description each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click
from click.core import ParameterSource

from rnnlab.machine import processors

DEFAULT_STORE = "results"
DEFAULT_EXECUTOR = "threads"
MOST_TRIALS = 10**7
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _remember(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.meta["rnnlab.debug"] = value


def _executor(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Let the address of a scheduler mean dask, unless the command line says otherwise where the environment has it."""
    if ctx.params.get("scheduler") is None or value == "dask":
        return value
    source = ctx.get_parameter_source
    if source("executor") == ParameterSource.DEFAULT:
        return "dask"
    if source("scheduler") == ParameterSource.ENVIRONMENT and source("executor") == ParameterSource.COMMANDLINE:
        ctx.params["scheduler"] = None
        return value
    raise click.BadParameter(f"a scheduler goes with dask, not with {value}.", ctx, parameter)


def _seconds(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise click.BadParameter(f"{value:g} is no time: give seconds, more than 0.", ctx, parameter)
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
sets_of_new = click.option(
    "-s", "--set", "sets", multiple=True, metavar="KEY=VALUE[,VALUE...]",
    help="Any other parameter of the grid, or measure.NAME.SETTING. May be repeated.",
)  # fmt: skip
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
scheduler = click.option(
    "--scheduler",
    metavar="ADDRESS",
    envvar="RNNLAB_SCHEDULER",
    is_eager=True,  # known when the executor is looked at
    help="A Dask cluster that runs, tcp://host:8786; implies --executor dask.",
)
retries = click.option(
    "--retries",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Try a single trial that raised, hung or lost its worker N times more before it counts as failed. One whose "
    "worker died is tried once more in any case.",
)
timeout = click.option(
    "--timeout",
    type=float,
    callback=_seconds,
    metavar="SECONDS",
    help="Time that a trial may take, n times that for a block of n; then its worker is ended. Not with threads.",
)
fail_fast = click.option("--fail-fast", is_flag=True, help="Stop after the first failed trial: --max-failures 0.")
max_failures = click.option(
    "--max-failures",
    type=click.IntRange(min=0),
    metavar="N",
    help="Stop when more than N trials failed; what runs is brought to its end and kept.  [default: never]",
)
max_trials = click.option(
    "--max-trials",
    type=click.IntRange(min=1),
    default=MOST_TRIALS,
    metavar="N",
    show_default=True,
    help="Refuse larger grids: a typo makes 10^9 trials easily.",
)
running = (workers, executor, scheduler, retries, timeout, fail_fast, max_failures, max_trials)
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


def run_flags(values: Mapping[str, Any]) -> list[str]:
    """Return what a `run` that is proposed needs, to be the one that was planned; values: of the options by name."""
    return [part for name, default in _RUN.items() for part in _flag(name, values[name], default)]


_RUN = {
    "workers": None, "executor": DEFAULT_EXECUTOR, "scheduler": None, "retries": 0, "timeout": None, "fail_fast": False,
    "max_failures": None, "max_trials": MOST_TRIALS,
}  # fmt: skip


def _flag(name: str, value: Any, default: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if value == default:
        return []
    return [option] if value is True else [option, f"{value:g}" if isinstance(value, float) else str(value)]


def conditions(where: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return the values asked for with --where, by parameter."""
    pairs = [text.partition("=") for text in where]
    for key, equals, values in pairs:
        if not (key and equals and values):
            raise click.UsageError(f"--where {key}{equals}{values}: write KEY=VALUE[,VALUE...], as in --where width=64")
    return {
        _column(key): [value if key == "key" else _value(value) for value in values.split(",")]
        for key, _, values in pairs
    }


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
