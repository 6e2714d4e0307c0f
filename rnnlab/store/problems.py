"""What an error of the file system means to a user: the place, what happened, and the remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnlab.errors import StoreDamaged, StoreIOError

_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_FOLDER = {errno.ENOTDIR, errno.ENOENT, errno.ENAMETOOLONG, errno.ELOOP}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}


class DamagedFile(StoreDamaged):
    """One file of the store is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        remedy = "Run the experiment again: it sets the file aside and computes its trials anew."
        super().__init__(f"{path}: is damaged ({reason}). {remedy}")

    def __reduce__(self) -> tuple[type[DamagedFile], tuple[Path, str]]:
        return DamagedFile, (self.path, self.reason)


@contextmanager
def explained(place: Path, doing: str, need: int = 0) -> Iterator[None]:
    """Turn an OSError into a StoreIOError that names the place, the cause and the remedy; `need` in bytes."""
    try:
        yield
    except OSError as error:
        where = error.filename or place
        raise StoreIOError(f"{where}: cannot {doing}: {error.strerror or error}. {_remedy(error, need)}") from error


def refused(error: StoreIOError) -> bool:
    """Say whether the file system allows no writing."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _REFUSED


def _remedy(error: OSError, need: int) -> str:
    kept = "What is done is kept: run the same command again."
    if error.errno in _ROOM:
        return f"Make room{f' (at least {need:,} bytes)' if need else ''}. {kept}"
    if error.errno in _REFUSED:
        return "The store is read-only here: choose another with --store, or allow writing."
    if error.errno in _NO_FOLDER:
        return "No folder can be there: choose another folder with --store."
    return kept
