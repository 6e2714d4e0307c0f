"""One file out of a store: every digit, every type, whole or not at all."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import rnnlab
from rnnlab import api
from rnnlab.api import exporting
from rnnlab.cli import main
from rnnlab.errors import UsageError
from tests.altered import EXPERIMENT


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    grid = {**EXPERIMENT["grid"], "recurrent_scale": [0.5, 1e9], "length": 60}  # ReLU diverges
    api.run({**EXPERIMENT, "grid": grid}, store=store)
    return store


def call(*arguments, code=0):
    done = CliRunner().invoke(main, ["export", *map(str, arguments)], prog_name="rnnlab")
    assert done.exit_code == code, done.output
    return done


def read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_trials_with_every_digit(store, tmp_path, suffix):
    done = rnnlab.export("small", tmp_path / f"all{suffix}", store=store)
    trials = rnnlab.load("small", store).trials
    assert (done.rows, done.columns) == (40, tuple(trials.columns))
    assert done.bytes == done.path.stat().st_size
    found = read(done.path)
    assert (trials["status"] == "diverged").any()
    assert (found["status"] == trials["status"]).all()
    for name in trials.select_dtypes("number"):
        pd.testing.assert_series_equal(found[name], trials[name], check_exact=True, check_dtype=False)
    assert list(tmp_path.iterdir()) == [done.path]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_long_table_has_the_parameters(store, tmp_path, suffix):
    done = rnnlab.export("small", tmp_path / f"steps{suffix}", table="gradients_by_step", store=store)
    found = read(done.path)
    plain = rnnlab.load("small", store).table("gradients_by_step")
    assert len(found) == done.rows == 400
    assert {"seed", "width", "loss_function", "recurrent_scale"} < set(found.columns)
    assert (found["key"] == plain["key"]).all()
    pd.testing.assert_series_equal(found["state_rms"], plain["state_rms"], check_exact=True)


def test_integers_that_can_be_null_stay_integers(store, tmp_path):
    schema = pq.read_schema(rnnlab.export("small", tmp_path / "all.parquet", store=store).path)
    assert schema.field("diverged_at").type == schema.field("lags_diverged_at").type == pa.int64()
    assert schema.field("lags_status").type == pa.string()
    table = pyarrow.csv.read_csv(rnnlab.export("small", tmp_path / "all.csv", store=store).path)
    assert table["diverged_at"].type == pa.int64()


def test_columns_and_conditions(store, tmp_path):
    some = tmp_path / "some.csv"
    call("small", "-o", some, "--columns", "seed,growth_rate", "--where", "activation=tanh", "--store", store)
    found = read(some)
    assert list(found.columns) == ["seed", "growth_rate"]
    assert len(found) == 20
    arguments = ("small", "-o", some, "--table", "lags_by_lag", "--where", "lag=1,2", "--where", "seed=3")
    call(*arguments, "--columns", "activation,lag,share", "--store", store)
    assert read(some)["lag"].tolist() == [1, 2] * 4


def test_in_parts(store, tmp_path, monkeypatch):
    whole = read(rnnlab.export("small", tmp_path / "whole.parquet", table="lags_by_lag", store=store).path)
    monkeypatch.setattr(exporting, "_ROWS", 50)
    parts = rnnlab.export("small", tmp_path / "parts.parquet", table="lags_by_lag", store=store)
    assert pq.ParquetFile(parts.path).num_row_groups > 1
    pd.testing.assert_frame_equal(read(parts.path), whole)
    where = {"seed": 7, "activation": "relu"}
    few = rnnlab.export("small", tmp_path / "few.csv", table="lags_by_lag", where=where, store=store)
    assert few.rows == 120
    with pytest.raises(UsageError, match="no trial has seed = 99"):
        rnnlab.export("small", tmp_path / "none.csv", table="lags_by_lag", where={"seed": 99}, store=store)
    assert not (tmp_path / "none.csv").exists()


def test_json_and_path(store, tmp_path):
    path = tmp_path / "new folder" / "all.parquet"
    assert call("small", "-o", path, "--store", store).stdout == f"{path}\n"
    told = json.loads(call("small", "-o", path, "--store", store, "--json").stdout)
    assert (told["path"], told["rows"], told["bytes"]) == (str(path), 40, path.stat().st_size)


def test_what_cannot_be(store, tmp_path):
    assert "ends in .parquet or .csv" in call("small", "-o", tmp_path / "x.xlsx", "--store", store, code=2).output
    out = tmp_path / "x.csv"
    assert (
        "no column los"
        in call("small", "-o", out, "--columns", "los", "--table", "lags", "--store", store, code=2).output
    )
    assert "Did you mean" in call("small", "-o", out, "--columns", "growth_rat", "--store", store, code=2).output
    assert "no table lag" in call("small", "-o", out, "--table", "lag", "--store", store, code=2).output
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(store, tmp_path, monkeypatch):
    out = tmp_path / "x.parquet"
    rnnlab.export("small", out, store=store)
    before = out.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(exporting.os, "fsync", full)
    assert "No space left" in call("small", "-o", out, "--columns", "key", "--store", store, code=6).output
    assert out.read_bytes() == before
    assert list(tmp_path.iterdir()) == [out]
