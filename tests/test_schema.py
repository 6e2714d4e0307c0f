"""The JSON Schema of experiment files: what runs is valid, what is built wrongly is refused, every key is described."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from rnnlab import api, experiment
from rnnlab.cli import main
from rnnlab.measures import registry
from rnnlab.trial import parameters
from tests import bad_files

ROOT = Path(__file__).parent.parent
SCHEMA = experiment.json_schema()
VALIDATOR = Draft7Validator(SCHEMA)
# What a schema cannot say: that numbers belong together, that a name is met elsewhere, how TOML wrote a number.
BEYOND = {
    "empty range of two", "range with step 0", "range out of bounds", "range beyond 2^63", "num 1",
    "too dense", "too dense in logs", "num 10^30", "log from 0", "10^12 rounded numbers", "zip of an absent axis",
    "zip twice", "zip of unequal lengths", "scale nan", "start nan",
}  # fmt: skip
FAKE = {name for name, case in bad_files.KEYS.items() if "skip" in case[0] or "measure.lags" in str(case[0])}


def problems(text):
    return list(VALIDATOR.iter_errors(tomllib.loads(text)))


def test_it_is_a_schema():
    Draft7Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*.toml")), ids=lambda path: path.stem)
def test_experiments_are_valid(path):
    assert problems(path.read_text(encoding="utf-8")) == []


def test_what_new_writes_and_what_manifests_hold_is_valid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in registry():
        drafted = api.new("mine", measures=[name], force=True)
        assert problems(drafted.text) == []
        VALIDATOR.validate({k: v for k, v in experiment.read("mine").resolved().items() if k != "measure"})


REFUSED = {
    name: case[0]
    for name, case in {**bad_files.VALUES, **bad_files.RANGES, **bad_files.KEYS}.items()
    if name not in BEYOND | FAKE
}


def test_most_of_the_corpus_can_be_said():
    assert len(REFUSED) >= 80


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_built_wrongly_is_refused(name):
    assert problems(REFUSED[name])


@pytest.mark.parametrize("name", sorted(BEYOND))
def test_what_cannot_be_said_is_still_missing(name):
    """A case that the schema learns to refuse leaves the list."""
    case = {**bad_files.VALUES, **bad_files.RANGES, **bad_files.KEYS}[name]
    assert not problems(case[0])


def test_every_key_is_described():
    grid = SCHEMA["definitions"]["grid"]["properties"]
    assert list(grid) == list(parameters())
    tables = SCHEMA["properties"]["measure"]["properties"]
    assert list(tables) == list(registry())
    keys = [*SCHEMA["properties"].values(), *grid.values(), *tables.values()]
    keys += [setting for table in tables.values() for setting in table["properties"].values()]
    for key in keys:
        assert key["description"].endswith((".", "?", "≤"))
    for name, parameter in parameters().items():
        assert grid[name].get("default") == parameter.default
    assert grid["activation"]["anyOf"][0]["enum"][:3] == ["tanh", "sigmoid", "relu"]


def test_settings_are_those_of_the_measures():
    tables = SCHEMA["properties"]["measure"]["properties"]
    for name, module in registry().items():
        assert list(tables[name]["properties"]) == list(module.Settings.model_fields)


def test_the_command(tmp_path):
    printed = CliRunner().invoke(main, ["schema"])
    assert json.loads(printed.stdout) == SCHEMA
    file = tmp_path / "deep" / "rnnlab.schema.json"
    done = CliRunner().invoke(main, ["schema", "-o", str(file)])
    assert done.stdout == f"{file}\n"
    assert "#:schema ./rnnlab.schema.json" in done.stderr
    assert json.loads(file.read_text(encoding="utf-8")) == SCHEMA
