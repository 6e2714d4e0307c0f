"""[measure.NAME]: a table switches a measure on; its keys are checked by that measure's own Settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from rnnlab import measures
from rnnlab.errors import UsageError, did_you_mean
from rnnlab.experiment.model import Grid
from rnnlab.experiment.problems import Problems, show, show_key
from rnnlab.experiment.training import check_measures
from rnnlab.trial import parameters

_OWN = "Value error, "  # pydantic's words before those of a ValueError
DEFAULT: dict[str, Any] = {"gradients": {}}  # of a file that names no measure


def measures_of(value: Any, problems: Problems) -> dict[str, BaseModel]:
    """Return the settings of every measure that is switched on, by name."""
    if not isinstance(value, Mapping):
        problems.add("measure", f"is {show(value)}; it must be a table for each measure, as [measure.gradients].")
        return {}
    checked = {name: _settings(name, table, problems) for name, table in (value or DEFAULT).items()}
    return {name: settings for name, settings in checked.items() if settings is not None}


def check_fit(settings: Mapping[str, BaseModel], grids: Mapping[str, Grid], problems: Problems) -> None:
    """Report where measures and grids (by key) do not fit: lags beyond a length, parameters that no measure reads."""
    modules = {name: measures.registry()[name] for name in settings}
    for key, grid in grids.items():
        check_measures(modules, grid, f"{key}.", problems)
    if least := _least(grids.values()):
        check_sizes(settings, least, problems)


def check_sizes(settings: Mapping[str, BaseModel], least: Mapping[str, int], problems: Problems) -> None:
    """Report settings that do not fit these sizes, the smallest of each."""
    for name, each in settings.items():
        misfits = getattr(measures.registry()[name], "misfits", None)
        for setting, message in misfits(each, least) if misfits else ():
            problems.add(f"measure.{show_key(name)}.{setting}", message)


def _least(grids: Iterable[Grid]) -> dict[str, int]:
    """Return the smallest value of every parameter that is an integer."""
    least: dict[str, int] = {}
    for axis in (axis for grid in grids for axis in grid.axes):
        for name, column in zip(axis.names, axis.columns, strict=True):
            if parameters()[name].dtype == "int64":
                smallest = int(min(column[0], column[-1]) if isinstance(column, range) else min(column))
                least[name] = min(smallest, least.get(name, smallest))
    return least


def _settings(name: str, table: Any, problems: Problems) -> BaseModel | None:
    key = f"measure.{show_key(name)}"
    try:
        if name not in measures.registry():
            problems.add(key, f"is unknown.{did_you_mean(name, measures.names())}")
            return None
        measures.registry()[name]
    except UsageError as error:  # of a package: it cannot be imported, or is not what it says
        problems.add(key, f"cannot be used: {error}")
        return None
    if not isinstance(table, Mapping):
        problems.add(key, f"is {show(table)}; it must be a table of settings: write [measure.{name}].")
        return None
    odd = list(_not_json(table))
    for path, item in odd:
        problems.add(f"{key}{path}", f"is {show(item)}; settings are finite numbers, texts, booleans or lists of them.")
    return None if odd else _validated(measures.registry()[name].Settings, table, key, problems)


def _validated(model: type[BaseModel], table: Mapping[str, Any], key: str, problems: Problems) -> BaseModel | None:
    try:  # as JSON, where a list can be a tuple though everything is strict
        return model.model_validate_json(json.dumps(table), strict=True)
    except ValidationError as error:
        for (name, *index), messages in _by_place(error, table).items():
            place = f"{key}.{show_key(name)}" + "".join(f"[{i}]" for i in index)
            problems.add(place if name else key, _message(model, name, _item(table, name, index), messages))
        return None


def _by_place(error: ValidationError, table: Mapping[str, Any]) -> dict[tuple[Any, ...], list[str]]:
    """Return pydantic's messages by setting, and item of a list: a union has one for each of its types."""
    places: dict[tuple[Any, ...], list[str]] = {}
    for problem in error.errors(include_url=False, include_input=False):
        name, *rest = problem["loc"] or ("",)
        index = [i for i in rest[:1] if isinstance(i, int) and isinstance(table.get(str(name)), list)]
        places.setdefault((name, *index), []).append(_told(problem))
    return {place: _of_value(messages) for place, messages in places.items()}


def _told(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "missing":
        return "missing" if len(problem["loc"]) == 1 else "complete in every item"
    return str(problem["msg"])


def _of_value(messages: list[str]) -> list[str]:
    """Return what the measure itself says, where it came so far: then the value is of the right type."""
    own = [message.removeprefix(_OWN) for message in messages if message.startswith(_OWN)]
    return own or messages


def _item(table: Mapping[str, Any], name: str, index: list[int]) -> Any:
    value: Any = table.get(name)
    return value[index[0]] if index else value


def _message(model: type[BaseModel], name: str, value: Any, messages: list[str]) -> str:
    if not name:
        return f"cannot be used: {messages[0]}."
    field = model.model_fields.get(name)
    if field is None:
        known = did_you_mean(name, model.model_fields) if model.model_fields else " This measure has no settings."
        return f"is unknown.{known}"
    meaning = f" It is {field.description}." if field.description else ""
    if messages == ["missing"]:
        return f"is missing.{meaning}"
    words = " or ".join(dict.fromkeys(message.removeprefix("Input should be ") for message in messages))
    return f"is {show(value)}; it must be {words}.{meaning}"


def _not_json(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _not_json(item, f"{path}.{show_key(key)}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _not_json(item, f"{path}[{i}]")
    elif not (value is None or isinstance(value, str) or (isinstance(value, int | float) and abs(value) < 2.0**63)):
        yield path, value  # nan is not below anything
