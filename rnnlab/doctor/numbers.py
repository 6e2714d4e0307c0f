"""Arithmetic of this process: other libraries can switch denormal numbers off for everybody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from rnnlab.doctor.finding import Finding


def check(store: Path) -> Iterator[Finding]:
    """Yield whether the smallest numbers are kept, and whether the clock that times runs is fine enough."""
    if half() == 0.0:
        message = "denormal numbers are flushed to zero: a library of this process was built with -ffast-math"
        yield Finding(
            "arithmetic", "problem", message, "do not import that library (sitecustomize, PYTHONSTARTUP, .pth)"
        )
    else:
        yield Finding("arithmetic", "ok", "numbers down to 5e-324 are kept")
    step = time.get_clock_info("perf_counter").resolution
    if step > 1e-3:
        yield Finding(
            "clock", "warning", f"it moves every {step:g} s: times and estimates are rough", "no remedy is known"
        )


def half() -> float:
    """Return half the smallest number that is no denormal, which is one."""
    return 2.2250738585072014e-308 / (2.0 + 0.0 * time.perf_counter())  # by the processor, not by the compiler
