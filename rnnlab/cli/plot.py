"""`rnnlab plot NAME [KIND]`: the figure of an experiment."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from rnnlab.cli import options
from rnnlab.figures import catalogue

_BOTH = (".png", ".svg")


class _Size(click.types.StringParamType):
    """Column, page, slide, or a number of millimetres; how many there may be is the library's to say."""

    name = "size"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "|".join((*catalogue.SIZES, "MM"))


@click.command("plot", epilog=f"Kinds of figure:\n\n\b\n{catalogue.in_columns()}")
@options.name
@click.argument("kind", required=False, metavar="[KIND]")
@click.option("--x", metavar="KEY", help="Parameter on the x axis.")
@click.option("--y", metavar="KEY", help="Parameter on the y axis of a phase diagram.")
@click.option("--hue", metavar="KEY", help="Parameter that colours tell; of a phase diagram, panels.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="COLUMN",
    help="The statistic that is shown. May be repeated where a figure shows several.",
)
@click.option("--size", type=_Size(), help="Width: 85, 180 or 254 mm, or so many.  [default: page]")
@click.option("--dark", is_flag=True, help="For dark pages.")
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write; .png, .svg or .pdf, without an ending PNG and SVG."
)
@options.shared(options.store, options.where, options.as_json)
def command(
    name: str, kind: str | None, x: str | None, y: str | None, hue: str | None, columns: tuple[str, ...],
    size: str | None, dark: bool, output: str | None, store: str, where: tuple[str, ...], as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Draw the figure of experiment NAME, as PNG and SVG.

    KIND is, by default, what suits the experiment's measures and axes, and so are the axes and the statistic that it
    shows; --x, --y, --hue and --column choose others, --where picks trials (--where key=3f2a: by the beginning of
    their keys). All axes that a figure does not show stand at one point, which its title names.

    Without -o the files are figures/NAME.png and .svg in the current folder, or NAME-KIND where KIND is given. Their
    names are printed; with --json also title, description (alt text) and the command, which the files carry, too.
    """
    paths = _paths(output) if output else []
    paths = paths or [Path("figures", f"{name}-{kind}{suffix}" if kind else f"{name}{suffix}") for suffix in _BOTH]
    chosen: dict[str, Any] = {"x": x, "y": y, "hue": hue, "column": columns, "where": options.conditions(where)}
    with _nothing_collected():
        about = _drawn(name, store, paths, kind=kind, size=size, dark=dark or None, **chosen)
    if as_json:
        from rnnlab.cli import output as out

        out.print_json({"name": name, **about, "files": [str(path) for path in paths]})
    else:
        click.echo("\n".join(map(str, paths)))


def _drawn(name: str, store: str, paths: list[Path], **asked: Any) -> dict[str, str]:
    """Write the figure, and return what it tells about itself."""
    from rnnlab import api, figures

    figure = figures.plot(api.load(name, store), **asked)
    figures.save(figure, *paths)
    about: dict[str, str] = vars(figure)["about"]
    return about


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Let garbage lie: to look for it among the modules that are imported takes a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _paths(output: str) -> list[Path]:
    """Return the files to write; an ending that is no format is refused before anything is read."""
    path = Path(output)
    if not path.suffix:
        return [path.with_name(path.name + suffix) for suffix in _BOTH]
    if path.suffix not in catalogue.FORMATS:
        raise click.UsageError(f"{output}: a figure ends in .png, .svg or .pdf (or in nothing: PNG and SVG).")
    return [path]
