"""Blocks through an executor: the one loop that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor
from contextlib import nullcontext
from typing import TypeVar

from rnnlab.executors.engines import Engine
from rnnlab.executors.failures import BlockFailed
from rnnlab.executors.flight import Flight, Limits
from rnnlab.executors.opening import opened

Task = TypeVar("Task")
Result = TypeVar("Result")


def run(
    function: Callable[[Task], Result],
    blocks: Iterable[Task],
    *,
    executor: str | Executor | Engine = "threads",
    workers: int | None = None,
    scheduler: str | None = None,
    limits: Limits[Task] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[tuple[Task, Result | BlockFailed], None, None]:
    """Yield each block with its result, or with its failure, in the order in which they end.

    At most two blocks a worker are in flight, those whose results wait to be taken included, and no more than fit into
    memory by the limits; `blocks` is asked for the next one only then, and is asked again after every result: what a
    result calls for may be put into it meanwhile. A block whose worker is lost gets a second one. When `stop()` says
    so, blocks that run are brought to their end and no others are begun.

    executor: a name (an engine is started, and ended at the end), an Executor or an engine that is open (it is used,
    and left as it is). Raises UsageError where there is none of this name, WorkersCannotStart, and ExecutorLost where
    the executor breaks or its scheduler is gone.
    """
    opening = nullcontext(executor) if isinstance(executor, Engine) else opened(executor, workers, scheduler=scheduler)
    limits = limits or Limits()
    source = iter(blocks)
    with opening as engine:
        flight = Flight(engine, function, limits)
        while True:
            flight.begin()
            while flight.open and not stop() and (block := next(source, None)) is not None:
                if failure := limits.refused(block):
                    yield block, failure
                else:
                    flight.add(block)
            if stop():
                flight.cancel()
            if not len(flight):
                return
            yield from flight.ended(stopped=stop())
