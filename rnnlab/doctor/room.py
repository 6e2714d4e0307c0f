"""Room: on the disks that runs write to, in memory, and for open files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rnnlab.doctor.finding import Finding
from rnnlab.machine import free_memory, memory

LEAST_DISK, LITTLE_DISK = 2**26, 2**30  # bytes
LEAST_MEMORY, LITTLE_MEMORY = 2**28, 2**30
LEAST_FILES = 256


def check(store: Path) -> Iterator[Finding]:
    """Yield how much room there is for results, temporary files, networks and open files."""
    yield _disk("disk of the store", _above(store), "choose another folder with --store, or make room")
    yield _disk("disk of temporary files", Path(tempfile.gettempdir()), "export TMPDIR=FOLDER, or make room")
    yield _memory()
    yield from _files()
    yield from _shared(Path("/dev/shm"))


def _above(path: Path) -> Path:
    """Return the folder itself, or the first one above it that is there."""
    whole = path.absolute()
    return next((each for each in (whole, *whole.parents) if each.exists()), Path.cwd())


def _disk(name: str, place: Path, remedy: str) -> Finding:
    try:
        free = shutil.disk_usage(place).free
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        return Finding(name, "problem", f"{place}: cannot be written to: {error.strerror or error}", remedy)
    told = f"{place}: {_gigabytes(free)} free"
    if free < LEAST_DISK:
        return Finding(name, "problem", told, remedy)
    return Finding(name, "warning", told, remedy) if free < LITTLE_DISK else Finding(name, "ok", told)


def _memory() -> Finding:
    free, there = free_memory(), memory()
    if free is None or there is None:
        return Finding("memory", "ok", "this system does not tell")
    told = f"{_gigabytes(free)} of {_gigabytes(there)} free"
    remedy = "end other programs, or give fewer --workers"
    if free < LEAST_MEMORY:
        return Finding("memory", "problem", told, remedy)
    return Finding("memory", "warning", told, remedy) if free < LITTLE_MEMORY else Finding("memory", "ok", told)


def _files() -> Iterator[Finding]:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= LEAST_FILES:
        yield Finding("open files", "ok", "any number" if soft == resource.RLIM_INFINITY else f"{soft:,} at a time")
        return
    more = LEAST_FILES if hard == resource.RLIM_INFINITY else min(4096, hard)
    yield Finding(
        "open files", "warning", f"{soft:,} at a time; large stores and clusters need more", f"ulimit -n {more}"
    )


def _shared(place: Path) -> Iterator[Finding]:
    """Yield whether processes can share what they wait for, where the system does that in a folder."""
    if not place.is_dir():
        return
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        message = f"{place}: {error.strerror or error}; --executor processes cannot work"
        yield Finding("shared memory", "warning", message, "use --executor threads, the default")
    else:
        yield Finding("shared memory", "ok", f"{place} can be written to")


def _gigabytes(number: int) -> str:
    return f"{number / 2**30:,.1f} GiB" if number >= 2**30 else f"{number / 2**20:,.0f} MiB"
