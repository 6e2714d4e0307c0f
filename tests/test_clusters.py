"""Dask and other executors: the same tables, and a way on when a worker, the scheduler or the driver dies."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from rnnlab import api, environment, executors, runner
from rnnlab.errors import ExecutorLost, UsageError
from rnnlab.executors import clusters, sameness
from tests import failing
from tests.test_cli import SMALL, call
from tests.test_executors import fatal, picky, slow, square
from tests.test_runner import TRIALS, made, results, undisturbed  # noqa: F401

distributed = pytest.importorskip("distributed")
import psutil  # noqa: E402  # distributed needs it

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


# --- a scheduler and its workers, each a process of its own ----------------------------------------------------------


class Dask:
    """A scheduler and workers of the command line, as somebody else would start them."""

    def __init__(self, folder):
        self.folder, self.file = folder, folder / "scheduler.json"
        self.started = []
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(self.file))
        self._wait(lambda: self.file.exists() and self.file.stat().st_size)
        with distributed.Client(scheduler_file=str(self.file), set_as_default=False) as client:
            self.address = client.scheduler.address

    def add(self, number=1, **variables):
        options = ["--nworkers", str(number), "--nthreads", "1", "--no-dashboard", "--memory-limit", "0"]
        self._start("worker", self.address, *options, "--local-directory", str(self.folder), **variables)
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=60)
        return self

    def end(self):
        for process in reversed(self.started):
            for child in children(process.pid):
                child.kill()
            process.kill()
            process.wait()

    def _start(self, what, *options, **variables):
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.started.append(subprocess.Popen(command, cwd=self.folder, env={**ENVIRONMENT, **variables}, **quiet))
        return self.started[-1]

    def _wait(self, ready):
        deadline = time.monotonic() + 60
        while not ready():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def children(pid):
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.fixture
def dask(tmp_path):
    folder = tmp_path / "dask"
    folder.mkdir()
    started = Dask(folder)
    yield started
    started.end()


DRIVER = textwrap.dedent("""
    import sys, time
    from rnnlab import api, errors
    from rnnlab.grid import dividing
    from rnnlab.store import publishing
    from rnnlab.runner import running
    from tests import test_runner

    dividing.MAX_BLOCK = 1
    publish = publishing.publish

    def slowly(place, tables):
        publish(place, tables)
        if "gradients" in tables:
            print("published", flush=True)
            time.sleep(0.1)

    running.stores.publish = slowly
    if __name__ == "__main__":
        where = {"scheduler": sys.argv[2]} if sys.argv[2:] else {"executor": "dask", "workers": 2}
        try:
            api.run(test_runner.made(), store=sys.argv[1], **where)
        except errors.RnnlabError as error:
            print(error.exit_code, error, flush=True)
        except KeyboardInterrupt as error:
            print(error.exit_code, "patient" if not error.at_once else "at once", flush=True)
""")


@pytest.fixture
def driver(tmp_path):
    """Return a function that starts a run in a process of its own and waits for its first published blocks."""
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    started = []

    def start(blocks, *where):
        command = [sys.executable, script, tmp_path / "store", *where]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True)
        started.append(process)
        for _ in range(blocks):
            assert process.stdout.readline() == "published\n"
        return process

    yield start
    for process in started:
        for child in children(process.pid):
            child.kill()
        process.kill()
        process.stdout.close()
        process.wait()


def rows(store):
    return len(pd.read_parquet(store / "e" / "gradients"))


# --- what dies -------------------------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_costs_nothing(tmp_path, undisturbed, driver):  # noqa: F811
    process = driver(3)
    workers = [child for child in children(process.pid) if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    workers[0].kill()
    output, _ = process.communicate(timeout=120)
    assert output.count("published") == TRIALS - 3
    assert results(tmp_path / "store") == undisturbed
    assert not list((tmp_path / "store" / "e" / "failures").glob("*"))


def test_a_driver_that_is_killed_leaves_no_workers_and_resumes(tmp_path, undisturbed, driver):  # noqa: F811
    process = driver(3)
    workers = children(process.pid)
    process.kill()
    process.wait()
    assert 3 <= rows(tmp_path / "store") < TRIALS
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
    api.run(made(), store=tmp_path / "store", executor="dask", workers=2)
    assert results(tmp_path / "store") == undisturbed


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, "130"), (signal.SIGTERM, "143")])
def test_a_signal_ends_the_run_after_its_blocks(tmp_path, undisturbed, driver, number, code):  # noqa: F811
    process = driver(2)
    os.killpg(process.pid, number)  # as a terminal does: workers and all
    output, _ = process.communicate(timeout=60)
    assert output.endswith(f"{code} patient\n")
    kept = 2 + output.count("published")
    assert rows(tmp_path / "store") == kept < TRIALS
    api.run(made(), store=tmp_path / "store")
    assert results(tmp_path / "store") == undisturbed


def test_a_scheduler_that_is_killed_ends_the_run_and_the_same_command_goes_on(
    tmp_path, undisturbed, driver, dask  # noqa: F811
):  # fmt: skip
    process = driver(3, dask.add(2).address)
    dask.scheduler.kill()
    begin = time.monotonic()
    output, _ = process.communicate(timeout=120)
    assert time.monotonic() - begin < 60
    last = output.splitlines()[-1]
    assert last.startswith(f"6 the scheduler {dask.address} is gone. What is done is kept")
    assert 3 <= rows(tmp_path / "store") < TRIALS
    assert [entry.status for entry in api.listing(tmp_path / "store")] == ["interrupted"]
    api.run(made(), store=tmp_path / "store")
    assert results(tmp_path / "store") == undisturbed


# --- a scheduler that runs -------------------------------------------------------------------------------------------


def test_a_cluster_that_grows_and_loses_a_worker(tmp_path, undisturbed, driver, dask):  # noqa: F811
    process = driver(2, dask.add(1).address)
    dask.add(1)
    [worker] = [c for c in children(dask.started[1].pid) if "spawn_main" in " ".join(c.cmdline())]
    worker.kill()
    process.communicate(timeout=120)
    assert results(tmp_path / "store") == undisturbed
    assert api.load("e", tmp_path / "store").manifest["executor"] == "dask"


def test_workers_of_another_environment_are_refused_before_anything_runs(tmp_path, dask):
    dask.add(1, NUMBA_CPU_NAME="generic")
    with pytest.raises(UsageError, match="compiled_for generic there, ") as caught:
        api.run(made(), store=tmp_path / "store", scheduler=dask.address)
    assert "numpy" not in str(caught.value)
    assert not (tmp_path / "store" / "e" / "gradients").exists()


def test_a_worker_that_comes_later_is_checked_too(monkeypatch):
    here = environment.fingerprint(sameness.here())
    sameness.check_here(here)
    with pytest.raises(executors.WorkersDiffer, match="versions"):
        sameness.check_here("another")
    with pytest.raises(executors.WorkersDiffer, match=r"cannot run rnnlab \(ModuleNotFoundError"):
        sameness.check_all({"tcp://there": ModuleNotFoundError("No module named 'rnnlab'")})


@pytest.mark.parametrize(
    ("address", "error"), [("tcp://127.0.0.1:1", ExecutorLost), ("x:y", UsageError), ("tpc://host:1", UsageError)]
)
def test_a_scheduler_that_is_not_there_is_told_in_seconds(tmp_path, address, error):
    begin = time.monotonic()
    with pytest.raises(error, match=address):
        api.run(made(), store=tmp_path / "store", scheduler=address)
    assert time.monotonic() - begin < 30
    assert not (tmp_path / "store" / "e" / "gradients").exists()


def test_the_scheduler_of_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SMALL, encoding="utf-8")
    gone = "tcp://127.0.0.1:1"
    assert "no scheduler answers" in call("run", "small.toml", "--scheduler", gone, code=6).stderr
    assert "no scheduler answers" in call("run", "small.toml", code=6, RNNLAB_SCHEDULER=gone).stderr
    call("run", "small.toml", "--executor", "threads", RNNLAB_SCHEDULER=gone)  # the command line wins
    assert "goes with dask" in call("run", "small.toml", "--executor", "threads", "--scheduler", gone, code=2).stderr
    assert "leave the number" in call("run", "small.toml", "--workers", "2", "--scheduler", gone, code=2).stderr
    done = call("plan", "small.toml", "-s", "seed=7", "--scheduler", gone)
    assert f"--executor dask --scheduler {gone}" in done.stderr


def test_an_unguarded_script_is_told_the_remedy(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text("from rnnlab import executors\nlist(executors.run(abs, [1], executor='dask', workers=1))\n")
    found = subprocess.run(
        [sys.executable, script], check=False, capture_output=True, text=True, timeout=120, env=ENVIRONMENT
    )
    assert found.returncode
    assert "__name__ == '__main__'" in found.stderr.splitlines()[-1]


def test_without_dask_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(clusters, "find_spec", lambda name: importlib.util.find_spec("no_such_package"))
    with pytest.raises(UsageError, match=r"pip install 'rnnlab\[dask\]'"):
        api.run(made(), store=tmp_path / "store", executor="dask")
    assert not (tmp_path / "store").exists()


# --- blocks on a cluster of this machine -----------------------------------------------------------------------------


def test_blocks_that_raise_or_kill_cost_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with executors.opened("dask", 2) as engine:
        found = dict(executors.run(picky, range(6), executor=engine))
        assert found.pop(3).message == "ValueError: not three"
        assert found == {i: i for i in (0, 1, 2, 4, 5)}
        found = dict(executors.run(fatal, range(6), executor=engine))
        assert isinstance(found.pop(3), executors.WorkerLost)
        assert found == {i: i for i in (0, 1, 2, 4, 5)}
        limits = executors.Limits(seconds=lambda block: 1.0)
        found = dict(executors.run(slow, [0.0, 60.0, 0.1, 0.2], executor=engine, limits=limits))
        assert found.pop(60.0).message == "the worker gave no answer within 1 s"
        assert found == {i: i for i in (0.0, 0.1, 0.2)}
    assert not list(tmp_path.iterdir())  # Dask leaves no folder behind


def test_a_worker_that_dies_after_its_result_is_lost():
    """Dask looks at a task twice: where its worker dies in between, it takes the result apart as an exception."""
    engine = clusters.Cluster.__new__(clusters.Cluster)
    stumble = TypeError("cannot unpack non-iterable BlockResult object")
    assert isinstance(engine.failure(stumble, Future(), None), executors.WorkerLost)
    other = engine.failure(TypeError("cannot pickle this"), Future(), None)
    assert other.message == "TypeError: cannot pickle this"
    assert not isinstance(other, executors.WorkerLost)


def test_a_trial_that_kills_its_worker_is_a_failure(tmp_path):
    place = tmp_path / "store"
    found = failing.run("kill", place, executor="dask", workers=2)
    assert found == {"new": failing.TRIALS, "failed": 1, "left": 0}
    assert rows(place) == failing.TRIALS - 1
    [row] = pd.read_parquet(place / "e" / "failures").to_dict("records")
    assert (row["seed"], row["activation"]) == (1, "relu")
    assert "lost" in row["message"]


# --- any Executor ----------------------------------------------------------------------------------------------------


def test_an_executor_that_is_given_is_used_and_left_open(tmp_path, undisturbed):  # noqa: F811
    with ThreadPoolExecutor(2) as pool:
        runner.run(made(), store=tmp_path, executor=pool)
        assert pool.submit(square, 3).result() == 9
    assert results(tmp_path) == undisturbed
    assert api.load("e", tmp_path).manifest["executor"] == "ThreadPoolExecutor"


def test_a_client_of_dask_is_an_executor_too(tmp_path, undisturbed, dask):  # noqa: F811
    with distributed.Client(dask.add(2).address, set_as_default=False) as client:
        api.run(made(), store=tmp_path, executor=client.get_executor(), workers=2)
    assert results(tmp_path) == undisturbed


def test_a_pool_that_breaks_or_is_closed_ends_the_run(tmp_path):
    with pytest.raises(ExecutorLost, match="BrokenProcessPool"), ProcessPoolExecutor(1) as pool:
        list(executors.run(fatal, range(6), executor=pool))
    with ThreadPoolExecutor(1) as pool:
        pass
    with pytest.raises(ExecutorLost, match="shutdown"):
        api.run(made(), store=tmp_path, executor=pool)


def test_an_executor_that_is_given_keeps_no_time_limit(tmp_path):
    with ThreadPoolExecutor(1) as pool, pytest.raises(UsageError, match="that is given"):
        api.run(made(), store=tmp_path, executor=pool, timeout=1.0)
