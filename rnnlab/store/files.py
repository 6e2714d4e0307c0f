"""Every operation on the files of a store, one function each: what is not here does not touch the disk.

The rest of the store calls them as `files.link(...)`, so that a test can make any one of them fail, or record them all.
None of them follows a symbolic link at the last part of a path, and none opens what is not a regular file.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from filelock import BaseFileLock

CHANGES = ("make_folder", "write", "sync", "link", "rename", "remove", "lock", "unlock")
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class Entry(NamedTuple):
    """What a folder holds under one name; `size` in bytes."""

    name: str
    kind: Literal["file", "folder", "other"]
    size: int


def entries(folder: Path) -> list[Entry]:
    """Return what lies in the folder, by name; nothing where there is no such folder."""
    try:
        with os.scandir(folder) as found:
            return sorted(entry for each in found if (entry := _entry(each)) is not None)
    except (FileNotFoundError, NotADirectoryError):
        return []


def names(folder: Path) -> list[str]:
    """Return the names in the folder, unsorted; nothing where there is no such folder."""
    try:
        return [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _entry(found: os.DirEntry[str]) -> Entry | None:
    try:
        status = found.stat(follow_symlinks=False)
    except FileNotFoundError:  # removed since the folder was listed
        return None
    return Entry(found.name, _kind(status.st_mode), status.st_size)


def _kind(mode: int) -> Literal["file", "folder", "other"]:
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other"


def kind(path: Path) -> Literal["file", "folder", "other", "absent"]:
    """Say what stands at the path itself."""
    try:
        return _kind(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return "absent"


def size(path: Path) -> int | None:
    """Return the bytes of a regular file, None where there is none."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def read(path: Path) -> bytes:
    """Return what a regular file holds."""
    descriptor = os.open(path, _READ)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def make_folder(path: Path) -> bool:
    """Make one folder; say whether it was not there."""
    try:
        path.mkdir()
    except FileExistsError:
        if kind(path) != "folder":
            raise
        return False
    return True


def write(path: Path, data: bytes | memoryview) -> None:
    """Write a new file; raises FileExistsError where there is one. Nothing is durable before `sync`."""
    with path.open("xb") as file:
        file.write(data)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def link(source: Path, target: Path) -> None:
    """Give the file a second name if that name is free, else raise FileExistsError: of two that race, one wins."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without links: the lock of the store stands for the race.
        if kind(target) != "absent":
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        source.rename(target)


def rename(source: Path, target: Path) -> None:
    """Move a file, in one step, over what stands at the target."""
    source.replace(target)


def remove(path: Path) -> None:
    """Remove a file; fine where there is none."""
    with suppress(FileNotFoundError):
        path.unlink()


def lock(path: Path) -> BaseFileLock | None:
    """Lock this file for this process; None where another holds it."""
    import filelock

    if kind(path) not in ("file", "absent"):  # a planted link is not followed
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    held = filelock.FileLock(path, timeout=0, thread_local=False)
    try:
        held.acquire()
    except filelock.Timeout:
        return None
    return held


def unlock(held: BaseFileLock) -> None:
    """Give the lock back."""
    held.release()
