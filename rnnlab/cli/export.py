"""`rnnlab export NAME -o FILE`: one file of an experiment, parameters joined."""

from __future__ import annotations

from dataclasses import asdict

import click

from rnnlab.cli import options


@click.command("export")
@options.name
@click.option("-o", "--output", required=True, metavar="FILE.parquet|.csv", help="Where to write; the suffix says how.")
@click.option(
    "--table", default="trials", show_default=True, metavar="TABLE",
    help="trials: a row per trial, all measures joined; or any table of the store.",
)  # fmt: skip
@click.option("--columns", metavar="NAME[,NAME...]", help="Only these columns, in this order.")
@options.shared(options.store, options.where, options.as_json)
def command(
    name: str, output: str, table: str, columns: str | None, store: str, where: tuple[str, ...], as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Write a table of experiment NAME as one Parquet or CSV file, with the parameters in it.

    The file is there whole or not at all. Null and nan are both null in it, an empty field in CSV. CSV has every digit.
    """
    from rnnlab import api
    from rnnlab.cli import output as out

    wanted = None if columns is None else [each.strip() for each in columns.split(",")]
    written = api.export(
        name, output, table=table, columns=wanted, where=options.conditions(where) or None, store=store
    )
    if as_json:
        out.print_json(asdict(written))
        return
    click.echo(written.path)
    about = (
        f"{out.plural(written.rows, 'row')}, {out.plural(len(written.columns), 'column')}, {out.size(written.bytes)}"
    )
    out.message(about, quiet=quiet)
