"""NumPy's linear algebra held at one thread: its numbers may depend on how many there are, and pools would fight."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock = threading.Lock()
_depth = 0
_limiter: Any = None


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold every BLAS pool of this process at one thread.

    The limit is the process's, so threads share it: the first to enter sets it, the last to leave restores it.
    """
    global _depth, _limiter
    with _lock:
        _depth += 1
        if _depth == 1:
            _limiter = _controller().limit(limits=1)
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                _limiter.restore_original_limits()
                _limiter = None


@cache
def _controller() -> Any:
    # A limit that is set before a pool is loaded misses it.
    import numpy  # noqa: F401
    import threadpoolctl

    return threadpoolctl.ThreadpoolController().select(user_api="blas")
