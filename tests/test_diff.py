"""What distinguishes two experiments: parameters, versions, and every number, in bits."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

import rnnlab
from rnnlab import api, measures
from rnnlab import store as stores
from rnnlab.cli import main
from rnnlab.comparison import aligning, differing
from rnnlab.errors import UsageError
from tests.altered import EXPERIMENT, altered, mapped, put


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    api.run(EXPERIMENT, store=store)
    return store


def call(*arguments, code=0):
    done = CliRunner().invoke(main, ["diff", *map(str, arguments)], prog_name="rnnlab")
    assert done.exit_code == code, done.output
    return done.stdout


def column(found, table, name):
    (table,) = (each for each in found.tables if each.table == table)
    (column,) = (each for each in table.columns if each.column == name)
    return column


def one(table, column, row, value):
    """A change of one value of one table."""

    def change(name, rows):
        if name != table:
            return rows
        values = rows[column].to_pylist()
        values[row] = value(values[row]) if callable(value) else value
        return put(rows, column, values)

    return change


def test_every_long_table_has_what_tells_its_rows_apart():
    for measure in measures.registry().values():
        for table in measure.TABLES:
            assert bool(aligning.coordinates(table)) == (table != measure.NAME), table


def test_the_same_is_the_same(store):
    found = rnnlab.diff("small", "small", store=store)
    assert not found.differs
    assert (found.trials.only_a, found.trials.only_b, found.trials.both) == (0, 0, 40)
    assert [each.table for each in found.tables] == ["gradients", "gradients_by_step", "lags", "lags_by_lag"]
    assert [each.rows for each in found.tables] == [40, 80, 40, 40 * 12]
    assert not any((found.changes.parameters, found.changes.measures, found.changes.versions, found.changes.machine))
    assert "the same, bit for bit" in call("small", "small", "--store", store, "--exit-code")


def test_one_flipped_last_bit_is_found_and_placed(store, tmp_path):
    other = altered(store, tmp_path, one("gradients_by_step", "state_rms", 5, lambda x: math.nextafter(x, 9)))
    found = rnnlab.diff("small", "small", store=store, other_store=other)
    assert [each.table for each in found.tables if each.differs] == ["gradients_by_step"]
    bit = column(found, "gradients_by_step", "state_rms")
    row = stores.read(stores.layout(store, "small"), "gradients_by_step").slice(5, 1).to_pylist()[0]
    assert (bit.different, bit.rows, bit.nulls, bit.nans) == (1, 80, 0, 0)
    assert bit.where == {"key": row["key"], "t": row["t"]}
    assert (bit.a, bit.b) == (row["state_rms"], math.nextafter(row["state_rms"], 9))
    assert bit.largest_absolute == math.ulp(row["state_rms"])
    assert bit.largest_relative == pytest.approx(2**-53, rel=1.01)
    assert "state_rms" in call("small", "small", "--store", store, "--other-store", other)
    call("small", "small", "--store", store, "--other-store", other, "--exit-code", code=3)


@pytest.mark.parametrize(
    ("value", "nulls", "nans", "absolute"),
    [(None, 1, 0, None), (math.nan, 0, 1, None), (math.inf, 0, 0, None), (1e308, 0, 0, 1e308)],
)
def test_null_nan_and_inf_are_told_apart(store, tmp_path, value, nulls, nans, absolute):
    other = altered(store, tmp_path, one("gradients", "loss", 3, value))
    bit = column(rnnlab.diff("small", "small", store=store, other_store=other), "gradients", "loss")
    assert (bit.different, bit.nulls, bit.nans, bit.largest_absolute) == (1, nulls, nans, absolute)
    back = column(rnnlab.diff("small", "small", store=other, other_store=store), "gradients", "loss")
    assert (back.different, back.nulls, back.nans) == (1, nulls, nans)


def test_null_beside_nan_is_a_difference(store, tmp_path):
    null = altered(store, tmp_path / "a", one("gradients", "loss", 3, None))
    nan = altered(store, tmp_path / "b", one("gradients", "loss", 3, math.nan))
    bit = column(rnnlab.diff("small", "small", store=null, other_store=nan), "gradients", "loss")
    assert (bit.different, bit.nulls, bit.nans) == (1, 1, 0)
    assert not rnnlab.diff("small", "small", store=nan, other_store=nan).differs


def test_minus_zero_and_words_are_compared(store, tmp_path):
    plus = altered(store, tmp_path / "a", one("gradients", "loss", 3, 0.0))
    minus = altered(store, tmp_path / "b", one("gradients", "loss", 3, -0.0))
    zero = column(rnnlab.diff("small", "small", store=plus, other_store=minus), "gradients", "loss")
    assert (zero.different, zero.largest_absolute, zero.largest_relative) == (1, 0.0, 0.0)
    other = altered(store, tmp_path / "c", one("gradients", "status", 0, "diverged"))
    words = column(rnnlab.diff("small", "small", store=store, other_store=other), "gradients", "status")
    assert (words.different, words.a, words.b, words.largest_absolute) == (1, "ok", "diverged", None)


def test_the_largest_deviations_are_those_of_numpy(store, tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=80)
    other = altered(
        store, tmp_path,
        lambda name, rows: mapped(rows, ["state_rms"], lambda x, _: x + noise) if name == "gradients_by_step" else rows,
    )  # fmt: skip
    found = column(rnnlab.diff("small", "small", store=store, other_store=other), "gradients_by_step", "state_rms")
    x = stores.read(stores.layout(store, "small"), "gradients_by_step")["state_rms"].to_numpy()
    apart = np.abs((x + noise) - x)
    assert found.largest_absolute == apart.max()
    assert found.largest_relative == (apart / np.maximum(np.abs(x), np.abs(x + noise))).max()


def test_parts_are_the_whole(store, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)

    def change(name, rows):
        values = rows[(column := "state_rms" if "t" in rows.column_names else "share")].to_pylist()
        for i, value in zip(
            rng.choice(len(values), 9, replace=False), [None, math.nan, *rng.normal(size=7)], strict=True
        ):
            values[i] = value
        return put(rows, column, values)

    other = altered(store, tmp_path, lambda name, rows: change(name, rows) if "_by_" in name else rows)
    whole = rnnlab.diff("small", "small", store=store, other_store=other)
    monkeypatch.setattr(differing, "_ROWS", 30)
    calls = []
    monkeypatch.setattr(differing, "paired", lambda *each: calls.append(each) or aligning.paired(*each))
    assert rnnlab.diff("small", "small", store=store, other_store=other) == whole
    assert len(calls) > 20
    assert column(whole, "lags_by_lag", "share").different == 9


def test_grids_that_overlap(store, tmp_path):
    grid = {**EXPERIMENT["grid"], "seed": {"range": [8, 12]}}
    api.run({**EXPERIMENT, "grid": grid, "measure": {"gradients": {"steps": 6}}}, store=tmp_path)
    found = rnnlab.diff("small", "small", store=store, other_store=tmp_path)
    assert (found.trials.only_a, found.trials.only_b, found.trials.both) == (32, 8, 8)
    assert found.tables_only_a == ("lags", "lags_by_lag")
    assert [change.name for change in found.changes.parameters] == ["seed"]
    assert not found.differs


def test_settings_and_versions_are_told(store, tmp_path, monkeypatch):
    monkeypatch.setattr(measures.registry()["gradients"], "VERSION", 7)
    api.run({**EXPERIMENT, "measure": {"gradients": {"steps": 4}}}, store=tmp_path)
    found = rnnlab.diff("small", "small", store=store, other_store=tmp_path)
    assert ("gradients.version", 1, 7) in [(c.name, c.a, c.b) for c in found.changes.measures]
    assert ("gradients.steps", 6, 4) in [(c.name, c.a, c.b) for c in found.changes.measures]
    (steps,) = (each for each in found.tables if each.table == "gradients_by_step")
    assert (steps.rows, steps.only_a, steps.only_b) == (40, 40, 80)  # t = 12 alone is in both
    assert not any(each.different for each in steps.columns)


def test_versions_and_machine_are_told(store, tmp_path):
    other = altered(store, tmp_path, lambda name, rows: rows)
    place = stores.layout(other, "small")
    manifest = stores.read_manifest(place)
    description = manifest["environments"][manifest["environment"]]
    description["packages"]["numpy"] = "9.9"
    description["machine"]["cpu"] = "another"
    description["blas"][0]["architecture"] = "Another"
    stores.write_manifest(place, {key: value for key, value in manifest.items() if key != "format"})
    found = rnnlab.diff("small", "small", store=store, other_store=other)
    assert [(change.name, change.b) for change in found.changes.versions] == [("packages.numpy", "9.9")]
    machine = {change.name: change.b for change in found.changes.machine}
    assert machine.pop("machine.cpu") == "another"
    assert list(machine.values()) == ["Another"]
    assert all(name.startswith("blas") for name in machine)


def test_paths_name_experiments_of_other_stores(store, tmp_path):
    shutil.copytree(store / "small", tmp_path / "renamed")
    for path in (tmp_path / "renamed", tmp_path / "renamed" / "manifest.json"):
        assert not rnnlab.diff("small", path, store=store).differs
    with pytest.raises(UsageError, match=r"no manifest\.json"):
        rnnlab.diff("small", tmp_path / "none" / "x", store=store)
    with pytest.raises(UsageError, match="Did you mean small"):
        rnnlab.diff("small", "smal", store=store)
    assert "Did you mean" in CliRunner().invoke(main, ["diff", "smal", "small", "--store", str(store)]).output


@pytest.mark.parametrize("source", ["x" * 5000, "a/" + "x" * 5000, "a\0b", "a/\0", "", ".", "manifest.json", "UPPER"])
def test_what_is_no_name_and_no_path(store, source):
    with pytest.raises(UsageError):
        rnnlab.diff(source, "small", store=store)


def test_a_name_of_the_store_comes_before_a_folder_here(store, tmp_path, monkeypatch):
    altered(store, tmp_path, one("gradients", "loss", 3, 1.0))
    monkeypatch.chdir(tmp_path)
    assert not rnnlab.diff("small", "small", store=store).differs
    assert rnnlab.diff("small", "./small/manifest.json", store=store).differs
    assert not rnnlab.diff("small", "small", store="nowhere").differs  # there is no such name, but such a folder


def test_json(store, tmp_path):
    other = altered(store, tmp_path, one("gradients", "loss", 3, math.inf))
    found = json.loads(call("small", "small", "--store", store, "--other-store", other, "--json"))
    assert found["differs"]
    assert found["trials"] == {"only_a": 0, "only_b": 0, "both": 40}
    (loss,) = (each for each in found["tables"][0]["columns"] if each["column"] == "loss")
    assert (loss["different"], loss["b"]) == (1, None)


def test_every_long_table_has_coordinates():
    for module in measures.registry().values():
        for table in module.TABLES:
            assert bool(aligning.coordinates(table)) == (table != module.NAME)
