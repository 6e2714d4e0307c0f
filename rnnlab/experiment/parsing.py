"""From a file to an Experiment, with every problem that it has in one report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from rnnlab import measures
from rnnlab.errors import did_you_mean
from rnnlab.experiment import files, names, overrides
from rnnlab.experiment.model import SCHEMA, Experiment, Grid
from rnnlab.experiment.problems import Problems, show, show_key
from rnnlab.experiment.settings import check_fit, measures_of
from rnnlab.experiment.tables import TOP_KEYS, checked, grid_of
from rnnlab.experiment.zips import zips_of
from rnnlab.trial import Trial, parameters, trial_of

MAX_GRIDS = 1_000


def read(path: str | os.PathLike[str], sets: Iterable[str] = ()) -> Experiment:
    """Return the experiment of a TOML file or of a manifest.json, with `-s KEY=VALUE[,VALUE...]` applied in order.

    A bare name stands for experiments/NAME.toml. A file without [measure.*] gets the measure `gradients`.
    Raises ExperimentError with all problems of the file and of the overrides at once.
    """
    place, data = files.load(path)
    problems = Problems(place)
    overrides.apply(data, sets, problems)
    return resolve(data, problems)


def parse(data: Mapping[str, Any], place: str = "experiment") -> Experiment:
    """Return the experiment of a table as tomllib or json reads it; `place` is what problems are reported under."""
    return resolve(data, Problems(place))


def recorded(data: Mapping[str, Any], place: str) -> Experiment:
    """Return the experiment of a record, to find its trials by: without the measures that packages have.

    It can be read where those packages are not installed.
    """
    wanted = data.get("measure", {})
    if isinstance(wanted, Mapping):
        wanted = {name: each for name, each in wanted.items() if not measures.is_own(name)}
    return parse({**data, "measure": wanted}, place)


def trial(values: Mapping[str, Any], place: str = "trial") -> Trial:
    """Return the trial of single values of parameters (NumPy's too), checked and coerced as those of a file are."""
    problems = Problems(place)
    plain = {name: value.item() if getattr(value, "shape", None) == () else value for name, value in values.items()}
    good = checked(plain, "", problems)
    problems.raise_any()
    return trial_of(good)


def resolve(data: Mapping[str, Any], problems: Problems) -> Experiment:
    """Return the experiment of a table; raises ExperimentError with its problems and those that were met before."""
    _check_schema(data, problems)
    for key in data:
        if key not in TOP_KEYS:
            problems.add(show_key(key), f"is unknown.{_advice(key)}")
    notes: list[str] = []
    name, title = _name(data, problems), _title(data, problems)
    grids = _grids(data, problems, notes)
    settings = measures_of(data.get("measure", {}), problems)
    if not problems:
        check_fit(settings, dict(zip(_keys(data["grid"]), grids, strict=True)), problems)
    problems.raise_any()
    return Experiment(name, title, grids, settings, tuple(notes))


def _check_schema(data: Mapping[str, Any], problems: Problems) -> None:
    given = data.get("schema")
    if type(given) is int and given > SCHEMA:
        problems.add("schema", f"is {show(given)}: written by a newer rnnlab; this one reads {SCHEMA}. Upgrade rnnlab.")
        problems.raise_any()  # what else it holds is not for this rnnlab to judge
    if "schema" not in data:
        problems.add("schema", f"is missing. Begin the file with schema = {SCHEMA}.")
    elif type(given) is not int or given != SCHEMA:
        problems.add("schema", f"is {show(given)}; it must be {SCHEMA}.")


def _advice(key: str) -> str:
    if key in parameters():
        return " It is a parameter: it belongs in [grid]."
    return did_you_mean(key, TOP_KEYS)


def _name(data: Mapping[str, Any], problems: Problems) -> str:
    stem = PurePath(problems.place).stem
    if "name" not in data:
        problems.add("name", f'is missing. Write name = "{names.proposal(stem)}".')
    elif refusal := names.refusal(data["name"], stem):
        problems.add("name", refusal)
    return data.get("name", "")


def _title(data: Mapping[str, Any], problems: Problems) -> str:
    title = data.get("title", "")
    if not isinstance(title, str) or not title.isprintable() or len(title) > 200:
        problems.add("title", f"is {show(title)}; it must be one line of at most 200 printable characters, in quotes.")
    return title


def _grids(data: Mapping[str, Any], problems: Problems, notes: list[str]) -> tuple[Grid, ...]:
    given = data.get("grid")
    tables: list[Any] = given if isinstance(given, list) else [given]
    if not tables or not all(isinstance(table, Mapping) for table in tables):
        required = ", ".join(name for name, parameter in parameters().items() if parameter.required)
        found = "is missing" if "grid" not in data else f"is {show(given)}"
        problems.add("grid", f"{found}; it must be a table [grid] with at least {required}.")
        return ()
    if len(tables) > MAX_GRIDS:
        problems.add("grid", f"has {len(tables)} tables; at most {MAX_GRIDS} make an experiment. Use axes.")
        return ()
    zips = zips_of(data.get("zip", []), tables, problems)
    grids = [grid_of(table, key, zips, problems, notes) for table, key in zip(tables, _keys(given), strict=True)]
    return tuple(grid for grid in grids if grid is not None)


def _keys(given: Any) -> list[str]:
    """Return what the tables of the grid are called in problems."""
    return [f"grid[{i}]" for i in range(len(given))] if isinstance(given, list) else ["grid"]
