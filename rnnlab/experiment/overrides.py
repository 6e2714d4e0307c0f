"""`-s KEY=VALUE[,VALUE...]`: values written over those of the file before anything is checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rnnlab import measures
from rnnlab.errors import ExperimentError, did_you_mean
from rnnlab.experiment import toml
from rnnlab.experiment.problems import Problems, show, show_key
from rnnlab.experiment.settings import DEFAULT
from rnnlab.trial import parameters

_TEXTS = ("name", "title")


def apply(data: dict[str, Any], sets: Iterable[str], problems: Problems) -> None:
    """Write overrides into the table of a file; what is wrong with them goes to `problems`.

    KEY is a parameter of [grid] (written into every [[grid]]), name, title, zip, or measure.NAME.SETTING. A VALUE is
    a value, list or range in TOML's words, or a bare word; several values make an axis.
    """
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals or not key.strip() or not value.strip():
            problems.add_at(f"-s {show(text)}", "is incomplete. Write KEY=VALUE[,VALUE...], as -s seed=0,1,2.")
        else:
            _set(data, key.strip(), value.strip(), problems)


def _set(data: dict[str, Any], key: str, text: str, problems: Problems) -> None:
    name = key.removeprefix("grid.")
    if name in parameters():
        problems.overridden[f"grid.{name}"] = key
        for table in data["grid"] if isinstance(data.get("grid"), list) else [data.setdefault("grid", {})]:
            if isinstance(table, dict):
                table[name] = _value(text)
    elif key in _TEXTS or key == "zip":
        problems.overridden[key] = key
        data[key] = text.strip("\"'") if key in _TEXTS else _value(text)
    elif key.startswith("measure.") and key.count(".") == 2:
        _set_measure(data, key, text, problems)
    else:
        known = [*parameters(), *_TEXTS, "zip", *(f"measure.{name}.SETTING" for name in measures.names())]
        problems.add_at(f"-s {show_key(key)}", f"is unknown.{did_you_mean(key, known)}")


def _set_measure(data: dict[str, Any], key: str, text: str, problems: Problems) -> None:
    _, measure, setting = key.split(".")
    problems.overridden[key] = key
    tables = data.get("measure") or {name: dict(settings) for name, settings in DEFAULT.items()}
    if isinstance(tables, dict) and measure not in tables:
        problems.overridden[f"measure.{measure}"] = f"measure.{measure}"
    if isinstance(tables, dict) and isinstance(tables.setdefault(measure, {}), dict):
        tables[measure][setting] = _value(text)
        data["measure"] = tables


def _value(text: str) -> Any:
    """Return what TOML reads in the text, else the text split at its commas, else the bare words themselves."""
    whole = _scalar(text)
    if whole is not text:
        return whole
    return [_scalar(part.strip()) for part in text.split(",")] if "," in text else text


def _scalar(text: str) -> Any:
    try:
        table = toml.loads(f"value = {text}", "-s")
    except ExperimentError:
        return text
    return table["value"] if table.keys() == {"value"} else text
