"""What this machine offers."""

from __future__ import annotations

import os


def processors() -> int:
    """Return the number of processors that this process may use; where the system cannot tell, those there are."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def memory() -> int | None:
    """Return the bytes of memory that the machine has, None where the system cannot tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return None
