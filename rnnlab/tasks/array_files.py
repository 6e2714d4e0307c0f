"""Files of the task `arrays`, .npz or .parquet: found, hashed, read; what they hold is checked by `given_arrays`."""

from __future__ import annotations

import hashlib
import re
import zipfile
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.errors import UsageError
from rnnlab.tasks.given_arrays import Held, Unfit, of_arrays
from rnnlab.tasks.long_table import arrays_of

DIGITS = 16  # hexadecimal, of the sha256, that stand after a name
MOST_BYTES = 2**31
_PINNED = re.compile(rf"(.+)#([0-9a-f]{{{DIGITS}}})", re.DOTALL)


def resolved(data: str) -> str:
    """Return name#hash of a file that can be used, the hash being that of its content as it is now.

    Raises UsageError where there is no such file, where what it holds does not do, and where `data` has a hash itself
    and the content is another one.
    """
    name, pinned = _split(data)
    digest = hashlib.sha256(_content(name)).hexdigest()[:DIGITS]
    if pinned and pinned != digest:
        raise UsageError(
            f"{name} has changed since: its sha256 begins with {digest}, not with {pinned}. "
            "Bring the old file back, or give the name without #..."
        )
    _held(f"{name}#{digest}")
    return f"{name}#{digest}"


def held(data: str) -> Held:
    """Return the sequences of a file; raises UsageError as `resolved` does."""
    return _held(data if _split(data)[1] else resolved(data))


@lru_cache(maxsize=4)
def _held(data: str) -> Held:
    name, pinned = _split(data)
    content = _content(name)
    if hashlib.sha256(content).hexdigest()[:DIGITS] != pinned:
        resolved(data)  # which says so
    try:
        return of_arrays(_npz(content) if Path(name).suffix == ".npz" else arrays_of(content))
    except Unfit as error:
        raise UsageError(f"{name} {error}") from None


def _split(data: str) -> tuple[str, str]:
    """Return the name and the hash, which is empty where there is none."""
    found = _PINNED.fullmatch(data)
    return (found[1], found[2]) if found else (data, "")


def _content(name: str) -> bytes:
    path = Path(name)
    try:
        if path.suffix not in (".npz", ".parquet"):
            raise UsageError(f"{name} is neither a .npz nor a .parquet; docs/tasks.md says what they hold")
        if not path.exists():
            raise UsageError(f"{name} does not exist; a name is relative to the working directory, {Path.cwd()}")
        if not path.is_file():
            raise UsageError(f"{name} is no regular file")
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{name} is larger than {MOST_BYTES >> 30} GiB, too large to be held")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _npz(content: bytes) -> dict[str, np.ndarray]:
    try:
        file: Any = np.load(BytesIO(content), allow_pickle=False)
        return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, AttributeError, KeyError, zipfile.BadZipFile):
        raise Unfit("is no file of numpy.savez with arrays of numbers; Python objects are refused") from None
