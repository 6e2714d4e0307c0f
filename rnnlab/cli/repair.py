"""`rnnlab repair NAME`: damage set aside, and its trials computed anew."""

from __future__ import annotations

from dataclasses import asdict

import click

from rnnlab.cli import options


@click.command("repair")
@options.name
@click.option("--experiment", metavar="FILE", help="What was run, where the manifest itself is damaged.")
@options.shared(options.store, options.workers, options.executor, options.wait, options.as_json)
def command(
    name: str, experiment: str | None, store: str, workers: int | None, executor: str, wait: bool, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Set aside what `rnnlab verify NAME` finds wrong, and compute its trials anew.

    Damaged files go to the folder .damaged with their whole block, and so do both of two files that tell different
    things of a trial; nothing is deleted (`rnnlab gc` does that). Afterwards the experiment verifies, or the command
    fails. Of a damaged manifest the experiment file is needed: --experiment FILE.
    """
    from rnnlab import api
    from rnnlab.cli import output
    from rnnlab.cli.progress import Reporter

    with Reporter(quiet=quiet) as progress:
        done = api.repair(
            name, store, experiment=experiment, workers=workers, executor=executor, wait=wait, progress=progress
        )
    for note in done.notes:
        output.message(note, quiet=quiet)
    if as_json:
        output.print_json(asdict(done))
    elif done.nothing:
        click.echo(f"{name}: all well, nothing to repair")
    else:
        problems, trials = output.plural(len(done.problems), "problem"), output.plural(done.new, "trial")
        click.echo(f"{name}: {problems} mended, {trials} computed anew in {output.duration(done.seconds)}; it verifies")
