"""What an error of the file system means to a user: the place, what happened, and the remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rnnlab.errors import StoreDamaged, StoreIOError, typed
from rnnlab.store.layouts import owner

_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_FOLDER = {errno.ENOTDIR, errno.ENOENT, errno.ENAMETOOLONG}
_IN_THE_WAY = {errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.EINVAL}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}


class DamagedFile(StoreDamaged):
    """One file of the store is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        remedy = "sets the file aside and computes its trials anew."
        super().__init__(f"{path}: is damaged ({reason}). `{repair_command(path.parent.parent)}` {remedy}")

    def __reduce__(self) -> tuple[type[DamagedFile], tuple[Path, str]]:
        return DamagedFile, (self.path, self.reason)


class GoneFile(DamagedFile):
    """One file of the store is gone, though others tell that it was there."""

    def __init__(self, path: Path) -> None:
        self.path, self.reason = path, "is gone"
        repair = f"`{repair_command(path.parent.parent)}` computes its trials anew."
        StoreDamaged.__init__(self, f"{path}: is gone, and the rest of its block is there. {repair}")

    def __reduce__(self) -> tuple[type[GoneFile], tuple[Path]]:  # type: ignore[override]
        return GoneFile, (self.path,)


class ComputedTwice(StoreDamaged):
    """The same trials stand in two files with different results: none of them is picked."""

    def __init__(self, first: Path, other: Path, keys: Sequence[str], columns: Sequence[str]) -> None:
        self.first, self.other, self.keys, self.columns = first, other, tuple(keys), tuple(columns)
        remedy = f"`{repair_command(first.parent.parent)}` sets both aside and computes anew."
        super().__init__(f"{twice(first, other, self.keys, self.columns)}. None of them is used. {remedy}")

    def __reduce__(self) -> tuple[type[ComputedTwice], tuple[Path, Path, tuple[str, ...], tuple[str, ...]]]:
        return ComputedTwice, (self.first, self.other, self.keys, self.columns)


def twice(first: Path, other: Path, keys: Sequence[str], columns: Sequence[str]) -> str:
    """Say which trials were computed twice with different results, and where both stand."""
    trials = f"trial {keys[0]} was" if len(keys) == 1 else f"{len(keys):,} trials, the first {keys[0]}, were"
    return (
        f"{first} and {other.name} beside it: {trials} computed twice with different results "
        f"({owner(first.parent.name)}: {', '.join(columns)})"
    )


def repair_command(root: Path) -> str:
    """Return the command that mends the experiment in this folder."""
    return typed("repair", root.name, store=root.parent)


@contextmanager
def explained(place: Path, doing: str, need: int = 0) -> Iterator[None]:
    """Turn an OSError into a StoreIOError that names the place, the cause and the remedy; `need` in bytes."""
    try:
        yield
    except OSError as error:
        where = error.filename2 or error.filename or place
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
    if error.errno in _IN_THE_WAY:
        return "Something of another kind stands in its place: move it away, and run the same command again."
    if error.errno in _NO_FOLDER:
        return "No folder can be there: choose another folder with --store."
    return kept
