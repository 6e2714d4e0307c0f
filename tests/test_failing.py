"""Trials that fail, and what a run makes of them: rows, retries, time limits, an early end."""

from __future__ import annotations

import json
import threading
import time

import pandas as pd
import pytest

from rnnlab import api, executors, machine, runner, store
from rnnlab.cli import main
from rnnlab.errors import TrialsFailed, UsageError
from rnnlab.grid import dividing
from tests import failing
from tests.failing import EXPERIMENT, TRIALS
from tests.test_cli import call, folder  # noqa: F401


def failures(place):
    return pd.read_parquet(place / "e" / "failures").to_dict("records")


def published(place):
    return len(pd.read_parquet(place / "e" / "gradients"))


def finishes(place):
    """The same command, when nothing is wrong any more."""
    api.run(EXPERIMENT, store=place)
    return published(place) == TRIALS and not list((place / "e" / "failures").iterdir())


@pytest.fixture
def bad(monkeypatch):
    """Let the bad trial raise the first so many times; returns the list of its attempts."""

    def install(times):
        from rnnlab import draws

        drawn, seen = draws.networks, []

        def networks(trials):
            if any(map(failing.is_bad, trials)):
                seen.append(len(trials))
                if len(seen) <= times:
                    raise ValueError("no relu here")
            return drawn(trials)

        monkeypatch.setattr(draws, "networks", networks)
        return seen

    monkeypatch.setattr(dividing, "MAX_BLOCK", 1)
    return install


# --- retries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("retries", "attempts", "failed"), [(0, 1, 1), (1, 2, 1), (2, 3, 0), (9, 3, 0)])
def test_a_trial_that_raises_is_tried_as_often_as_it_may(tmp_path, bad, retries, attempts, failed):
    seen = bad(2)
    summary = runner.run(_parsed(), store=tmp_path, options=runner.Options(retries=retries))
    assert (len(seen), summary.failed) == (attempts, failed)
    assert published(tmp_path) == TRIALS - failed


def test_a_block_is_not_tried_again_but_halved(tmp_path, bad, monkeypatch):
    seen = bad(100)
    monkeypatch.setattr(dividing, "MAX_BLOCK", 4096)
    runner.run(_parsed(), store=tmp_path, options=runner.Options(retries=2))
    assert seen == [12, 6, 3, 1, 1, 1] or seen == [12, 6, 3, 2, 1, 1, 1]


@pytest.mark.parametrize(("retries", "attempts"), [(0, 2), (1, 2), (2, 3)])
def test_a_lost_worker_is_worth_a_second_attempt_in_any_case(tmp_path, retries, attempts):
    place = tmp_path / "store"
    found = failing.run("kill", place, executor="processes", workers=1, retries=retries, block=1)
    assert found == {"new": TRIALS, "failed": 1, "left": 0}
    assert failing.attempts(place) == attempts
    assert "SIGKILL" in failures(place)[0]["message"]
    assert finishes(place)


# --- time limits -----------------------------------------------------------------------------------------------------


def test_a_trial_that_hangs_is_found_and_costs_no_other(tmp_path):
    place = tmp_path / "store"
    begin = time.monotonic()
    found = failing.run("hang", place, executor="processes", workers=2, timeout=0.5)
    assert time.monotonic() - begin < 120
    assert found == {"new": TRIALS, "failed": 1, "left": 0}
    assert published(place) == TRIALS - 1
    [row] = failures(place)
    assert (row["seed"], row["activation"], row["message"]) == (1, "relu", "the worker gave no answer within 0.5 s")
    assert finishes(place)


def test_threads_keep_no_time_limit_and_say_so_first(tmp_path):
    with pytest.raises(UsageError, match="executor processes"):
        api.run(EXPERIMENT, store=tmp_path / "store", timeout=1.0)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "options", [{"retries": -1}, {"timeout": 0.0}, {"timeout": float("nan")}, {"max_failures": -1}]
)
def test_options_that_mean_nothing_are_refused(tmp_path, options):
    with pytest.raises(UsageError, match="give"):
        api.run(EXPERIMENT, store=tmp_path / "store", executor="processes", **options)
    assert not (tmp_path / "store").exists()


# --- an early end ----------------------------------------------------------------------------------------------------


def test_fail_fast_ends_a_run_that_the_same_command_resumes(tmp_path, bad):
    bad(1)
    with pytest.raises(TrialsFailed, match="stopped after 1 failed of 12 trials") as caught:
        api.run(EXPERIMENT, store=tmp_path, workers=1, fail_fast=True)
    summary = caught.value.results.summary
    done = published(tmp_path)
    assert (summary.failed, summary.left) == (1, TRIALS - 1 - done)
    assert 0 < summary.left < TRIALS
    assert [row["message"] for row in failures(tmp_path)] == ["ValueError: no relu here"]
    manifest = store.read_manifest(store.layout(tmp_path, "e"))
    assert (manifest["finished"], manifest["summary"]) == (None, None)
    assert [entry.status for entry in api.listing(tmp_path)] == ["interrupted"]
    results = api.run(EXPERIMENT, store=tmp_path, workers=1, fail_fast=True)
    assert (results.summary.done, results.summary.failed) == (done, 0)
    assert finishes(tmp_path)


@pytest.mark.parametrize(("most", "failed", "stopped"), [(0, 1, True), (2, 3, True), (3, 4, True), (12, 12, False)])
def test_max_failures_is_how_many_may_fail(tmp_path, monkeypatch, most, failed, stopped):
    monkeypatch.setattr(dividing, "MAX_BLOCK", 1)
    monkeypatch.setattr(failing, "is_bad", lambda trial: True)
    monkeypatch.setattr("rnnlab.draws.networks", lambda trials: failing.fail())
    with pytest.raises(TrialsFailed) as caught:
        api.run(EXPERIMENT, store=tmp_path, workers=1, max_failures=most)
    summary = caught.value.results.summary
    # With one worker at most one more is under way when the run is told to stop.
    assert failed <= summary.failed <= failed + 2
    assert (summary.left > 0) is stopped
    assert len(failures(tmp_path)) == summary.failed


def test_a_killed_run_keeps_the_failures_that_it_found(tmp_path):
    place = tmp_path / "store"
    process = failing.start("fail", place, block=1, workers=1, executor="threads", retries=10**9)
    _wait(lambda: (place / "e" / "gradients").is_dir() and failing.attempts(place) > 3, process)
    process.kill()
    process.communicate()
    assert not (place / "e" / "failures").is_dir()  # it is tried again and again: no failure yet
    process = failing.start("kill", place, executor="processes", block=1, workers=1)
    _wait(lambda: list((place / "e" / "failures").glob("*.parquet")), process)
    process.kill()
    process.communicate()
    assert "SIGKILL" in failures(place)[0]["message"]
    assert finishes(place)


def _wait(ready, process):
    deadline = time.monotonic() + 120
    while not ready():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def _parsed():
    from rnnlab import experiment

    return experiment.parse(EXPERIMENT, "test")


# --- memory ----------------------------------------------------------------------------------------------------------


def test_a_trial_that_runs_out_of_memory_costs_no_other(tmp_path):
    place = tmp_path / "store"
    found = failing.run("grow", place, executor="processes", workers=2, limit=True)
    assert found == {"new": TRIALS, "failed": 1, "left": 0}
    assert published(place) == TRIALS - 1
    [row] = failures(place)
    assert (row["seed"], row["activation"]) == (1, "relu")
    assert "MemoryError" in row["message"]
    assert "Unable to allocate 10.0 GiB" in row["message"]
    assert finishes(place)


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_trial_that_cannot_fit_is_said_before_it_starts(tmp_path, executor):
    place = tmp_path / "store"
    grid = {"width": [5, 30_000], "seed": 0}
    found = failing.run("fine", place, executor=executor, workers=2, limit=True, grid=grid)
    assert found == {"new": 4, "failed": 2, "left": 0}
    assert failing.begun(place) == 2  # those that fit
    assert {row["message"].partition("about")[0] for row in failures(place)} == {"needs "}
    assert {row["message"].partition(",")[2] for row in failures(place)} == {" there are 5 GiB"}
    assert {row["width"] for row in failures(place)} == {30_000}


@pytest.mark.parametrize(("room", "most"), [(10, 1), (25, 2), (1000, 3), (None, 3)])
def test_no_more_blocks_are_in_flight_than_fit(room, most):
    lock, running, seen = threading.Lock(), [], []

    def block(number):
        with lock:
            running.append(number)
            seen.append(len(running))
        time.sleep(0.05)
        with lock:
            running.remove(number)
        return number

    limits = executors.Limits(bytes=lambda number: 12, room=room)
    found = dict(executors.run(block, range(12), workers=3, limits=limits))
    assert found == {i: i for i in range(12)}
    assert max(seen) <= most


def test_a_block_larger_than_all_memory_is_refused_and_the_others_go_on():
    limits = executors.Limits(bytes=lambda number: number << 30, memory=3 << 30)
    found = dict(executors.run(lambda number: number, range(6), workers=2, limits=limits))
    assert {number: str(each) for number, each in found.items() if number > 3} == {
        4: "needs about 4 GiB, there are 3 GiB",
        5: "needs about 5 GiB, there are 3 GiB",
    }
    assert [found[i] for i in range(4)] == [0, 1, 2, 3]


def test_memory_is_that_of_the_tightest_limit(tmp_path, monkeypatch):
    everything = machine.memory()
    group = tmp_path / "groups" / "job" / "step"
    group.mkdir(parents=True)
    (tmp_path / "cgroup").write_text("0::/job/step\n")
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text("3000\n")
    (group.parent / "memory.current").write_text("1000\n")
    (group.parent / "memory.stat").write_text("anon 5\ninactive_file 200\n")
    monkeypatch.setattr(machine, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(machine, "_PROCESS", tmp_path)
    assert (machine.memory(), machine.free_memory()) == (3000, 2200)
    (tmp_path / "cgroup").write_text("4:cpu,memory:/job\n0::/\n")  # of the older kind
    old = tmp_path / "groups" / "memory" / "job"
    old.mkdir(parents=True)
    (old / "memory.limit_in_bytes").write_text("4000\n")
    (old / "memory.usage_in_bytes").write_text("500\n")
    assert (machine.memory(), machine.free_memory()) == (4000, 3500)
    (old / "memory.limit_in_bytes").write_text("9223372036854771712\n")  # how it says that there is none
    assert machine.memory() == everything


# --- show --failed ---------------------------------------------------------------------------------------------------


def test_show_failed_names_trials_and_the_way_on(tmp_path, bad):
    bad(100)
    with pytest.raises(TrialsFailed):
        api.run(EXPERIMENT, store="results")
    done = call("show", "e", "--failed")
    assert "e: 1 trial failed" in done.stdout
    assert all(word in done.stdout for word in ("relu", "seed", "gradients", "ValueError: no relu here"))
    assert "width" not in done.stdout  # which does not vary
    assert "rnnlab run e" in done.stderr
    found = json.loads(call("show", "e", "--failed", "--json", "--where", "seed=1").stdout)
    [row] = found["failures"]
    assert (found["failed"], row["seed"], row["activation"]) == (1, 1, "relu")
    assert "in networks" in row["traceback"]


def test_show_failed_says_that_none_did(tmp_path):
    api.run(EXPERIMENT, store="results")
    assert "no trial failed" in call("show", "e", "--failed").stdout
    assert json.loads(call("show", "e", "--failed", "--json").stdout)["failures"] == []


# --- the command line ------------------------------------------------------------------------------------------------


def test_options_of_the_command_line(tmp_path, bad):
    bad(100)
    (tmp_path / "e.json").write_text("")
    text = (
        "schema = 1\nname = 'e'\n[grid]\nactivation = ['tanh', 'relu']\nwidth = 5\nlength = 3\nseed = { range = 6 }\n"
    )
    (tmp_path / "e.toml").write_text(text + "[measure.gradients]\n")
    done = call("run", "e.toml", "--fail-fast", "--workers", "1", "--retries", "1", code=3)
    assert "stopped after 1 failed" in done.stderr
    assert "are left" in done.stderr
    done = call("run", "e.toml", "--max-failures", "5", "--json", code=3)
    assert json.loads(done.stdout)["left"] == 0
    done = call("run", "e.toml", "--timeout", "3", code=2)
    assert "--executor processes" in done.stderr
    assert "--timeout" in call("run", "e.toml", "--timeout", "0", code=2).stderr


def test_plan_forwards_every_option_of_run(tmp_path):
    options = ["--executor", "processes", "--retries", "2", "--timeout", "1.5", "--fail-fast", "--max-failures", "3"]
    done = call("plan", "small.toml", *options)
    assert f"Next: rnnlab run small.toml {' '.join(options)}" in done.stderr


def test_every_option_of_run_that_plan_has_is_proposed():
    from rnnlab.cli import options

    commands = {name: main.get_command(None, name) for name in ("run", "plan")}
    names = {name: {parameter.name for parameter in command.params} for name, command in commands.items()}
    assert names["run"] - names["plan"] == {"wait"}
    assert set(options._RUN) == {
        "workers",
        "executor",
        "scheduler",
        "retries",
        "timeout",
        "fail_fast",
        "max_failures",
        "max_trials",
    }
