"""Blocks through an executor: the one loop that all of them share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from rnnlab.errors import UsageError, did_you_mean
from rnnlab.executors.failures import BlockFailed, WorkerLost, WorkersCannotStart
from rnnlab.executors.processes import ProcessExecutor
from rnnlab.machine import processors

Task = TypeVar("Task")
Result = TypeVar("Result")

_WAKE = 0.2  # s between looks at `stop`


def run(
    function: Callable[[Task], Result],
    blocks: Iterable[Task],
    *,
    executor: str = "threads",
    workers: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[tuple[Task, Result | BlockFailed], None, None]:
    """Yield each block with its result, or with its failure, in the order in which they end.

    At most two blocks a worker are in flight, those whose results wait to be taken included; `blocks` is asked for the
    next one only then, and is asked again after every result: what a result calls for may be put into it meanwhile. A
    block whose worker is lost gets a second one. When `stop()` says so, blocks that run are brought to their end and
    no others are begun. Raises WorkersCannotStart, and UsageError for an unknown executor.
    """
    check(executor, workers)
    number = processors() if workers is None else workers
    source = iter(blocks)
    with EXECUTORS[executor](number) as pool:
        flight = _Flight(pool, function)
        while True:
            while len(flight) < 2 * number and not stop() and (block := next(source, None)) is not None:
                flight.add(block)
            if not len(flight):
                return
            if stop():
                flight.cancel()
            yield from flight.ended(retry=not stop())


class _Flight(Generic[Task, Result]):
    """The blocks in flight."""

    def __init__(self, pool: Executor, function: Callable[[Task], Result]) -> None:
        self._pool, self._function = pool, function
        self._blocks: dict[Future[Result | BlockFailed], tuple[Task, int]] = {}
        self._ended: SimpleQueue[Future[Result | BlockFailed]] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._blocks)

    def add(self, block: Task, losses: int = 0) -> None:
        future = self._pool.submit(_attempt, self._function, block)
        self._blocks[future] = block, losses
        future.add_done_callback(self._ended.put)

    def cancel(self) -> None:
        for future in list(self._blocks):
            future.cancel()

    def ended(self, *, retry: bool) -> Iterator[tuple[Task, Result | BlockFailed]]:
        """Yield the block that has ended, if one has within a moment."""
        try:
            future = self._ended.get(timeout=_WAKE)
        except Empty:
            return
        block, losses = self._blocks.pop(future)
        if future.cancelled():
            return
        result = _result(future)
        if isinstance(result, WorkerLost) and retry and not losses:
            self.add(block, losses + 1)
        else:
            yield block, result


def _attempt(function: Callable[[Task], Result], block: Task) -> Result | BlockFailed:
    try:
        return function(block)
    except Exception as error:
        return BlockFailed.of(error)


def _result(future: Future[Any]) -> Any:
    try:
        return future.result()
    except WorkersCannotStart:
        raise
    except BlockFailed as failure:
        return failure
    except Exception as error:  # the engine's own: a result that cannot be pickled, a scheduler that is gone
        return BlockFailed.of(error)


@contextmanager
def _threads(workers: int) -> Iterator[Executor]:
    from rnnlab.blas import single_threaded_blas

    pool = ThreadPoolExecutor(workers, thread_name_prefix="rnnlab")
    with single_threaded_blas(), _quick_turns(), _ended_with(pool):
        yield pool


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
def _ended_with(pool: Executor) -> Iterator[Executor]:
    """Wait for what runs when all went well, and for nothing when it did not."""
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


EXECUTORS: dict[str, Callable[[int], AbstractContextManager[Executor]]] = {
    "threads": _threads,
    "processes": lambda workers: _ended_with(ProcessExecutor(workers)),
}


def check(executor: str, workers: int | None = None) -> None:
    """Raise UsageError where there is no such executor, or no worker."""
    if executor not in EXECUTORS:
        raise UsageError(f"there is no executor {executor}.{did_you_mean(executor, EXECUTORS)}")
    if workers is not None and workers < 1:
        raise UsageError(f"{workers} workers cannot compute anything: give 1 or more.")
