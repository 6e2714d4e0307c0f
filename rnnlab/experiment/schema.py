"""The JSON Schema of an experiment file, made from what checks it: parameters, ranges and the measures' Settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from rnnlab import measures, plugins
from rnnlab.experiment.model import SCHEMA
from rnnlab.experiment.names import PATTERN, RULE
from rnnlab.experiment.ranges import Spacing
from rnnlab.trial import Parameter, parameters

DRAFT = "http://json-schema.org/draft-07/schema#"  # what editors for TOML know
_NUMBERS = ("int64", "float64")


def json_schema() -> dict[str, Any]:
    """Return what may stand in an experiment file, as far as JSON Schema can say it, with a description of every key.

    What it cannot say is told by `rnnlab plan`: sizes that a task has, parameters that belong together, unequal ties.
    """
    return {
        "$schema": DRAFT,
        "title": "rnnlab experiment",
        "description": "A grid of recurrent networks, and what is measured of them.",
        "type": "object",
        "additionalProperties": False,
        "required": ["schema", "name", "grid"],
        "properties": {
            "schema": {"const": SCHEMA, "description": "The version of this format."},
            "name": _name(),
            "title": {
                "type": "string",
                "maxLength": 200,
                "pattern": r"^[^\n\r\t\x00-\x1f\x7f]*$",
                "description": "The question in a line, for tables and figures.",
                "default": "",
            },
            "zip": _zip(),
            "grid": {
                "description": "A grid: the product of its axes. Several, [[grid]], are a union.",
                "anyOf": [
                    {"$ref": "#/definitions/grid"},
                    {"type": "array", "items": {"$ref": "#/definitions/grid"}, "minItems": 1, "maxItems": 1000},
                ],
            },
            "measure": _measures(),
        },
        "definitions": {"grid": _grid(), "range": _range()},
    }


def _name() -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": f"^(?!.*\\.\\.|.*\\.$){PATTERN.pattern}$",
        "description": f"The folder of the results: {RULE}.",
    }


def _zip() -> dict[str, Any]:
    names = {"type": "array", "items": {"enum": list(parameters())}, "minItems": 2, "uniqueItems": True}
    return {"type": "array", "items": names, "description": "Axes that are tied: they take their values side by side."}


def _grid() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, parameter in parameters().items() if parameter.required],
        "properties": {name: _parameter(parameter) for name, parameter in parameters().items()},
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    """Return that a parameter is one value, a list of them, or where it is a number a range."""
    value = TypeAdapter(parameter.type).json_schema()
    if parameter.name in plugins.KINDS:
        value["enum"] += [entry.name for entry in plugins.entries(parameter.name)]
    kinds = [value, {"type": "array", "items": value, "minItems": 1}]
    if parameter.name in plugins.KINDS:  # and that of one version
        full = {"type": "string", "pattern": plugins.FULL}
        kinds += [full, {"type": "array", "items": {"anyOf": [value, full]}, "minItems": 1}]
    if parameter.dtype in _NUMBERS:
        kinds += [{"$ref": "#/definitions/range"}, _spaced(value)]
    default = {} if parameter.default is None else {"default": parameter.default}
    return {"description": f"{parameter.doc}.", **default, "anyOf": kinds}


def _range() -> dict[str, Any]:
    whole = {"type": "integer"}
    several = {"type": "array", "items": whole, "minItems": 1, "maxItems": 3}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["range"],
        "properties": {
            "range": {
                "anyOf": [{**whole, "minimum": 1}, several],
                "description": "n, [a, b] or [a, b, step] of whole numbers, as Python's range.",
            }
        },
    }


def _spaced(value: Mapping[str, Any]) -> dict[str, Any]:
    spacing = {**TypeAdapter(Spacing).json_schema(), "default": "linear", "description": "How the values are spaced."}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["start", "stop", "num"],
        "properties": {
            "start": {**value, "description": "The first value."},
            "stop": {**value, "description": "The last value, which belongs to it."},
            "num": {"type": "integer", "minimum": 1, "description": "How many values."},
            "spacing": spacing,
        },
    }


def _measures() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A table switches a measure on; its keys are that measure's settings. Without any: gradients.",
        "additionalProperties": False,
        "properties": {name: _settings(name) for name in measures.registry()} | _of_packages(),
    }


def _of_packages() -> dict[str, Any]:
    """Return that measures of packages may have any settings here: to tell which, they would have to be imported."""
    return {
        entry.name: {"type": "object", "description": f"Of the package {entry.package} {entry.version}."}
        for entry in plugins.entries("measure")
    }


def _settings(name: str) -> dict[str, Any]:
    """Return the schema of a measure's settings; what pydantic sets apart in $defs stands where it is used."""
    module = measures.registry()[name]
    schema = module.Settings.model_json_schema()
    about = (module.__doc__ or "").strip().split("\n")[0].removeprefix(f"{name}:").strip()
    fields = {key: _sentence(field) for key, field in schema.get("properties", {}).items()}
    return {
        "type": "object",
        "description": about,
        "additionalProperties": False,
        **({"required": schema["required"]} if "required" in schema else {}),
        "properties": _inlined(fields, schema.get("$defs", {})),
    }


def _sentence(field: Mapping[str, Any]) -> dict[str, Any]:
    """Return a setting without pydantic's title, and without null, which TOML has not."""
    kept = {key: value for key, value in field.items() if key != "title" and not (key == "default" and value is None)}
    if "anyOf" in kept:
        kept["anyOf"] = [each for each in kept["anyOf"] if each != {"type": "null"}]
    return {**kept, "description": f"{kept['description']}."} if kept.get("description") else kept


def _inlined(value: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        if "$ref" in value:
            rest = {key: each for key, each in value.items() if key != "$ref"}
            return _inlined({**definitions[value["$ref"].rpartition("/")[2]], **rest}, definitions)
        return {key: _inlined(each, definitions) for key, each in value.items()}
    return [_inlined(each, definitions) for each in value] if isinstance(value, list) else value
