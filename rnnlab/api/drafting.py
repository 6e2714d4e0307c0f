"""A new experiment file, commented and sound before it is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from rnnlab import experiment as experiments
from rnnlab import grid as grids
from rnnlab import places
from rnnlab.errors import UsageError

SCHEMA_FILE = "rnnlab.schema.json"


@dataclass(frozen=True, slots=True)
class Drafted:
    """A new experiment file: its path, what it holds, and what `run` takes for it."""

    name: str
    file: Path
    trials: int
    measures: tuple[str, ...]
    run: str  # the bare name where that leads to the file, else the path
    text: str


def new(
    name: str,
    *,
    title: str = "",
    sets: Iterable[str] = (),
    measures: Iterable[str] = (),
    output: str | PathLike[str] | None = None,
    force: bool = False,
) -> Drafted:
    """Write a commented experiment file of this name, and return what was written.

    It goes to `output`, else to experiments/NAME.toml where there is such a folder, else to NAME.toml. sets: values of
    the grid and settings, KEY=VALUE[,VALUE...]; what is not given is chosen so that a run takes seconds. measures:
    names. Raises ExperimentError with all that is wrong, UsageError where the file is there already and not `force`.
    """
    file = path_for(name, output)
    refuse_existing(file, force=force)
    draft = experiments.draft(name, sets, title=title, measures=measures, place=str(file))
    trials = grids.check(draft.experiment)
    schema = SCHEMA_FILE if (file.parent / SCHEMA_FILE).is_file() else None
    text = experiments.written(draft, schema_file=schema)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    run = name if places.named(name) == file else os.fspath(file)
    return Drafted(draft.experiment.name, file, trials, tuple(draft.experiment.measures), run, text)


def path_for(name: str, output: str | PathLike[str] | None = None) -> Path:
    """Return where a new experiment of this name goes; raises UsageError where it cannot be a name."""
    if refusal := experiments.refusal(name, ""):
        raise UsageError(f"NAME {refusal.replace('Write name =', 'Type: rnnlab new')}")
    if output is not None:
        file = Path(output)
        if file.suffix != ".toml":
            raise UsageError(f"{file}: an experiment file ends in .toml, as {file.with_suffix('.toml')}")
        return file
    folder = Path(places.FOLDER)
    return folder / f"{name}.toml" if folder.is_dir() else Path(f"{name}.toml")


def refuse_existing(file: Path, *, force: bool) -> None:
    """Raise UsageError where the file is there and is not to be overwritten."""
    if file.exists() and not force:
        raise UsageError(f"{file} is there already. Choose another NAME, or overwrite it with --force.")
