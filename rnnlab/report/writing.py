"""The report as a file, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import UsageError

if TYPE_CHECKING:
    from rnnlab.api import Results

SUFFIXES = (".html", ".htm")


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written."""

    path: Path
    bytes: int
    trials: int
    trials_with_curves: int


def write(results: Results, path: str | PathLike[str]) -> Written:
    """Write the report of an experiment: one HTML file that needs no network.

    Raises UsageError for a name that does not end in .html, for a network of the user's own, and for measures that this
    rnnlab does not know; OSError where the file cannot be written.
    """
    from rnnlab.report.page import page

    target = Path(path)
    check_name(target)
    if "network" in results.manifest["experiment"]:
        raise UsageError(
            f"{results.name} is a network of your own, without a grid to explore: rnnlab show {results.name}"
        )
    if not results.measured:
        raise UsageError(f"{results.name} has no measure that this rnnlab knows. Upgrade rnnlab to see it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:  # before the work: it may be refused
            text, curves = page(results)
            file.write(text)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return Written(target, target.stat().st_size, len(results.trials), curves.trials)


def check_name(path: Path) -> None:
    """Raise UsageError for a name that is no HTML file's."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: a report is one HTML file; its name ends in .html")
