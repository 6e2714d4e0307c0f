"""Experiments without gradients, and with several measures: show, plot, ls and the trials of their results."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from rnnlab import analysis, api, experiment, measures
from rnnlab.cli import main
from rnnlab.cli.statistics_table import with_interval
from rnnlab.errors import UsageError
from rnnlab.runner.warming import warm

TEXT = """\
schema = 1
name = "{name}"
title = "Without gradients"

[grid]
activation = ["tanh", "relu"]
recurrent_scale = [0.5, 2.0, 1e9]
length = 60
width = 8
seed = {{ range = 3 }}

"""
TABLES = {
    "one": "[measure.lyapunov]\nburn_in = 0\n",
    "two": "[measure.lyapunov]\nburn_in = 0\n[measure.gain]\n",
    "many": "[measure.gain]\n[measure.gradients]\n",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measures")
    for name, tables in TABLES.items():
        file = folder / f"{name}.toml"
        file.write_text(TEXT.format(name=name) + tables, encoding="utf-8")
        api.run(file, store=folder / "results")
    return str(folder / "results")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")  # the width of whoever runs the tests would fold headers


def call(*arguments, code=0):
    done = CliRunner().invoke(main, arguments, prog_name="rnnlab")
    assert done.exit_code == code, done.output
    return done


def test_every_measure_has_main_columns():
    for name, module in measures.registry().items():
        numbers = [column.name for column in module.TABLES[name] if column.dtype in ("float64", "int64")]
        assert set(analysis.main_columns(name)) <= set(numbers)


def test_show_prints_means_of_the_only_measure(store):
    done = call("show", "one", "--store", store)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "one: Without gradients"
    assert "lyapunov, 3 seeds" in lines
    for word in ("tanh", "relu", "lyapunov_max", "recurrent scale", "±", "95 % interval", "nats/step"):
        assert word in done.stdout
    assert sum("100 %" in line and "none" in line for line in lines) == 1  # relu at 1e9 diverges


def test_show_json_has_the_same_numbers(store):
    data = json.loads(call("show", "one", "--store", store, "--json").stdout)
    assert (data["measure"], data["points"], data["trials"]) == ("lyapunov", ["activation", "recurrent_scale"], 18)
    row = data["statistics"][0]
    trials = api.load("one", store).trials.query("activation == 'tanh' and recurrent_scale == 0.5")
    assert row["lyapunov_max"] == pytest.approx(trials["lyapunov_max"].mean())
    assert row["lyapunov_max_low"] <= row["lyapunov_max"] <= row["lyapunov_max_high"]
    assert f"{row['lyapunov_max']:.2f}"[:4] in call("show", "one", "--store", store).stdout


def test_show_chooses_a_measure_and_columns(store):
    assert "gain, 3 seeds" in (done := call("show", "two", "--store", store)).stdout
    assert "Also measured: lyapunov. --measure NAME" in done.stderr
    chosen = call("show", "two", "--store", store, "--measure", "lyapunov", "--where", "activation=tanh")
    assert "lyapunov, 3 seeds" in chosen.stdout
    assert "relu" not in chosen.stdout
    assert chosen.stderr == ""
    found = call("show", "two", "--store", store, "--column", "positive_count").stdout
    assert "lyapunov, 3 seeds" in found
    assert "kaplan" not in found


def test_show_prints_whole_numbers_as_such(store):
    text = call("show", "one", "--store", store, "--where", "activation=tanh", "--axis", "length").stdout
    assert re.search(r"^\S+ +60 ", text, re.MULTILINE)
    assert ".0)" not in call("show", "one", "--store", store, "--where", "activation=relu").stdout


def test_show_of_gradients_remains_the_verdicts(store):
    done = call("show", "many", "--store", store)
    assert "vanishes" in done.stdout
    assert "Also measured: gain" in done.stderr
    assert "log10_loss" in call("show", "many", "--store", store, "--column", "log10_loss").stdout
    assert "slope_gain" in call("show", "many", "--store", store, "--measure", "gain").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--measure", "gradients"], "two has no measure gradients; it has gain, lyapunov."),
        (["--column", "slope_gian"], "Did you mean slope_gain?"),
        (["--measure", "lyapunov", "--column", "status"], "is no number that lyapunov measures"),
        (["--axis", "activation"], "not a numeric parameter"),
    ],
)
def test_show_says_what_there_is(store, arguments, words):
    assert words in call("show", "two", "--store", store, *arguments, code=2).stderr


def test_plot_draws_what_was_measured(store):
    assert json.loads(call("plot", "one", "--store", store, "--json").stdout)["kind"] == "spectrum"
    assert call("plot", "two", "statistics", "--store", store).stdout.split()[0] == "figures/two-statistics.png"
    assert Path("figures/two-statistics.png").stat().st_size > 1000
    assert "needs the measure terms; one has lyapunov" in call("plot", "one", "pairs", "--store", store, code=2).stderr


def test_ls_and_extract_know_them(store):
    assert "lyapunov, gain" in call("ls", "--store", store).stdout.replace("gain, lyapunov", "lyapunov, gain")
    key = api.load("one", store).trials["key"].iloc[0]
    call("extract", "one", key, "--store", store, "-o", "x.npz")
    assert np.load("x.npz")["U"].shape == (8, 8)


def test_each_measure_has_its_own_status(store):
    results = api.load("two", store)
    assert results.measured == ("gain", "lyapunov")
    trials, own = results.trials, results.statistics("lyapunov")
    gone = (trials["activation"] == "relu") & (trials["recurrent_scale"] == 1e9)
    for status in (trials["status"], trials["lyapunov_status"], own["status"]):
        assert ((status == "diverged") == gone).all()
    assert trials["lyapunov_max"].equals(own["lyapunov_max"])
    assert "slope_gain" not in own
    with pytest.raises(UsageError, match=r"no measure terms; it has gain, lyapunov\."):
        results.statistics("terms")


def test_gradients_come_first_however_the_file_orders_them(store):
    trials = api.load("many", store).trials
    assert list(trials.columns).index("verdict") < list(trials.columns).index("gain_status")


def test_two_steps_of_warming_say_nothing_of_settings_that_want_more():
    grid = {"activation": "relu", "width": 8, "length": 60}
    found = experiment.parse({"schema": 1, "name": "x", "grid": grid, "measure": {"lyapunov": {"burn_in": 2}}})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warm(found)
    assert said == []


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (0.123456, 0.0312, "0.123±.031"),
        (-12.3456, 1.6, "-12.3±1.6"),
        (203.4, 28.0, "203±28"),
        (1.5, np.nan, "1.5"),
        (-0.69427, 6e-17, "-0.6943"),
        (1e20, 3e19, "1e+20±3.0e+19"),
        (1.0, np.inf, "1±inf"),
    ],
)
def test_digits_follow_the_interval(mean, half, text):
    assert with_interval(mean, half) == text


def test_trials_name_what_every_measure_has_after_all_measures_but_the_first(store):
    many = api.load("many", store).trials
    for name in ("status", "diverged_at", "reason", "settings", "measure_version", "environment"):
        assert f"gain_{name}" in many
    assert "reason" not in many  # gradients has none, and that of gain would look like one of all
    assert "slope_gain" in many
    two = api.load("two", store).trials
    assert {"status", "slope_gain", "lyapunov_status", "lyapunov_reason", "lyapunov_max"} <= set(two)


def test_what_nobody_asked_for_is_no_column_of_the_table(tmp_path):
    grid = {"activation": "identity", "recurrent_scale": 3.0, "width": 6, "length": 30, "seed": {"range": 2}}
    wanted = {"lyapunov": {"exponents": 1}, "horizon": {}}
    api.run({"schema": 1, "name": "few", "grid": grid, "measure": wanted}, store=tmp_path)
    told = call("show", "few", "--store", str(tmp_path), "--measure", "lyapunov").stdout
    assert "lyapunov_max" in told
    assert "kaplan" not in told
    lags = call("show", "few", "--store", str(tmp_path), "--measure", "horizon").stdout
    assert "underflow_float64: " in lags
    assert "not reached within T" in lags
