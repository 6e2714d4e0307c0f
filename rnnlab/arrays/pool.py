"""Work on many networks, spread over threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

_SPLIT = 2  # pieces of work for each worker, so that none waits long for the last


def spread(work: Callable[[int, int], None], count: int, workers: int) -> None:
    """Call work(start, stop) for pieces of `count` networks, on as many threads as there are workers."""
    workers = min(workers, count)
    if workers == 1:
        work(0, count)
        return
    cuts = np.linspace(0, count, min(count, workers * _SPLIT) + 1).astype(int).tolist()
    list(_pool(workers).map(work, cuts[:-1], cuts[1:]))


@lru_cache(maxsize=1)
def _pool(workers: int) -> ThreadPoolExecutor:
    """Threads that stay: with them stay the arrays that they work in."""
    return ThreadPoolExecutor(workers, thread_name_prefix="rnnlab")


if hasattr(os, "register_at_fork"):  # a forked child has the pool, but none of its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
