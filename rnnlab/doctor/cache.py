"""The folder of compiled kernels: whether they are kept, are there already, and what older ones take."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from rnnlab.doctor.finding import Finding
from rnnlab.kernels import folder as kernels

STALE = 2**29  # bytes of kernels of other versions from which they are told of


def check(store: Path) -> Iterator[Finding]:
    """Yield whether kernels can be kept, whether they are compiled, and what other versions left."""
    wished, there = wanted(), kernels.cache_folder()
    if there is None:
        message = "kernels cannot be kept anywhere: every run compiles them anew, half a minute"
        yield Finding("kernel cache", "problem", message, "export RNNLAB_CACHE_DIR=FOLDER, one that can be written to")
        return
    if there.parent != wished:
        message = f"{wished} cannot be written to; kernels are kept in {there}, which may be emptied at any time"
        yield Finding("kernel cache", "warning", message, "export RNNLAB_CACHE_DIR=FOLDER, one that can be written to")
    else:
        yield Finding("kernel cache", "ok", f"{there}")
    count, held = len(list(there.rglob("*.nbc"))), size(there)
    if count:
        yield Finding("kernels", "ok", f"{count} compiled, {_megabytes(held)}")
    else:
        message = "not compiled yet: the first run takes half a minute longer"
        yield Finding("kernels", "warning", message, "rnnlab run quickstart")
    old = stale(there)
    if (held := sum(map(size, old))) > STALE:
        folders = "1 folder" if len(old) == 1 else f"{len(old)} folders"
        remedy = "rnnlab doctor --fix"
        yield Finding("old kernels", "warning", f"{folders} of other versions hold {_megabytes(held)}", remedy)


def wanted() -> Path:
    """Return the folder in which kernels are to be kept; `rnnlab.kernels.folder` goes elsewhere where it has to."""
    given = os.environ.get("RNNLAB_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "rnnlab"


def stale(there: Path) -> list[Path]:
    """Return the folders of kernels of other sources than these."""
    return sorted(path for path in there.parent.glob("kernels-*") if path != there and path.is_dir())


def remove_stale() -> list[Path]:
    """Remove the kernels of other versions, and return the folders that are gone."""
    there = kernels.cache_folder()
    old = stale(there) if there is not None else []
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return [path for path in old if not path.exists()]


def size(folder: Path) -> int:
    """Return the bytes in the files of a folder; one that goes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def _megabytes(number: int) -> str:
    return f"{number / 2**20:,.0f} MiB"
