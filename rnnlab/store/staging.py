"""How a file comes to stand in the store whole or not at all: staged, synced, then given its name."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from rnnlab.store import files
from rnnlab.store.layouts import Layout

_number = itertools.count()


def folder(path: Path) -> None:
    """Make a folder, and those above it, and wait until their names are on the disk."""
    if files.kind(path.parent) == "absent":
        folder(path.parent)
    if files.make_folder(path):
        files.sync(path.parent)


def stage(place: Layout, data: bytes) -> Path:
    """Write a file that nobody reads yet, and wait until it is on the disk; return where it stands."""
    folder(place.staging)
    path = _free(place)
    try:
        files.write(path, data)
        files.sync(path)
    except OSError:
        files.remove(path)
        raise
    return path


def _free(place: Layout) -> Path:
    """Return a name that no killed process has left: process ids come again, in containers at every start."""
    # The name neither ends in .parquet nor begins without a dot: no reader of Parquet folders takes it for a table.
    names = (place.staging / f".{os.getpid()}-{number}" for number in _number)
    return next(path for path in names if files.kind(path) == "absent")


def put(staged: Path, target: Path) -> bool:
    """Give a staged file its name; say whether the name was free. The folder is still to be synced."""
    try:
        files.link(staged, target)
    except FileExistsError:
        files.remove(staged)
        return False
    files.remove(staged)
    return True


def replace(place: Layout, target: Path, data: bytes) -> None:
    """Put a file in the place of another: at any moment one of the two stands there, whole."""
    staged = stage(place, data)
    files.rename(staged, target)
    files.sync(target.parent)


def clear(place: Layout) -> None:
    """Remove what a killed run has staged."""
    for entry in files.entries(place.staging):
        if entry.kind == "file":
            files.remove(place.staging / entry.name)
