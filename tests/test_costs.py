"""Plans: exact in what would run and why, and honest in what it costs."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnnlab import costs, experiment, measures, runner
from rnnlab.measures import gradients
from rnnlab.runner import planning
from rnnlab.trial import trial_of

TRIAL = trial_of({"activation": "tanh", "width": 64, "length": 100, "batch": 16})


def load(number=10, seeds=10, rows=0, **values):
    trial = dataclasses.replace(TRIAL, **values)
    work = measures.work_of(trial, {"gradients": {"steps": rows > 0}})
    return costs.Load(trial, number, seeds, dataclasses.replace(work, rows=rows))


@pytest.mark.parametrize(
    "more",
    [
        load(number=20),
        load(width=128),
        load(length=200),
        load(batch=32),
        load(inputs=128),
        load(outputs=128),
        load(rows=100),
    ],
)
def test_more_work_costs_more(more):
    less = load(inputs=64, outputs=64)
    assert costs.seconds(more) > costs.seconds(less)
    assert costs.block_bytes(more) >= costs.block_bytes(less) or more.number > less.number
    assert costs.disk(more) >= costs.disk(less)


def test_shared_draws_single_precision_and_a_last_loss_cost_less():
    assert costs.seconds(load(seeds=1)) < costs.seconds(load())
    assert costs.seconds(load(dtype="float32")) < costs.seconds(load())
    assert costs.seconds(load(loss_at="last")) < costs.seconds(load())
    assert costs.block_bytes(load(dtype="float32")) < costs.block_bytes(load())


def test_a_measure_that_streams_takes_no_more_memory_for_longer_runs():
    def block_bytes(length, *names):
        trial = dataclasses.replace(TRIAL, length=length)
        settings = {name: measures.registry()[name].Settings().model_dump() for name in names}
        return costs.block_bytes(costs.Load(trial, 1, 1, measures.work_of(trial, settings)))

    assert block_bytes(10**6, "lyapunov") == block_bytes(10**7, "lyapunov") < 2**28
    assert block_bytes(10**6, "lyapunov", "gain") > 2**33


def test_a_million_steps_of_gradients_take_their_curves_and_rows_but_not_their_states():
    trial = dataclasses.replace(TRIAL, length=10**6, batch=1, inputs=64, outputs=64)
    work = measures.work_of(trial, {"gradients": gradients.Settings().model_dump()})
    long = costs.Load(trial, 1, 1, work)
    assert 2**28 < costs.block_bytes(long) < 2**29 < 2 * trial.length * trial.width * 8
    assert costs.estimate([long], workers=2).memory == costs.PROCESS + costs.block_bytes(long)  # nothing beside it


def test_workers_share_blocks_but_not_one_block():
    many, single = [load(number=10_000)], [load(number=1)]
    one, two = (costs.estimate(many, workers=n).seconds for n in (1, 2))
    assert one > 1.9 * two - 2
    assert costs.estimate(single, workers=8).seconds == costs.estimate(single, workers=1).seconds
    assert costs.estimate([], workers=2) == costs.Cost(0.0, 0, 0)
    processes = costs.estimate(many, workers=2, executor="processes")
    assert processes.memory > costs.estimate(many, workers=2).memory


def test_times_that_were_measured_correct_the_model():
    model = costs.calibrated([(load(), 3 * costs.seconds(load())), (load(width=512), costs.seconds(load(width=512)))])
    assert model.trials == 20
    assert model.factor(TRIAL) == pytest.approx(3.0)
    assert model.factor(dataclasses.replace(TRIAL, width=80, dtype="float32")) == pytest.approx(3.0)
    assert model.factor(dataclasses.replace(TRIAL, width=400)) == pytest.approx(1.0)
    assert costs.calibrated([(load(), 1e9)]).factor(TRIAL) <= 10.0
    assert costs.Model().factor(TRIAL) == 1.0


def test_more_memory_than_there_is_is_told_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "memory", lambda: 2**20)
    with pytest.warns(RuntimeWarning, match="fewer workers"):
        runner.plan(made(), store=tmp_path)
    with pytest.raises(RuntimeWarning, match="of memory are needed"):  # warnings are errors in tests
        runner.run(made(), store=tmp_path)
    assert not (tmp_path / "e" / "gradients").exists()


REAL = """
import re, sys
from pathlib import Path
from rnnlab import runner
from tests.test_costs import made

runner.run(made(width=16, length=[50, 100], seed={"range": int(sys.argv[2])}), store=sys.argv[1], workers=2)
# Not ru_maxrss: on Linux that begins with the peak of the process which started this one.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc")
@pytest.mark.parametrize("seeds", [2, 20])
def test_disk_and_memory_are_estimated_within_a_factor_of_three(tmp_path, seeds):
    plan = runner.plan(made(width=16, length=[50, 100], seed={"range": seeds}), store=tmp_path, workers=2)
    command = [sys.executable, "-c", REAL, str(tmp_path), str(seeds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": "."})
    disk = sum(path.stat().st_size for path in (tmp_path / "e").rglob("*.parquet"))
    assert disk / 3 < plan.disk < 3 * disk
    assert int(done.stdout) / 3 < plan.memory < 3 * int(done.stdout)


def made(measure=None, **grid):
    values = {"activation": ["tanh", "relu"], "width": 5, "length": [3, 12], "seed": {"range": 3}, **grid}
    data = {"schema": 1, "name": "e", "grid": values, "measure": measure or {"gradients": {}}}
    return experiment.parse(data, "test")


def test_a_plan_tells_what_would_run_and_why(tmp_path, monkeypatch):
    plan = runner.plan(made(), store=tmp_path / "store")
    assert (plan.trials, plan.done, plan.new, plan.measured) == (12, 0, 12, 0)
    assert plan.why == {"gradients": {"never computed": 12}}
    assert plan.seconds > 0
    assert plan.disk > 0
    assert not (tmp_path / "store").exists()
    runner.run(made(), store=tmp_path)
    plan = runner.plan(made(), store=tmp_path)
    assert (plan.new, plan.done, plan.why, plan.seconds, plan.disk) == (0, 12, {}, 0.0, 0)
    plan = runner.plan(made(seed={"range": 5}), store=tmp_path)
    assert (plan.new, plan.done) == (8, 12)
    assert plan.why == {"gradients": {"never computed": 8}}
    assert plan.measured == 12
    plan = runner.plan(made({"gradients": {"steps": False}}, seed={"range": 4}), store=tmp_path)
    assert plan.why == {"gradients": {"computed with other settings": 12, "never computed": 4}}
    monkeypatch.setattr(measures.registry()["gradients"], "VERSION", 2)
    assert runner.plan(made(), store=tmp_path).why == {"gradients": {"the measure has a new version": 12}}


def test_damage_in_another_experiment_stops_no_plan(tmp_path):
    runner.run(made(), store=tmp_path)
    other = dataclasses.replace(made(), name="other")
    assert runner.plan(other, store=tmp_path).measured == 12
    [times] = (tmp_path / "e" / "timings").iterdir()
    times.write_bytes(times.read_bytes()[:-9])
    plan = runner.plan(other, store=tmp_path)
    assert (plan.new, plan.measured) == (12, 0)


def test_a_plan_and_the_run_agree_on_what_is_new(tmp_path):
    runner.run(made(seed={"range": 2}), store=tmp_path)
    wider = made(seed={"range": 4}, width=[5, 6])
    plan = runner.plan(wider, store=tmp_path)
    summary = runner.run(wider, store=tmp_path)
    assert (plan.trials, plan.new, plan.done) == (summary.trials, summary.new, summary.done)


def test_a_huge_grid_is_planned_without_being_built(tmp_path):
    begin = time.monotonic()
    plan = runner.plan(made(seed={"range": 10**9}), store=tmp_path)
    assert plan.trials == 4 * 10**9
    assert plan.seconds > 10**4
    assert time.monotonic() - begin < 2


def test_a_union_of_grids_is_planned(tmp_path):
    one = {"activation": "tanh", "width": 5, "length": 3, "seed": {"range": 6}}
    data = {"schema": 1, "name": "e", "grid": [one, {**one, "seed": {"range": 8}}], "measure": {"gradients": {}}}
    plan = runner.plan(experiment.parse(data, "test"), store=tmp_path)
    assert plan.trials == plan.new == 8
