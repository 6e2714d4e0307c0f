"""What this machine offers to this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_UNLIMITED = 2**60  # bytes; above it a limit is none
_GROUPS = Path("/sys/fs/cgroup")
_PROCESS = Path("/proc/self")


def processors() -> int:
    """Return the number of processors that this process may use; where the system cannot tell, those there are."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def memory() -> int | None:
    """Return the bytes of memory that this process may have at most: the machine's, or less by a limit.

    Limits are those of RLIMIT_AS and of control groups. None where the system cannot tell.
    """
    known = [each for each in (_physical(), _address_space(), *(limit for limit, _ in _groups())) if each is not None]
    return min(known, default=None)


def free_memory() -> int | None:
    """Return the bytes of memory that are left to this process now, None where the system cannot tell."""
    free = [
        memory(),
        _number(Path("/proc/meminfo"), "MemAvailable:"),
        *(max(0, most - used) for most, used in _groups()),
    ]
    if (space := _address_space()) is not None and (used := _number(_PROCESS / "status", "VmSize:")) is not None:
        free.append(max(0, space - used))
    return min((each for each in free if each is not None), default=None)


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return None


def _address_space() -> int | None:
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return soft if 0 < soft < _UNLIMITED else None


def _groups() -> Iterator[tuple[int, int]]:
    """Yield limit and use of every control group that limits this process: its own and those around it."""
    with suppress(OSError, ValueError):
        for line in (_PROCESS / "cgroup").read_text(encoding="utf-8").splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds == "":
                yield from _limits(_GROUPS, path, "memory.max", "memory.current")
            elif "memory" in kinds.split(","):
                yield from _limits(_GROUPS / "memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes")


def _limits(root: Path, path: str, most: str, used: str) -> Iterator[tuple[int, int]]:
    inside = Path(path.lstrip("/"))
    for each in (inside, *inside.parents):  # a container may see its own group as the root
        with suppress(OSError, ValueError):
            limit = int((root / each / most).read_text(encoding="utf-8"))
            if limit < _UNLIMITED:
                cached = _number(root / each / "memory.stat", "inactive_file", unit=1) or 0
                yield limit, int((root / each / used).read_text(encoding="utf-8")) - cached


def _number(file: Path, name: str, *, unit: int = 1024) -> int | None:
    """Return what a file of the system says under this name."""
    with suppress(OSError, ValueError, IndexError):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.split(None, 1)[0] == name:
                return int(line.split()[1]) * unit
    return None
