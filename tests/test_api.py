"""rnnlab from Python: run, load, draw, and what Results hands out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab import api
from rnnlab.errors import ExperimentError, TrialsFailed, UsageError

SMALL = {
    "schema": 1,
    "name": "small",
    "title": "A small grid",
    "grid": {
        "activation": ["tanh", "relu"],
        "recurrent_scale": [0.5, 2.0],
        "length": 12,
        "width": 4,
        "seed": {"range": 3},
        "loss_at": "last",
    },
    "measure": {"gradients": {"steps": 3}},
}


def changed(**grid):
    return {**SMALL, "grid": {**SMALL["grid"], **grid}}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    api.run(SMALL, store=store)
    return store


@pytest.fixture
def results(store):
    return rnnlab.load("small", store)


def test_import_is_light():
    code = (
        "import rnnlab, sys; print([m for m in ('numpy', 'numba', 'pandas', 'click', 'pydantic') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "[]\n"


def test_every_public_name_is_there():
    assert set(rnnlab.__all__) <= set(dir(rnnlab))
    for name in rnnlab.__all__:
        assert getattr(rnnlab, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = rnnlab.runn


def test_run_returns_results_and_a_summary(tmp_path):
    seen = []
    results = rnnlab.run(SMALL, store=tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert (results.summary.trials, results.summary.new, results.summary.done) == (12, 12, 0)
    assert seen[0] == (0, 12)
    assert seen[-1] == (12, 12)
    again = rnnlab.run(SMALL, store=tmp_path)
    assert (again.summary.new, again.summary.done) == (0, 12)


def test_a_longer_axis_computes_only_what_is_new(tmp_path):
    rnnlab.run(SMALL, store=tmp_path)
    longer = rnnlab.run(changed(seed={"range": 5}), store=tmp_path)
    assert (longer.summary.new, longer.summary.done) == (8, 12)
    assert len(longer.trials) == 20
    shorter = rnnlab.run(changed(seed=0), store=tmp_path)
    assert len(shorter.trials) == 4  # the grid of the manifest, whatever else the store holds
    assert len(shorter.table("gradients_by_step")) == 4 * 4


def test_trials_in_grid_order_with_parameters_and_statistics(results):
    trials = results.trials
    assert list(trials["activation"]) == ["tanh"] * 6 + ["relu"] * 6
    assert list(trials["recurrent_scale"][:6]) == [0.5] * 3 + [2.0] * 3
    assert list(trials["seed"]) == [0, 1, 2] * 4
    assert trials["key"].is_unique
    assert (trials["status"] == "ok").all()
    assert trials["growth_rate"][:6].notna().all()  # ReLU at this width may have none: an exact zero
    assert list(trials.columns[:3]) == ["key", "activation", "width"]


def test_trials_are_the_callers_own(results):
    mine = results.trials
    mine["growth_rate"] = 0.0
    assert (results.trials["growth_rate"] != 0).all()


def test_trials_not_yet_computed_are_null(store, results):
    wider = api.Results("small", store, {**results.manifest, "experiment": changed(seed={"range": 4})})
    trials = wider.trials
    assert len(trials) == 16
    assert list(trials[trials["seed"] == 3]["status"].isna()) == [True] * 4
    assert trials[trials["seed"] < 3]["status"].notna().all()


def test_only_the_settings_of_the_manifest_are_shown(tmp_path):
    rnnlab.run(SMALL, store=tmp_path)
    results = rnnlab.run({**SMALL, "measure": {"gradients": {"steps": False}}}, store=tmp_path)
    assert len(results.trials) == 12
    assert results.table("gradients_by_step").empty


def test_long_table_with_the_axes_joined(results):
    table = results.table("gradients_by_step")
    assert list(table.columns[:5]) == ["key", "activation", "recurrent_scale", "seed", "t"]
    assert list(table["t"][:4]) == [3, 6, 9, 12]
    assert list(table["key"].drop_duplicates()) == list(results.trials["key"])
    assert "settings" not in table


def test_columns_are_given_as_asked_for(results):
    table = results.table("gradients_by_step", columns=["t", "width", "verdict", "log10_grad_norm_h"])
    assert list(table.columns) == ["t", "width", "verdict", "log10_grad_norm_h"]
    assert set(table["width"]) == {4}
    assert len(table) == 12 * 4


def test_where_takes_parameters_statistics_and_the_tables_own_columns(results):
    some = results.table("gradients_by_step", where={"activation": "tanh", "seed": [0, 2], "t": 12})
    assert len(some) == 4
    assert set(some["seed"]) == {0, 2}
    key = results.trials["key"][5]
    assert set(results.table("gradients_by_step", where={"key": key})["key"]) == {key}
    vanishing = results.trials.query("verdict == 'vanishes'")
    assert set(results.table("gradients_by_step", where={"verdict": "vanishes"})["key"]) == set(vanishing["key"])


def test_per_trial_table_and_bookkeeping(results):
    assert len(results.table("gradients", where={"activation": "relu"})) == 6
    assert list(results.table("gradients", columns=["key", "growth_rate"]).columns) == ["key", "growth_rate"]
    assert set(results.table("timings")["key"]) == set(results.trials["key"])
    assert results.table("failures").empty


def test_typos_are_answered(results):
    with pytest.raises(UsageError, match=r"no table gradient_by_step\. Did you mean gradients_by_step"):
        results.table("gradient_by_step")
    with pytest.raises(UsageError, match=r"no column growth_rat\. Did you mean growth_rate"):
        results.table("gradients_by_step", columns=["growth_rat"])
    with pytest.raises(UsageError, match=r"activatoin is no column here\. Did you mean activation"):
        results.table("gradients_by_step", where={"activatoin": "tanh"})
    with pytest.raises(UsageError, match=r"no trial has activation = tanhh\. There are, for example: relu, tanh"):
        results.table("gradients_by_step", where={"activation": "tanhh"})
    with pytest.raises(UsageError, match="no trial has seed = 1180591620717411303424"):
        results.table("gradients_by_step", where={"seed": 2**70})


def test_the_tables_are_plain_parquet(store, results):
    plain = pd.read_parquet(store / "small" / "gradients").set_index("key").loc[results.trials["key"]].reset_index()
    pd.testing.assert_frame_equal(plain, results.trials, check_dtype=False)


def test_problem_is_the_trial_that_was_measured(results):
    row = results.trials.iloc[4]
    problem = results.problem(row["key"])
    assert problem.U.shape == (4, 4)
    assert problem.x.shape == (12, 1, 4)
    g = rnnlab.gradients(
        problem.U, problem.W, problem.V, problem.x, problem.y, activation=row["activation"], loss_at="last",
        h0=problem.h0, b=problem.b, c=problem.c,
    )  # fmt: skip
    assert g.loss == pytest.approx(row["loss"])
    assert g.log10_norm["U"] == pytest.approx(row["log10_grad_norm_U"])


def test_problem_by_the_beginning_of_its_key(results):
    key = results.trials["key"][0]
    assert np.array_equal(results.problem(key[:10]).U, results.problem(key).U)
    with pytest.raises(UsageError, match="no trial of small has the key zzz"):
        results.problem("zzz")
    with pytest.raises(UsageError, match="is the beginning of 12 keys"):
        results.problem("")


def test_draw_is_the_same_from_parameters_alone(results):
    row = results.trials.iloc[4]
    drawn = rnnlab.draw(
        activation="tanh", width=4, length=12, recurrent_scale=2.0, seed=int(row["seed"]), loss_at="last"
    )
    stored = results.problem(row["key"])
    for name in ("U", "W", "V", "b", "c", "h0", "x", "y"):
        assert np.array_equal(getattr(drawn, name), getattr(stored, name))


def test_draw_names_everything_that_is_wrong():
    with pytest.raises(ExperimentError) as caught:
        rnnlab.draw(activation="tahn", width=-1, lenght=5)
    assert len(caught.value.problems) >= 3
    assert "Did you mean tanh" in str(caught.value)


def test_load_what_is_not_there(store, tmp_path):
    with pytest.raises(UsageError, match=r"has no experiment smal\. Did you mean small"):
        rnnlab.load("smal", store)
    with pytest.raises(UsageError, match="there is no store"):
        rnnlab.load("small", tmp_path / "nowhere")
    with pytest.raises(UsageError, match="has no experiments yet"):
        rnnlab.load("small", tmp_path)
    with pytest.raises(UsageError, match="is no name of an experiment"):
        rnnlab.load("Small", store)
    with pytest.raises(UsageError, match=r"is a path; results go by the name in it\. Did you mean small"):
        rnnlab.load("experiments/small.toml", store)
    with pytest.raises(UsageError, match="is a path"):
        rnnlab.load("../small", store)


def test_sources_of_an_experiment(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manifest = store / "small" / "manifest.json"
    assert api.read(manifest) == api.read("small", store=store)
    assert api.read(manifest).name == "small"
    (tmp_path / "experiments").mkdir()
    text = 'schema = 1\nname = "small"\n[grid]\nactivation = "tanh"\nlength = 5\nwidth = 3\n'
    (tmp_path / "experiments" / "small.toml").write_text(text)
    assert api.read("small", store=store).title == ""  # the file comes before the store
    assert api.read("small", sets=["length=5,7"]).grids[0].size == 2
    with pytest.raises(UsageError, match="sets go with a file or a name"):
        api.read(SMALL, sets=["width=3"])


def test_too_many_trials_are_refused(tmp_path):
    with pytest.raises(UsageError, match="12 trials are more than 11"):
        rnnlab.run(SMALL, store=tmp_path / "s", max_trials=11)
    assert not (tmp_path / "s").exists()


def test_failed_trials_raise_with_the_results(tmp_path, monkeypatch):
    from rnnlab.measures import gradients

    def fail(networks, trajectory, settings):
        raise ValueError("on purpose")

    monkeypatch.setattr(gradients, "measure", fail)
    with pytest.raises(TrialsFailed, match=r"12 of 12 trials failed.*on purpose") as caught:
        rnnlab.run(SMALL, store=tmp_path)
    results = caught.value.results
    assert results.summary.failed == 12
    assert len(results.table("failures")) == 12
    assert results.trials["status"].isna().all()


def test_repr_helps(results):
    text = repr(results)
    assert "'small'" in text
    assert "12 trials" in text
    assert "activation, recurrent_scale, seed" in text
    assert "gradients_by_step" in text


def test_listing(store, tmp_path):
    (entry,) = api.listing(store)
    assert (entry.name, entry.title, entry.trials, entry.measures) == ("small", "A small grid", 12, ("gradients",))
    assert entry.bytes > 0
    assert entry.status == "complete"
    assert api.listing(tmp_path / "nowhere") == []


def test_listing_of_a_damaged_manifest(tmp_path):
    rnnlab.run(SMALL, store=tmp_path)
    manifest = tmp_path / "small" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("A small grid", "B small grid"))
    assert api.listing(tmp_path)[0].status == "damaged"
    manifest.unlink()
    assert api.listing(tmp_path)[0].status == "interrupted"
