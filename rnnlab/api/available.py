"""The experiment files that go by a bare name, a line each."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from rnnlab import experiment as experiments
from rnnlab import grid as grids
from rnnlab import places
from rnnlab import store as stores
from rnnlab.api.listing import status_of
from rnnlab.errors import ExperimentError, RnnlabError, StoreIOError

NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Available:
    """One experiment file: what `run` takes for it, and whether its results are in the store."""

    name: str
    title: str
    trials: int | None  # None where the file cannot be read as an experiment
    file: Path
    status: str  # that of `Entry`, "not run", or how many problems the file has


def available(store: str | PathLike[str] = "results") -> list[Available]:
    """Return the experiments in experiments/, in the current folder and with rnnlab, in this order, by name."""
    try:
        stored = set(stores.names(store))
    except StoreIOError:
        stored = set()
    return [_described(name, file, Path(store), stored) for name, file in places.available().items()]


def _described(name: str, file: Path, store: Path, stored: set[str]) -> Available:
    try:
        found = experiments.read(file)
    except ExperimentError as error:
        number = len(error.problems)
        return Available(name, "", None, file, "1 problem" if number == 1 else f"{number} problems")
    return Available(name, found.title, grids.count(found), file, _status(found.name, store, stored))


def _status(name: str, store: Path, stored: set[str]) -> str:
    if name not in stored:
        return NOT_RUN
    try:
        return status_of(name, store)
    except RnnlabError:
        return "damaged"
