"""Write the pages of docs/reference that are made from the code, columns and experiment file: `make docs`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import MaxLen

from rnnlab import measures, store
from rnnlab.columns import KEY, Column
from rnnlab.experiment.model import SCHEMA
from rnnlab.trial import Parameter, parameters

HERE = Path(__file__).with_name("reference")
COLUMNS = """\
# Columns

Made from the code by `make docs`; a test checks that it is current. `null` means that there is no such number, for
instance of a diverged trial; `nan` and `inf` are results.
"""
EXPERIMENT_FILE = f"""\
# Keys of the experiment file

Every key that an experiment file may hold, made from the code by `make docs`; a test checks that it is current.
[The experiment file](../experiment-file.md) explains ranges, zips and unions.

## Top level

| key | meaning |
| --- | --- |
| `schema` | version of this format: {SCHEMA} |
| `name` | the folder of the results: `[a-z0-9][a-z0-9._-]{{0,63}}` |
| `title` | optional: the question in a line, at most 200 characters |
| `zip` | optional: lists of parameters that take their values together |
| `[grid]` | the parameters below; `[[grid]]`, several times, is a union of grids |
| `[measure.NAME]` | switches the measure NAME on; its keys are that measure's settings. Without any: `gradients` |
"""
_BOOKKEEPING = {
    "failures": "a row per trial and measure that raised: key, parameters and these",
    "timings": "a row per trial and measure that was computed: key and these",
}
_BOUNDS = {"minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "to {}", "exclusiveMaximum": "below {}"}
_KINDS = {"integer": "whole number", "number": "number", "array": "list"}


def pages() -> dict[Path, str]:
    """Return the pages and their text."""
    return {HERE / "columns.md": columns(), HERE / "experiment-file.md": experiment_file()}


def columns() -> str:
    """Return the page of all columns of all tables."""
    given = [parameter.column for parameter in parameters().values()]
    text = (
        "Every per-trial table has these: the key, then the [parameters](experiment-file.md#parameters) of the trial."
    )
    parts = [COLUMNS, _described("Parameters", text, [KEY, *given])]
    for name, measure in measures.registry().items():
        for table in measure.TABLES:
            rows = "One row per trial: key, parameters and these." if table == name else "A long table: key and these."
            parts.append(_table(table, f"{rows} Measure `{name}`, version {measure.VERSION}."))
    parts += [_table(table, f"Bookkeeping, {_BOOKKEEPING[table]}.") for table in store.BOOKKEEPING]
    return "\n".join(parts)


def experiment_file() -> str:
    """Return the page of all keys of an experiment file: parameters, and the settings of each measure."""
    text = "What may stand in `[grid]`, each with one value, a list or a range."
    rows = [[_names(p), p.dtype, _allowed(p.type), _default(p), p.doc] for p in parameters().values()]
    parts = [
        EXPERIMENT_FILE,
        _section("Parameters", text, ["parameter", "type", "allowed", "default", "meaning"], rows),
    ]
    return "\n".join([*parts, *(_settings(name, each.Settings) for name, each in measures.registry().items())])


def _settings(measure: str, settings: Any) -> str:
    described = settings.model_json_schema()["properties"]
    rows = [
        [f"`{name}`", _of_schema(each), _set(each["default"]), each["description"]] for name, each in described.items()
    ]
    head = ["setting", "allowed", "default", "meaning"]
    return _section(f"`[measure.{measure}]`", "" if rows else "It has no settings.", head, rows)


def _of_schema(schema: Mapping[str, Any]) -> str:
    """Return in words what a JSON Schema allows."""
    if "anyOf" in schema:
        return ", or ".join(_of_schema(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")]))
    if schema["type"] == "boolean":
        return "`true`, `false`"
    if schema["type"] == "array" and "items" in schema and "prefixItems" in schema["items"]:
        return "list of pairs"
    bounds = [words.format(schema[key]) for key, words in _BOUNDS.items() if key in schema]
    return " ".join([_KINDS[schema["type"]], *bounds])


def _set(default: Any) -> str:
    return "not set" if default is None else f"`{json.dumps(default)}`"


def _names(parameter: Parameter) -> str:
    column = parameter.column.name
    return f"`{parameter.name}`" + ("" if column == parameter.name else f" (column `{column}`)")


def _table(table: str, text: str) -> str:
    known = [KEY.name, *(parameter.column.name for parameter in parameters().values())]
    return _described(f"Table `{table}`", text, [each for each in store.columns_of(table) if each.name not in known])


def _described(title: str, text: str, described: Iterable[Column]) -> str:
    rows = [[f"`{c.name}`", c.dtype, c.unit, c.doc] for c in described]
    return _section(title, text, ["column", "type", "unit", "meaning"], rows)


def _section(title: str, text: str, head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows] if rows else []
    table = ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]
    return "\n".join([f"## {title}", *(["", text] if text else []), *(["", *table] if table else []), ""])


def _cell(text: str) -> str:
    return re.sub(r"docs/([\w-]+)\.md", r"[\1](../\1.md)", text.replace("|", "\\|"))


def _allowed(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    (constraint,) = kind.__metadata__
    if isinstance(constraint, MaxLen):
        return f"at most {constraint.max_length} characters"
    low = f"above {constraint.gt}" if constraint.ge is None else f"{constraint.ge}"
    return f"{low} to {constraint.le}" if constraint.lt is None else f"{low} to below {constraint.lt}"


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    if parameter.default is None:
        return "the task's, or the width"
    return f"`{parameter.default}`" if parameter.default != "" else ""


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
