"""`rnnlab extract NAME KEY -o FILE.npz`: the arrays of one trial, for use in any framework."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rnnlab.cli import options

if TYPE_CHECKING:
    from rnnlab.trial import Trial

ARRAYS = ("U", "W", "V", "b", "c", "h0", "x", "y")


@click.command("extract")
@options.name
@click.argument("key")
@click.option("-o", "--output", metavar="FILE.npz", help="Where to write.  [default: NAME-KEY.npz]")
@options.shared(options.store, options.as_json)
def command(name: str, key: str, output: str | None, store: str, as_json: bool, quiet: bool) -> None:
    """Write the arrays of one trial of experiment NAME as a NumPy file.

    KEY is the trial's key, as in the column `key` of every table; its beginning will do where it is unique. The file
    holds U W V b c h0 x y and, as JSON text, `parameters`; numpy.load(FILE) reads it.
    """
    from rnnlab import api
    from rnnlab.cli import output as out

    if output and Path(output).suffix not in ("", ".npz"):
        raise click.UsageError(f"{output}: the file ends in .npz")
    results = api.load(name, store)
    trial = results.trial(key)
    path = Path(f"{(output or f'{name}-{trial.key}').removesuffix('.npz')}.npz")
    shapes = _write(path, trial)
    if as_json:
        out.print_json(
            {"name": name, "key": trial.key, "file": str(path), "parameters": trial.values(), "shapes": shapes}
        )
    else:
        click.echo(path)
        out.message(", ".join(f"{array} {shape}" for array, shape in shapes.items()), quiet=quiet)


def _write(path: Path, trial: Trial) -> dict[str, tuple[int, ...]]:
    """Write the file in one step, so that none is left half written; return the shapes."""
    import numpy as np

    from rnnlab import api

    problem = api.draw(**trial.values())
    arrays = {name: getattr(problem, name) for name in ARRAYS}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, **arrays, parameters=np.array(json.dumps(trial.values())))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return {name: array.shape for name, array in arrays.items()}
