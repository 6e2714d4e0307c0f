"""Ctrl-C and SIGTERM while blocks run: once, and what runs is brought to its end; twice, and nothing is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """The run was interrupted; what is done is kept. `exit_code` is that of the command line.

    at_once: the user asked twice; threads may still compute blocks that nobody waits for.
    """

    def __init__(self, number: int, *, at_once: bool) -> None:
        self.exit_code, self.at_once = 128 + number, at_once
        super().__init__("interrupted. What is done is kept: the same command goes on from there.")


class Patience:
    """While this is entered, the first signal makes `asked` true and calls `heard`; the second raises Interrupted.

    Does nothing outside of the main thread, where Python delivers no signals.
    """

    def __init__(self, heard: Callable[[], None] | None = None) -> None:
        self.number: int | None = None
        self._heard = heard
        self._before: dict[int, Any] = {}
        self._hasty = False

    def asked(self) -> bool:
        """Whether a signal asks the run to end."""
        return self.number is not None

    def check(self) -> None:
        """Raise Interrupted where a signal has asked for it."""
        if self.number is not None:
            raise Interrupted(self.number, at_once=False)

    @contextmanager
    def hasty(self) -> Iterator[None]:
        """While this is entered the first signal raises Interrupted: nothing runs that were worth waiting for."""
        self._hasty = True
        try:
            self.check()
            yield
        finally:
            self._hasty = False
        self.check()  # what a signal raises in a destructor is lost

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            raise Interrupted(number, at_once=True)
        self.number = number
        if self._hasty:
            raise Interrupted(number, at_once=False)
        if self._heard is not None:
            self._heard()

    def __enter__(self) -> Patience:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before if before is not None else signal.SIG_DFL)
