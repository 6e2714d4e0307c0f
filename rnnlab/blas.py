"""NumPy's linear algebra held at one thread: its numbers may depend on how many there are, and pools would fight."""

from __future__ import annotations

import threading
from functools import cache
from types import TracebackType
from typing import Any


class _Limit:
    """The limit is the process's, so threads share it: the first to enter sets it, the last to leave restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limiter: Any = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                _take_over()
                self._limiter = _controller().limit(limits=1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _take_over()
                self._limiter.restore_original_limits()


_limit = _Limit()


def single_threaded_blas() -> _Limit:
    """Return a context that holds every BLAS pool of this process at one thread; it may be entered many times."""
    return _limit


def _take_over() -> None:
    """Let this thread set limits: from 3.8 on threadpoolctl heeds only the thread that was the first to set one."""
    import threadpoolctl

    clear = getattr(getattr(threadpoolctl, "OpenBLASController", None), "clear_controlling_thread", None)
    if clear:
        clear(force=True)


@cache
def _controller() -> Any:
    # A limit that is set before a pool is loaded misses it.
    import numpy  # noqa: F401
    import threadpoolctl

    return threadpoolctl.ThreadpoolController().select(user_api="blas")
