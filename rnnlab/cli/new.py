"""`rnnlab new NAME`: a commented experiment file."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from rnnlab.cli import options
from rnnlab.cli.asking import asked
from rnnlab.errors import typed

if TYPE_CHECKING:
    from rnnlab.api import Drafted

_LIST = "VALUE[,VALUE...]"


@click.command("new")
@options.name
@click.option("--title", metavar="TEXT", help="The question, in a line.")
@click.option(
    "--measure", "measures", multiple=True, metavar="NAME[,NAME...]", help="What to measure.  [default: gradients]"
)
@click.option("--task", metavar=_LIST, help="Where inputs and targets come from.  [default: noise]")
@click.option("--activation", metavar=_LIST, help="phi.  [default: tanh,relu]")
@click.option("--recurrent-scale", metavar=_LIST, help="g, the gain of U.  [default: nine from 0.5 to 4]")
@click.option("--length", metavar=_LIST, help="T, time steps.  [default: what the task is quick with]")
@click.option("--width", metavar=_LIST, help="N, hidden units.  [default: 32, and 16 to train]")
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help="Networks of each kind.  [default: 4]")
@click.option("-o", "--output", metavar="FILE.toml", help="Where to write.")
@click.option("--force", is_flag=True, help="Overwrite the file where it is there already.")
@options.shared(options.store, options.sets_of_new, options.as_json)
def command(
    name: str, title: str | None, measures: tuple[str, ...], seeds: int | None, output: str | None, force: bool,
    store: str, sets: tuple[str, ...], as_json: bool, quiet: bool, **grid: str | None,
) -> None:  # fmt: skip
    """Write a commented experiment NAME that runs as it is, in seconds.

    Without any option, and at a terminal, it asks; Enter takes what stands in brackets. A list of values makes an axis;
    any other parameter is given with -s. The file is experiments/NAME.toml where there is such a folder, else
    NAME.toml: `rnnlab run NAME` finds both. Its path is printed.
    """
    from rnnlab import api
    from rnnlab.cli import output as out

    file = api.path_for(name, output)
    api.refuse_existing(file, force=force)
    given = {**grid, "seed": None if seeds is None else f"{{ range = {seeds} }}"}
    chosen: dict[str, Any] = {
        "title": title or "",
        "measures": [word.strip() for each in measures for word in each.split(",")],
        "sets": [*(f"{key}={value}" for key, value in given.items() if value is not None), *sets],
    }
    if not any(chosen.values()):
        chosen = asked(name, quiet=quiet or as_json)
    drafted = api.new(name, **chosen, output=file, force=force)
    if as_json:
        shown = {key: value for key, value in asdict(drafted).items() if key != "text"}
        out.print_json({**shown, "next": _next(drafted, store)})
        return
    click.echo(drafted.file)
    does = f"{out.plural(drafted.trials, 'network')}, measured by {', '.join(drafted.measures)}"
    out.message(f"{does}. Every line is explained in the file; change what you like.", quiet=quiet)
    if name in {entry.name for entry in api.listing(store)}:
        out.message(f"note: {store} has results of this name; they are kept, and a run adds to them.", quiet=quiet)
    out.message(f"Next: {'   '.join(_next(drafted, store))}", quiet=quiet)


def _next(drafted: Drafted, store: str) -> list[str]:
    commands = (["plan", drafted.run], ["run", drafted.run], ["plot", drafted.name])
    return [typed(*words, store=store) for words in commands]
