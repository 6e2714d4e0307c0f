"""Grids that are too large to hold: planned without being built, resumed and read in part."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import textwrap
from dataclasses import replace

import pandas as pd
import pytest

from rnnlab import api, experiment, grid, runner
from rnnlab.errors import UsageError
from rnnlab.runner import loads
from rnnlab.runner.missing import missing
from rnnlab.store import layout, parquet
from rnnlab.trial import _NEUTRAL, Trial

GRID = {"activation": ["tanh", "relu"], "width": [3, 4], "length": [3, 5], "seed": {"range": 4}}
HUGE = {
    "activation": ["tanh", "relu"],
    "width": {"range": [1, 101]},
    "length": {"range": [1, 1001]},
    "recurrent_scale": {"start": 0.5, "stop": 4.0, "num": 1000, "spacing": "log"},
    "seed": {"range": 5000},
}


def made(measure=None, **values):
    data = {"schema": 1, "name": "e", "grid": {**GRID, **values}, "measure": measure or {"gradients": {}}}
    return experiment.parse(data, "test")


@pytest.fixture
def built(monkeypatch):
    """The trials that were built, and those that were hashed."""
    seen = {"built": 0, "hashed": 0}
    make, key = Trial.__init__, Trial.key.fget

    def init(self, **values):
        seen["built"] += 1
        make(self, **values)

    def hashed(self):
        seen["hashed"] += 1
        return key(self)

    monkeypatch.setattr(Trial, "__init__", init)
    monkeypatch.setattr(Trial, "key", property(hashed))
    return seen


def test_a_plan_of_a_thousand_billion_trials_builds_few(tmp_path, built):
    plan = runner.plan(made(**HUGE), store=tmp_path)
    assert plan.trials == plan.new == 10**12
    assert plan.why == {"gradients": {"never computed": 10**12}}
    assert built["built"] <= 1000
    assert built["hashed"] == 0


def test_a_huge_plan_knows_what_is_there(tmp_path, built):
    runner.run(made(), store=tmp_path)
    built.update(built=0, hashed=0)
    plan = runner.plan(made(**HUGE), store=tmp_path)  # 1.0 is the third part of its way from 0.5 to 4
    assert (plan.trials, plan.done) == (10**12, 32)
    plan = runner.plan(made(**HUGE | {"recurrent_scale": 2.5}), store=tmp_path)
    assert (plan.trials, plan.done) == (10**9, 0)
    assert built["hashed"] == 0


def test_the_memory_of_the_largest_shape_is_planned(tmp_path):
    everything = runner.plan(made(**HUGE, batch=64), store=tmp_path, workers=1)
    largest = runner.plan(made(**HUGE | {"width": 100, "length": 1000}, batch=64), store=tmp_path, workers=1)
    assert everything.memory == pytest.approx(largest.memory, rel=0.3)


def test_loads_count_what_is_missing_by_shape_and_measure(tmp_path):
    runner.run(made(), store=tmp_path)
    runner.run(made({"gain": {}}, activation="tanh", width=3), store=tmp_path)
    both = made({"gradients": {}, "gain": {}}, seed={"range": 6})
    work = missing(layout(tmp_path, "e"), both)
    wanted: dict[str, dict[tuple[int, int], int]] = {"gradients": {}, "gain": {}}
    for trial in grid.trials(both):
        for measure, have in (("gradients", trial.seed < 4), ("gain", _has_gain(trial))):
            if not have:
                shape = trial.width, trial.length
                wanted[measure][shape] = wanted[measure].get(shape, 0) + 1
    for measure, found in loads.loads_of(work).items():
        counted: dict[tuple[int, int], int] = {}
        for load in found:
            shape = load.trial.width, load.trial.length
            counted[shape] = counted.get(shape, 0) + load.number
        assert counted == wanted[measure]
    assert work.new == sum(1 for trial in grid.trials(both) if trial.seed >= 4 or not _has_gain(trial))


def _has_gain(trial):
    return trial.seed < 4 and trial.activation == "tanh" and trial.width == 3


def test_only_new_trials_are_built_and_hashed(tmp_path, built):
    runner.run(made(), store=tmp_path)
    (tmp_path / "e" / "manifest.json").unlink()
    built.update(built=0, hashed=0)
    assert runner.run(made(), store=tmp_path).new == 0
    assert built == {"built": 0, "hashed": 0}
    assert runner.run(made(seed={"range": 5}), store=tmp_path).new == 8
    assert built["hashed"] == 8 + 1  # and the one by which kernels are warmed


def test_results_are_read_without_building_trials(tmp_path, built):
    runner.run(made(), store=tmp_path)
    plain = pd.read_parquet(tmp_path / "e" / "gradients").set_index("key")
    built.update(built=0, hashed=0)
    results = api.load("e", tmp_path)
    trials = results.trials
    assert trials["key"].tolist() == [trial.key for trial in grid.trials(made())]
    built.update(built=0, hashed=0)
    some = results.table("gradients_by_step", columns=["key", "t", "width"], where={"width": 3, "seed": [0, 2]})
    assert set(some["key"]) == set(trials[(trials["width"] == 3) & trials["seed"].isin([0, 2])]["key"])
    assert len(some) == 2 * 2 * (3 + 5)
    pd.testing.assert_series_equal(trials.set_index("key")["growth_rate"], plain.loc[trials["key"], "growth_rate"])
    assert built == {"built": 0, "hashed": 0}


def test_what_is_not_computed_is_null_and_has_its_key(tmp_path):
    runner.run(made(seed={"range": 2}), store=tmp_path)
    manifest = api.load("e", tmp_path).manifest
    manifest["experiment"]["grid"]["seed"] = [0, 1, 2]
    results = api.Results("e", tmp_path, manifest)
    trials = results.trials
    assert trials["key"].tolist() == [trial.key for trial in grid.trials(made(seed={"range": 3}))]
    assert trials["status"].isna().tolist() == (trials["seed"] == 2).tolist()
    assert results.trial(trials["key"].iloc[2]).seed == 2


def test_more_trials_than_memory_holds_are_refused_before_it_is_full(tmp_path):
    runner.run(made(), store=tmp_path)
    manifest = api.load("e", tmp_path).manifest
    manifest["experiment"] = made(**HUGE | {"seed": {"range": 10**8}}).resolved()
    results = api.Results("e", tmp_path, manifest)
    for ask in (
        lambda: results.trials,
        lambda: results.trial("0"),
        lambda: results.table("gradients", where={"width": 3}),
    ):
        with pytest.raises(UsageError, match=r"20,000,000,000,000,000 trials side by side take"):
            ask()


def test_commands_open_no_more_files_than_they_must(tmp_path, monkeypatch):
    runner.run(made({"gradients": {}, "gain": {}}), store=tmp_path)
    opened = []
    original = parquet.read
    monkeypatch.setattr(
        parquet, "read", lambda path, *rest, **more: opened.append(path) or original(path, *rest, **more)
    )
    api.listing(tmp_path)
    assert not opened
    results = api.load("e", tmp_path)
    results.statistics("gradients")
    assert {path.parent.name for path in opened} == {"gradients"}
    opened.clear()
    results.table("gain", columns=["key", "slope_gain"], where={"width": 3})
    assert {path.parent.name for path in opened} == {"gain"}
    opened.clear()
    rate = pd.read_parquet(tmp_path / "e" / "gradients")["growth_rate"].dropna().iloc[0]
    assert len(results.table("gradients_by_step", columns=["t", "loss"], where={"growth_rate": rate, "t": 1})) == 1
    assert {path.parent.name for path in opened} <= {"gradients", "gradients_by_step"}


def test_a_key_is_the_hash_of_canonical_json():
    changes = {
        "activation": "relu", "width": 7, "length": 9, "inputs": 1, "outputs": 2, "batch": 3, "loss": "cross_entropy",
        "loss_at": "last", "recurrent_scale": 0.1, "bias_scale": 1e-300, "dtype": "float32", "seed": 2**63 - 1,
    }  # fmt: skip
    trial = next(grid.trials(made()))
    trials = [trial, *(replace(trial, **{name: value}) for name, value in changes.items()), replace(trial, **changes)]
    for each in trials:
        problem = {name: value for name, value in each.values().items() if value != _NEUTRAL.get(name)}
        text = json.dumps({**problem, "draws": 1}, sort_keys=True, separators=(",", ":"))
        assert each.key == hashlib.sha256(text.encode()).hexdigest()[:20]
    assert trials[-1].key == "e9e6a1f9228ec6515498"


def test_a_plan_of_a_billion_takes_little_memory(tmp_path):
    code = textwrap.dedent(f"""
        import resource
        import numpy, pyarrow.parquet
        from rnnlab import experiment, runner
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        data = {{"schema": 1, "name": "e", "grid": {HUGE!r}, "measure": {{"gradients": {{}}}}}}
        runner.plan(experiment.parse(data, "test"), store={str(tmp_path)!r})
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200_000  # kB
