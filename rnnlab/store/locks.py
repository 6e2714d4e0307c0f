"""One writer at a time: a lock that dies with its process, and a note of who holds it."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rnnlab.errors import StoreBusy
from rnnlab.store import files, staging
from rnnlab.store.layouts import Layout
from rnnlab.store.problems import explained

if TYPE_CHECKING:
    from filelock import BaseFileLock

_POLL = 0.2  # s
_WAIT_AT_MOST = 24 * 3600.0  # s; a network file system may keep the lock of a host that is gone
_DEAD_AFTER = 10.0  # s for which the noted process must be gone: a new holder needs a moment to note itself


@dataclass(frozen=True, slots=True)
class Holder:
    """Who writes."""

    pid: int
    host: str
    command: str
    start: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.start}: {self.command}"

    @property
    def dead(self) -> bool:
        """Whether it ran on this machine and runs no more."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


def holder(place: Layout) -> Holder | None:
    """Return who writes, or was killed when it did (`dead` tells, where it ran on this machine)."""
    try:
        return Holder(**json.loads(files.read(place.holder)))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def writing(place: Layout, *, wait: bool | float = False) -> Iterator[None]:
    """Hold the experiment's lock; makes its folder where there is none.

    wait: False raises StoreBusy at once, True waits for the holder to finish, a number waits so many seconds.
    """
    with explained(place.root, "open the store for writing"):
        staging.folder(place.root)
        held = _lock(place, wait)
    try:
        with explained(place.holder, "note who writes"):
            staging.replace(place, place.holder, json.dumps(asdict(_self())).encode())
        yield
    finally:
        with suppress(OSError):
            files.remove(place.holder)
        files.unlock(held)


def _self() -> Holder:
    command = shlex.join(sys.argv).encode(errors="replace").decode()
    return Holder(os.getpid(), socket.gethostname(), command, datetime.now(UTC).isoformat(timespec="seconds"))


def _lock(place: Layout, wait: bool | float) -> BaseFileLock:
    begin = alive = time.monotonic()
    limit = _WAIT_AT_MOST if wait is True else float(wait)
    while (held := files.lock(place.lock)) is None:
        other, now = holder(place), time.monotonic()
        alive = alive if other is not None and other.dead else now
        if now - begin >= limit or now - alive > _DEAD_AFTER:
            raise StoreBusy(_busy(place, other, waited=now - begin if wait else None))
        time.sleep(_POLL)
    return held


def _busy(place: Layout, other: Holder | None, waited: float | None) -> str:
    who = f"is being written by {other}" if other else "is being written by another run"
    if waited is None:
        return f"{place.root}: {who}. Wait for it with --wait."
    end = " That process is gone, but its lock is not: is the file system shared?" if other and other.dead else ""
    return f"{place.root}: {who}. Waited for {waited:.0f} s.{end}"
