"""`rnnlab compact NAME...`: many small files into few."""

from __future__ import annotations

from dataclasses import asdict

import click

from rnnlab.cli import options


@click.command("compact")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@options.shared(options.store, options.wait, options.as_json)
def command(names: tuple[str, ...], store: str, wait: bool, as_json: bool, quiet: bool) -> None:
    """Merge the small files of experiments NAME, as every run does at its end.

    For a run that was interrupted and is not to be finished. Who reads meanwhile sees the old files or the new ones.
    """
    from rnnlab import api
    from rnnlab.cli import output

    done = [api.compact(name, store, wait=wait) for name in names]
    if as_json:
        output.print_json([asdict(each) for each in done])
    else:
        for each in done:
            click.echo(f"{each.name}: {output.plural(each.before, 'file')} before, {each.after:,} now")
