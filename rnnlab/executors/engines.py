"""Engines: how blocks get to the workers of an Executor, and what its exceptions mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any

from rnnlab.errors import ExecutorLost
from rnnlab.executors.failures import BlockFailed, WorkersCannotStart, WorkersDiffer
from rnnlab.executors.processes import ProcessExecutor


class Engine:
    """An Executor, and the number of blocks that it computes side by side."""

    def __init__(self, pool: Executor, workers: int) -> None:
        self._pool, self._workers = pool, workers

    def workers(self, *, now: bool = False) -> int:
        """Return the number of workers; where it can change, as it was a moment ago, or as it is now."""
        return self._workers

    def submit(self, function: Callable[..., Any], block: Any, seconds: float | None) -> Future[Any]:
        """Have a worker call the function, for so long at most where the engine can keep a limit.

        Raises ExecutorLost where it takes no more.
        """
        try:
            return self._pool.submit(function, block)
        except RuntimeError as error:  # it was shut down, or is broken
            raise self.lost(error) from None

    def cancel(self, futures: Iterable[Future[Any]]) -> None:
        """Cancel what has not begun."""
        for future in futures:
            future.cancel()

    def failure(self, error: Exception, future: Future[Any], seconds: float | None) -> BlockFailed:
        """Return the failure that this exception of a future is; raises what ends the run.

        seconds: that the block was given.
        """
        if isinstance(error, BlockFailed):
            return error
        if isinstance(error, WorkersCannotStart | WorkersDiffer):
            raise error
        if isinstance(error, BrokenExecutor):
            raise self.lost(error)
        return BlockFailed.of(error)  # the engine's own: a result that cannot be pickled

    def check(self) -> None:
        """Raise ExecutorLost where the engine is known to be gone."""

    def lost(self, error: BaseException | None = None) -> ExecutorLost:
        """Return the error that ends a run whose engine is gone."""
        why = f" ({type(error).__name__}: {error})" if error else ""
        return ExecutorLost(
            f"the executor takes no more blocks{why}. What is done is kept: the same command goes on from there."
        )


class Processes(Engine):
    """Worker processes of this machine."""

    _pool: ProcessExecutor

    def submit(self, function: Callable[..., Any], block: Any, seconds: float | None) -> Future[Any]:
        """Have a worker process call the function, for so long at most."""
        return self._pool.submit_within(seconds, function, block)
