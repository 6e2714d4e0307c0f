"""Row 24: a hostile manifest or Parquet file is data: nothing in it is evaluated, imported, unpickled or registered."""

from __future__ import annotations

import contextlib
import json
import pickle
import shutil
import warnings
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rnnlab import api, store
from rnnlab.errors import StoreDamaged
from rnnlab.store import digest, parquet
from rnnlab.store.layouts import FileName
from tests.faults.runs import SMALL, call, files_of


class Bomb:
    """Unpickling this leaves a trace."""

    def __reduce__(self):
        return Path.touch, (Path("exploded").absolute(),)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("done")
    (folder / "small.toml").write_text(SMALL, encoding="utf-8")
    call("run", folder / "small.toml", "--store", folder / "s")
    return folder


@pytest.fixture
def place(done, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(done / "s", "s")
    shutil.copy(done / "small.toml", ".")
    return Path("s", "small")


def renamed(path: Path, table: pa.Table) -> Path:
    """Put a table in the place of a file, under a name that vouches for its bytes: no hash will give it away."""
    pq.write_table(table, path)
    new = path.with_name(str(FileName(FileName.parse(path.name).trials, parquet.content(path.read_bytes()))))
    return path.rename(new)


def _with_metadata(table: pa.Table) -> pa.Table:
    bomb = pickle.dumps(Bomb())
    extension = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": bomb}
    fields = [field.with_metadata({**(field.metadata or {}), **extension}) for field in table.schema]
    pandas = json.dumps({"columns": [{"name": "key", "pandas_type": "object", "numpy_type": "os.system"}]}).encode()
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields, metadata={b"pandas": pandas, b"pickle": bomb}))


def _with_a_schema(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata({b"ARROW:schema": pickle.dumps(Bomb())})


def _with_objects(table: pa.Table) -> pa.Table:
    bombs = pa.array([pickle.dumps(Bomb())] * len(table), pa.binary())
    return table.set_column(table.column_names.index("verdict"), "verdict", bombs)


def _with_extension_types(table: pa.Table) -> pa.Table:
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16] * len(table), pa.binary(16)))
    return table.set_column(table.column_names.index("loss"), "loss", uuids)


def _with_lists(table: pa.Table) -> pa.Table:
    return table.set_column(table.column_names.index("seed"), "seed", pa.array([[1]] * len(table)))


def _with_dictionary_of_nulls(table: pa.Table) -> pa.Table:
    column = pa.DictionaryArray.from_arrays(pa.array([None] * len(table), pa.int8()), pa.array(["x"]))
    return table.set_column(table.column_names.index("key"), "key", column)


HOSTILE = (_with_metadata, _with_a_schema, _with_objects, _with_extension_types, _with_lists, _with_dictionary_of_nulls)


@pytest.mark.parametrize("make", HOSTILE)
def test_a_hostile_table_is_read_as_data_or_refused(place, make):
    path = next((place / "gradients").glob("*.parquet"))
    renamed(path, make(pq.read_table(path)))
    with contextlib.suppress(StoreDamaged):
        frame = api.load("small", "s").trials
        assert {"float64", "int64"} <= {str(kind) for kind in frame.dtypes}
        assert not any(isinstance(value, Bomb) for value in frame.to_numpy().ravel())
    for command in (["ls"], ["show", "small"], ["plan", "small.toml"], ["run", "small.toml"]):
        outcome(command)
    assert not Path("exploded").exists()


def outcome(command: list[str]) -> int:
    from click.testing import CliRunner

    from rnnlab.cli import main

    with warnings.catch_warnings():
        warnings.simplefilter("default")  # a measure that nobody has is told as a warning
        done = CliRunner().invoke(main, [*command, "--store", "s"])
    assert "Traceback" not in done.output
    assert done.exit_code in (0, 2, 4, 6), done.output
    return done.exit_code


def test_metadata_that_pretends_to_be_pickled_changes_nothing(place):
    before = api.load("small", "s").trials
    path = next((place / "gradients").glob("*.parquet"))
    renamed(path, _with_metadata(pq.read_table(path)))
    assert api.load("small", "s").trials.equals(before)
    assert not Path("exploded").exists()


ODD = {
    "nothing": lambda good: {},
    "no experiment": lambda good: {**good, "experiment": None},
    "a list for an experiment": lambda good: {**good, "experiment": []},
    "no grid": lambda good: {**good, "experiment": {}},
    "a list of measures": lambda good: {**good, "measures": []},
    "a module for a measure": lambda good: {**good, "measures": {"os": {"settings": "x", "version": 1}}},
    "a measure without label": lambda good: {**good, "measures": {"gradients": None}},
    "settings of another type": lambda good: {**good, "measures": {"gradients": {"settings": 3, "version": "x"}}},
    "a number of files": lambda good: {**good, "files": 3},
    "files outside": lambda good: {**good, "files": [{**good["files"][0], "path": "../../../x"}]},
    "nameless files": lambda good: {**good, "files": [{}]},
    "a list for a summary": lambda good: {**good, "summary": []},
    "an empty summary": lambda good: {**good, "summary": {}},
    "words for numbers": lambda good: {**good, "summary": {**good["summary"], "failed": "x", "diverged": None}},
    "a list of environments": lambda good: {**good, "environments": []},
    "a year for a date": lambda good: {**good, "finished": 2026, "started": 2026},
    "code in the title": lambda good: {**good, "experiment": {**good["experiment"], "title": "{7*7}\x1b[2J"}},
    "another name": lambda good: {**good, "name": "../x", "experiment": {**good["experiment"], "name": "../x"}},
    "code for an activation": lambda good: with_grid(good, activation="__import__('os').system('touch exploded')"),
    "a number for a network": lambda good: {**good, "experiment": {"network": 3}},
    "an empty network": lambda good: {**good, "experiment": {"network": {}}},
}


def with_grid(good: dict, **grid: object) -> dict:
    return {**good, "experiment": {**good["experiment"], "grid": {**good["experiment"]["grid"], **grid}}}


@pytest.mark.parametrize("case", ODD)
def test_a_sealed_manifest_of_any_content_is_no_bug_and_touches_nothing_outside(place, case):
    good = store.read_manifest(store.layout("s", "small"))
    (place / "manifest.json").write_bytes(digest.seal(ODD[case](good)))
    tables = files_of(place)
    key = pq.read_table(tables[0])["key"][0].as_py()
    for command in (["ls"], ["show", "small"], ["plan", "small.toml"], ["plan", "small"]):
        outcome(command)
    outcome(["extract", "small", key, "-o", "x.npz"])
    assert files_of(place) == tables
    assert sorted({p.name for p in Path().iterdir()} - {"x.npz"}) == ["s", "small.toml"]
    if outcome(["run", "small.toml"]) == 0:
        assert outcome(["show", "small"]) == 0
    assert files_of(place) == tables
