"""Signals and processes that are started here: Ctrl-C at a terminal reaches them all, and is the driver's business."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_held(*which: signal.Signals) -> Iterator[None]:
    """Let what is started here be born deaf to these signals (default: all): without handlers it would die of them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, which or SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
