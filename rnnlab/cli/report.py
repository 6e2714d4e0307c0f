"""`rnnlab report NAME`: an experiment as one HTML file to explore."""

from __future__ import annotations

import webbrowser
from dataclasses import asdict
from pathlib import Path

import click

from rnnlab.cli import options


@click.command("report")
@options.name
@click.option("-o", "--output", metavar="FILE.html", help="Where to write.  [default: NAME.html]")
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
@options.shared(options.store, options.as_json)
def command(name: str, output: str | None, open_it: bool, store: str, as_json: bool, quiet: bool) -> None:
    """Write experiment NAME as one HTML file that needs no network.

    It has the question, the verdict, a phase diagram to explore, every trial with its curves, figures, what to beware
    of, and where the numbers come from. The name of the file is printed.
    """
    from rnnlab import api
    from rnnlab.cli import output as out

    if output and Path(output).suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"{output}: a report is one HTML file; its name ends in .html")
    written = api.load(name, store).report(output or f"{name}.html")
    if as_json:
        out.print_json(asdict(written))
    else:
        click.echo(written.path)
        about = f"{out.plural(written.trials, 'trial')}, {written.trials_with_curves:,} with curves"
        out.message(f"{about}; {out.size(written.bytes)}", quiet=quiet)
    if open_it and not webbrowser.open(written.path.resolve().as_uri()):
        out.message(f"No browser was found; open {written.path} in yours.", quiet=quiet)
