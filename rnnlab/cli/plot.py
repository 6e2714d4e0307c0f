"""`rnnlab plot NAME [KIND]`: the figure of an experiment."""

from __future__ import annotations

from pathlib import Path

import click

from rnnlab.cli import options

KINDS = (
    "growth", "length", "steps", "rates", "pairs", "theory", "lags", "spectrum", "success", "survival", "training",
    "statistics",
)  # fmt: skip
_BOTH = (".png", ".svg")


@click.command("plot")
@options.name
@click.argument("kind", required=False, type=click.Choice(KINDS))
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write; .png, .svg or .pdf, without an ending PNG and SVG."
)
@options.shared(options.store, options.where, options.as_json)
def command(
    name: str, kind: str | None, output: str | None, store: str, where: tuple[str, ...], as_json: bool, quiet: bool
) -> None:
    """Draw the figure of experiment NAME, as PNG and SVG.

    \b
    KIND is, by default, what suits the experiment's measures and axes:
      growth      growth rate against the recurrent scale, and against ½ ln(g²⟨phi'²⟩)
      length      growth rate and the gradient's whole growth against the length
      steps       norm of the gradient against time
      rates       growth rates, a dot a seed, where no axis has several values and steps were not recorded
      pairs       what each step k contributes to dL_t/dU, a heat map a trial (measure terms)
      theory      growth rates beside those that mean field predicts (measure theory)
      lags        contributions to dL/dU by lag (measure lags)
      spectrum    Lyapunov exponents and singular values by index (measures lyapunov, jacobian)
      success     success rates against the axis, with Wilson intervals (measure training)
      survival    the share of networks that have succeeded, against updates (measure training)
      training    losses, gradients and their growth along training (measure training)
      statistics  means over seeds of the first measure's main statistics, against the axis

    Without -o the files are figures/NAME.png and .svg in the current folder, or NAME-KIND where KIND is given. Their
    names are printed.
    """
    from rnnlab import analysis, api, figures
    from rnnlab.cli import output as out

    paths = _paths(output) if output else []
    results = api.load(name, store)
    picked = analysis.as_printed(results.statistics(results.measured[0]), options.conditions(where))
    drawn = kind or figures.kind_of(results, picked)
    figure = figures.plot(results, drawn, where=picked)
    paths = paths or [Path("figures", f"{name}-{kind}{suffix}" if kind else f"{name}{suffix}") for suffix in _BOTH]
    for path in paths:
        figures.save(figure, path)
    if as_json:
        out.print_json({"name": name, "kind": drawn, "files": [str(path) for path in paths]})
    else:
        click.echo("\n".join(map(str, paths)))


def _paths(output: str) -> list[Path]:
    """Return the files to write; an ending that is no format is refused before anything is read."""
    path = Path(output)
    if not path.suffix:
        return [path.with_name(path.name + suffix) for suffix in _BOTH]
    if path.suffix not in (*_BOTH, ".pdf"):
        raise click.UsageError(f"{output}: a figure ends in .png, .svg or .pdf (or in nothing: PNG and SVG).")
    return [path]
