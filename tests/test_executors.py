"""Blocks on threads and processes: results, failures, lost workers, and a way out of everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rnnlab import executors
from rnnlab.errors import UsageError
from rnnlab.executors import processes
from rnnlab.executors.processes import ProcessExecutor

BOTH = pytest.mark.parametrize("executor", ["threads", "processes"])


def square(number):
    return number * number


def picky(number):
    if number == 3:
        raise ValueError("not three")
    return number


def fatal(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fatal_once(path):
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGSEGV)
    return "fine"


def leave(_):
    os._exit(0)


def slow(seconds):
    time.sleep(seconds)
    return seconds


def blas_threads(_):
    import numpy  # noqa: F401
    import threadpoolctl

    pools = threadpoolctl.threadpool_info()
    return [p["num_threads"] for p in pools if p.get("user_api") == "blas" and "numpy" in p["filepath"]]


def unpicklable(_):
    return lambda: 0


def loaded(_):
    return sorted(name for name in sys.modules if name in ("pandas", "matplotlib", "rnnlab.api"))


@BOTH
@pytest.mark.parametrize("workers", [1, 2])
def test_every_block_comes_back_once(executor, workers):
    found = list(executors.run(square, range(20), executor=executor, workers=workers))
    assert sorted(found) == [(i, i * i) for i in range(20)]


@BOTH
def test_a_block_that_raises_is_a_value_and_the_rest_go_on(executor):
    found = dict(executors.run(picky, range(6), executor=executor, workers=2))
    failure = found.pop(3)
    assert isinstance(failure, executors.BlockFailed)
    assert failure.message == "ValueError: not three"
    assert "in picky" in failure.details
    assert found == {i: i for i in (0, 1, 2, 4, 5)}


def test_a_lost_worker_costs_its_own_block_only():
    found = dict(executors.run(fatal, range(6), executor="processes", workers=2))
    failure = found.pop(3)
    assert isinstance(failure, executors.WorkerLost)
    assert "SIGKILL" in str(failure)
    assert found == {i: i for i in (0, 1, 2, 4, 5)}


def die(connection):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_while_it_starts_is_lost_and_ends_no_run(monkeypatch):
    with ProcessExecutor(1) as pool:
        os.kill(pool.submit(os.getpid).result(), signal.SIGKILL)
        with monkeypatch.context() as patch:
            patch.setattr(processes, "serve", die)
            for _ in range(2):  # the first may still meet the worker that was killed after its answer
                with pytest.raises(executors.WorkerLost, match="SIGKILL"):
                    pool.submit(abs, -1).result()
        assert pool.submit(abs, -1).result() == 1


def test_a_worker_that_leaves_is_lost_too():
    [(_, failure)] = executors.run(leave, [0], executor="processes", workers=1)
    assert "exit code 0" in str(failure)


def test_a_block_whose_worker_is_lost_gets_a_second_one(tmp_path):
    path = tmp_path / "tried"
    assert list(executors.run(fatal_once, [path], executor="processes", workers=1)) == [(path, "fine")]


def test_a_worker_that_hangs_is_given_up():
    with ProcessExecutor(1, timeout=0.5) as pool:
        with pytest.raises(executors.WorkerLost, match="no answer within"):
            pool.submit(slow, 60).result()
        assert pool.submit(square, 3).result() == 9


def test_a_result_that_cannot_be_pickled_is_a_failure():
    [(_, failure)] = executors.run(unpicklable, [0], executor="processes", workers=1)
    assert isinstance(failure, executors.BlockFailed)


@BOTH
def test_a_worker_has_one_blas_thread(executor):
    [(_, found)] = executors.run(blas_threads, [0], executor=executor, workers=1)
    assert found
    assert set(found) == {1}


def test_a_worker_process_imports_little():
    [(_, found)] = executors.run(loaded, [0], executor="processes", workers=1)
    assert found == []


@BOTH
def test_few_blocks_are_in_flight(executor):
    taken = []

    def source():
        for i in range(100):
            taken.append(i)
            yield i

    for number, _ in enumerate(executors.run(square, source(), executor=executor, workers=2)):
        assert len(taken) <= number + 5


def test_a_result_may_call_for_more_work():
    class Halving:
        def __init__(self):
            self.queue = deque([8])

        def __iter__(self):
            return self

        def __next__(self):
            if not self.queue:
                raise StopIteration
            return self.queue.popleft()

    source, seen = Halving(), []
    for number, _ in executors.run(square, source, workers=2):
        seen.append(number)
        if number > 1:
            source.queue.extend([number // 2] * 2)
    assert sorted(seen) == [1] * 8 + [2] * 4 + [4] * 2 + [8]


@BOTH
def test_stop_keeps_what_runs_and_begins_nothing(executor):
    stop = threading.Event()
    seen = []
    for _, result in executors.run(slow, [0.3] * 50, executor=executor, workers=2, stop=stop.is_set):
        seen.append(result)
        stop.set()
    assert 1 <= len(seen) <= 4


@BOTH
def test_leaving_early_ends_the_workers(executor):
    begin = time.monotonic()
    results = executors.run(slow, [0.0, 30.0 if executor == "processes" else 0.1], executor=executor, workers=2)
    next(results)
    results.close()
    assert time.monotonic() - begin < 15


@pytest.mark.parametrize(("options", "word"), [({"executor": "thread"}, "threads"), ({"workers": 0}, "1 or more")])
def test_bad_options_are_named(options, word):
    with pytest.raises(UsageError, match=word):
        list(executors.run(square, [1], **options))


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_workers_die_with_their_driver(tmp_path):
    script = tmp_path / "driver.py"
    script.write_text(
        textwrap.dedent("""
        import os, time
        from rnnlab.executors.processes import ProcessExecutor

        if __name__ == "__main__":
            pool = ProcessExecutor(1)
            print(pool.submit(os.getpid).result(), flush=True)
            pool.submit(time.sleep, 60)
            time.sleep(60)
        """)
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=_here()) as driver:
        worker = int(driver.stdout.readline())
        driver.kill()
    deadline = time.monotonic() + 10
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(worker)


def test_an_unguarded_script_is_told_the_remedy(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "import os\nfrom rnnlab import executors\nlist(executors.run(abs, [1], executor='processes', workers=1))\n"
    )
    found = subprocess.run(
        [sys.executable, script], check=False, capture_output=True, text=True, timeout=60, env=_here()
    )
    assert found.returncode
    assert "__name__ == '__main__'" in found.stderr


def _here():
    """The package from this tree, for a script that lies elsewhere."""
    return os.environ | {"PYTHONPATH": str(Path.cwd())}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_told_to_end_answers_first(number):
    with ProcessExecutor(1) as pool:
        worker = pool.submit(os.getpid).result()
        answer = pool.submit(slow, 1.0)
        time.sleep(0.3)
        os.kill(worker, number)
        assert answer.result() == 1.0
        assert (pool.submit(os.getpid).result() == worker) is (number == signal.SIGINT)


def test_the_limit_of_blas_threads_holds_in_whatever_thread_it_is_entered():
    from rnnlab.blas import single_threaded_blas

    before, entered, leave = blas_threads(0), threading.Event(), threading.Event()

    def found():
        with single_threaded_blas():
            return blas_threads(0)

    def first_in():
        with single_threaded_blas():
            entered.set()
            leave.wait()

    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(1) as other:
        assert set(found()) == set(pool.submit(found).result()) == set(other.submit(found).result()) == {1}
        first = pool.submit(first_in)
        entered.wait()
        with single_threaded_blas():  # the last to leave is not the one that set the limit
            leave.set()
            first.result()
            assert set(blas_threads(0)) == {1}
        assert blas_threads(0) == before
        assert set(other.submit(found).result()) == {1}
    assert blas_threads(0) == before
