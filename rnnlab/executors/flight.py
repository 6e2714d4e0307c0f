"""The blocks in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from rnnlab.executors.engines import Engine
from rnnlab.executors.failures import BlockFailed, TimedOut, TooLarge, WorkerLost, WorkersDiffer

Task = TypeVar("Task")
Result = TypeVar("Result")

_WAKE = 0.2  # s between looks at `stop`


def once_if_lost(block: object, failure: BlockFailed, tries: int) -> bool:
    """Say that a block whose worker died is tried a second time, and that no other is tried again."""
    return tries == 1 and isinstance(failure, WorkerLost) and not isinstance(failure, TimedOut)


@dataclass(frozen=True, slots=True)
class Limits(Generic[Task]):
    """What blocks are held to.

    seconds: that a block may take, where the engine can keep a limit. bytes: of memory that a block takes; `room` are
    those for all blocks in flight, of which one always may be, and `memory` those beyond which none is begun.
    again: whether a block that failed, after so many tries, is tried once more.
    """

    seconds: Callable[[Task], float | None] = lambda block: None
    bytes: Callable[[Task], int] = lambda block: 0
    room: int | None = None
    memory: int | None = None
    again: Callable[[Task, BlockFailed, int], bool] = once_if_lost

    def refused(self, block: Task) -> TooLarge | None:
        """Return the failure of a block that takes more memory than there is."""
        needed = 0 if self.memory is None else self.bytes(block)
        return TooLarge.to_fit(needed, self.memory) if self.memory is not None and needed > self.memory else None


@dataclass(frozen=True, slots=True)
class Entry(Generic[Task]):
    """A block on its way, how often it was tried, and what it is held to."""

    block: Task
    tries: int
    seconds: float | None
    bytes: int


class Flight(Generic[Task, Result]):
    """The blocks in flight: at most two a worker, and those whose results wait to be taken are among them."""

    def __init__(self, engine: Engine, function: Callable[[Task], Result], limits: Limits[Task]) -> None:
        self._engine, self._function, self._limits = engine, function, limits
        self._entries: dict[Future[Result | BlockFailed], Entry[Task]] = {}
        self._ended: SimpleQueue[Future[Result | BlockFailed]] = SimpleQueue()
        self._waiting: deque[Entry[Task]] = deque()  # for room, or to be tried again
        self._cancelled = False

    def __len__(self) -> int:
        return len(self._entries) + len(self._waiting)

    @property
    def open(self) -> bool:
        """Whether there is room for one more."""
        return not self._waiting and len(self._entries) < self._most()

    def add(self, block: Task) -> None:
        """Take a block; it begins when there is room for it."""
        self._waiting.append(Entry(block, 1, self._limits.seconds(block), self._limits.bytes(block)))
        self.begin()

    def begin(self) -> None:
        """Begin what waits and fits."""
        while self._waiting and len(self._entries) < self._most() and self._fits(self._waiting[0]):
            self._begin(self._waiting.popleft())

    def cancel(self) -> None:
        """Let nothing begin that has not begun."""
        self._waiting.clear()
        if not self._cancelled:
            self._engine.cancel(list(self._entries))
        self._cancelled = True

    def ended(self, *, stopped: bool) -> Iterator[tuple[Task, Result | BlockFailed]]:
        """Yield the block that has ended, if one has within a moment; raises ExecutorLost.

        stopped: nothing is tried again, and blocks may have been cancelled.
        """
        try:
            future = self._ended.get(timeout=_WAKE)
        except Empty:
            self._engine.check()
            return
        entry = self._entries.pop(future)
        if future.cancelled():
            if not stopped:
                raise self._engine.lost()
            return
        result = self._result(future, entry)
        if isinstance(result, BlockFailed) and not stopped and self._limits.again(entry.block, result, entry.tries):
            self._waiting.append(Entry(entry.block, entry.tries + 1, entry.seconds, entry.bytes))
        else:
            yield entry.block, result

    def _most(self) -> int:
        """Return how many may be in flight; where a worker was lost none waits behind another that may kill again."""
        if any(entry.tries > 1 for entry in (*self._entries.values(), *self._waiting)):
            return self._engine.workers(now=True)
        return 2 * self._engine.workers()

    def _fits(self, entry: Entry[Task]) -> bool:
        if self._limits.room is None or not self._entries:
            return True
        return entry.bytes + sum(each.bytes for each in self._entries.values()) <= self._limits.room

    def _begin(self, entry: Entry[Task]) -> None:
        future = self._engine.submit(Attempt(self._function), entry.block, entry.seconds)
        self._entries[future] = entry
        future.add_done_callback(self._ended.put)

    def _result(self, future: Future[Any], entry: Entry[Task]) -> Any:
        try:
            return future.result()
        except Exception as error:
            return self._engine.failure(error, future, entry.seconds)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[Task, Result]):
    """A function whose exceptions are values, for they may not survive the way from a worker."""

    function: Callable[[Task], Result]

    def prepare(self) -> None:
        """Make a worker ready, where the function knows how: before its first block, and outside of its time."""
        getattr(self.function, "prepare", lambda: None)()

    def __call__(self, block: Task) -> Result | BlockFailed:
        """Return what the function returns of the block, or the failure that its exception is."""
        try:
            return self.function(block)
        except WorkersDiffer:
            raise
        except Exception as error:
            return BlockFailed.of(error)
