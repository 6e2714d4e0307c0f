"""`rnnlab doctor`: what of this machine hinders runs, and how it is mended. One file a check."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from rnnlab.doctor import cache, numbers, plugins, results, room, threads, versions
from rnnlab.doctor.cache import remove_stale
from rnnlab.doctor.finding import Check, Finding, Level

CHECKS: tuple[Check, ...] = (
    versions.check,
    threads.check,
    cache.check,
    room.check,
    numbers.check,
    results.check,
    plugins.check,
)

__all__ = ["CHECKS", "Check", "Finding", "Level", "examine", "remove_stale"]


def examine(store: str | PathLike[str] = "results") -> Iterator[Finding]:
    """Yield what every check finds; one that raises is a problem of its own, and does not keep the others from it."""
    for check in CHECKS:
        try:
            yield from check(Path(store))
        except Exception as error:
            name = check.__module__.rpartition(".")[2]
            told = f"the check itself failed: {type(error).__name__}: {error}"
            yield Finding(name, "problem", told, "rnnlab doctor --debug, and report what it prints")
