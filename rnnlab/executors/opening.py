"""From the name of an executor, or one that is given, to the engine that blocks go through."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rnnlab.errors import UsageError, did_you_mean
from rnnlab.executors import clusters
from rnnlab.executors.engines import Engine, Processes
from rnnlab.executors.processes import ProcessExecutor
from rnnlab.machine import processors

EXECUTORS = ("threads", "processes", "dask")


def check(
    executor: str | Executor, workers: int | None = None, *, scheduler: str | None = None, timeout: float | None = None
) -> None:
    """Raise UsageError where there is no such executor, no worker, or where it cannot do what is asked of it."""
    name = executor if isinstance(executor, str) else None
    if name is not None and name not in EXECUTORS:
        raise UsageError(f"there is no executor {executor}.{did_you_mean(name, EXECUTORS)}")
    if workers is not None and workers < 1:
        raise UsageError(f"{workers} workers cannot compute anything: give 1 or more.")
    if scheduler is not None and name != "dask":
        raise UsageError(f"a scheduler goes with the executor dask, not with {name or 'one that is given'}.")
    if scheduler is not None and workers is not None:
        raise UsageError("the cluster of a scheduler has the workers that it has: leave the number of workers away.")
    if timeout is not None and name not in ("processes", "dask"):
        raise UsageError(_NO_TIMEOUT[name == "threads"])
    if name == "dask":
        clusters.check()


_NO_TIMEOUT = (
    "an executor that is given keeps no time limit: let it limit its calls itself.",
    "a thread cannot be ended, so threads keep no time limit: use --executor processes (executor='processes').",
)


def opened(
    executor: str | Executor, workers: int | None = None, *, scheduler: str | None = None
) -> AbstractContextManager[Engine]:
    """Return the engine as a context, after which its workers have ended; an Executor that is given stays as it is.

    Raises UsageError, and ExecutorLost where the scheduler cannot be reached.
    """
    check(executor, workers, scheduler=scheduler)
    number = processors() if workers is None else workers
    if not isinstance(executor, str):
        return nullcontext(Engine(executor, workers or getattr(executor, "_max_workers", None) or number))
    if executor == "dask":
        return clusters.joined(scheduler) if scheduler is not None else clusters.started(number)
    return _threads(number) if executor == "threads" else _processes(number)


@contextmanager
def _threads(workers: int) -> Iterator[Engine]:
    from rnnlab.blas import single_threaded_blas

    pool = ThreadPoolExecutor(workers, thread_name_prefix="rnnlab")
    with single_threaded_blas(), _quick_turns(), _ended_with(pool):
        yield Engine(pool, workers)


@contextmanager
def _processes(workers: int) -> Iterator[Engine]:
    pool = ProcessExecutor(workers)
    with _ended_with(pool):
        yield Processes(pool, workers)


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Let a worker that comes out of a kernel wait half a millisecond for the interpreter, not five."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _ended_with(pool: Executor) -> Iterator[None]:
    """Wait for what runs when all went well, and for nothing when it did not."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
