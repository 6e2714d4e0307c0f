"""The code of an installed package, as a hash: a version that somebody forgot to raise does not hide a change."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

from rnnlab.plugins.entries import Entry

UNKNOWN = "unknown"  # of a package in an archive, or of compiled modules alone


@cache
def code(entry: Entry) -> str:
    """Return 10 digits of the sha256 of the Python files of the package that an entry is of; imports none of them."""
    top = entry.value.partition(":")[0].partition(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        spec = None
    digest, files = hashlib.sha256(), _files(spec) if spec else []
    for name, file in files:
        digest.update(f"{name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:10] if files else UNKNOWN


def _files(spec: ModuleSpec) -> list[tuple[str, Path]]:
    """Return the names within the package and the files, in the order of the names."""
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    found = [(file.relative_to(folder).as_posix(), file) for folder in folders for file in folder.rglob("*.py")]
    if not folders and spec.origin and spec.origin.endswith(".py"):
        found = [(Path(spec.origin).name, Path(spec.origin))]
    return sorted(pair for pair in found if pair[1].is_file())
