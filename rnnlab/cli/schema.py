"""`rnnlab schema`: the JSON Schema of experiment files, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from rnnlab.cli import options


@click.command("schema")
@click.option("-o", "--output", metavar="FILE", help="Where to write, instead of stdout.")
@options.shared()
def command(output: str | None, quiet: bool) -> None:
    """Print the JSON Schema of experiment files, by which editors complete and check them.

    It is made from this rnnlab's own parameters, tasks and measures, those of plugins included. An editor that knows
    taplo reads it where a file begins with #:schema ./rnnlab.schema.json, which `rnnlab new` writes by itself where
    that file lies in the same folder.
    """
    import json

    from rnnlab import experiment
    from rnnlab.cli import output as out

    text = json.dumps(experiment.json_schema(), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
        return
    file = Path(output)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")
    click.echo(file)
    out.message(f"Editors read it where an experiment beside it begins with: #:schema ./{file.name}", quiet=quiet)
