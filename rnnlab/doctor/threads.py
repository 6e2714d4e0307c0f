"""Threads: those that may run here, and those that libraries would start beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rnnlab.doctor.finding import Finding
from rnnlab.machine import processors

_GROUPS = Path("/sys/fs/cgroup")
_OF_BLAS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def check(store: Path) -> Iterator[Finding]:
    """Yield the processors, what a container allows of them, and settings that hinder."""
    usable, there, quota = processors(), os.cpu_count() or 1, allowed()
    told = f"{usable} of {there} may be used" if usable < there else f"{there}"
    if quota is not None and quota < usable:
        remedy = f"give --workers {max(1, int(quota))}, or export RNNLAB_WORKERS={max(1, int(quota))}"
        yield Finding("processors", "warning", f"{told}, and this container may use {quota:g} at a time", remedy)
    else:
        yield Finding("processors", "ok", told)
    yield from _workers(usable)
    yield from _settings()
    yield _blas()


def allowed() -> float | None:
    """Return the processors that the control group of this process may use at a time, None where it has no limit."""
    with suppress(OSError, ValueError):  # version 2
        quota, period = (_GROUPS / "cpu.max").read_text(encoding="ascii").split()
        return None if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError):
        quota, period = ((_GROUPS / "cpu" / f"cpu.cfs_{name}_us").read_text("ascii") for name in ("quota", "period"))
        return int(quota) / int(period) if int(quota) > 0 else None
    return None


def _workers(usable: int) -> Iterator[Finding]:
    given = os.environ.get("RNNLAB_WORKERS")
    if given is None:
        return
    if not given.isdigit() or int(given) < 1:
        yield Finding(
            "workers", "problem", f"RNNLAB_WORKERS is {given!r:.40}, no number from 1", "unset RNNLAB_WORKERS"
        )
    elif int(given) > usable:
        remedy = f"unset RNNLAB_WORKERS, or export RNNLAB_WORKERS={usable}"
        yield Finding(
            "workers", "warning", f"RNNLAB_WORKERS is {given} on {usable} processors: they would queue", remedy
        )
    else:
        yield Finding("workers", "ok", f"RNNLAB_WORKERS is {given}")


def _settings() -> Iterator[Finding]:
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        message = "NUMBA_DISABLE_JIT is set: kernels would run as plain Python, some hundred times slower"
        yield Finding("numba", "problem", message, "unset NUMBA_DISABLE_JIT")
    bad = [name for name in _OF_BLAS if not os.environ.get(name, "1").isdigit()]
    if bad:
        yield Finding(
            "blas threads", "problem", f"{bad[0]} is {os.environ[bad[0]]!r:.40}, no number", f"unset {bad[0]}"
        )


def _blas() -> Finding:
    """Return the BLAS that NumPy uses; rnnlab holds it at one thread while it computes."""
    from rnnlab import environment

    pools = environment.describe()["blas"]
    if not pools:
        return Finding(
            "blas", "warning", "none that threadpoolctl knows; threads are not held at one", "pip install numpy"
        )
    if several := [pool for pool in pools if pool["threads"] != 1]:
        remedy = "export OMP_NUM_THREADS=1"
        return Finding("blas", "problem", f"{several[0]['library']} cannot be held at one thread", remedy)
    told = ", ".join(f"{pool['library']} {pool['version'] or ''}".strip() for pool in pools)
    return Finding("blas", "ok", f"{told}, held at one thread beside the workers")
