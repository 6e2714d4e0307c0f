"""The folder of compiled kernels."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

DAYS = 30  # after which kernels that nobody used may go


@cache
def cache_folder() -> Path | None:
    """Return the folder of compiled kernels, ready to be written to: named by the hash of all kernel sources.

    Numba looks only at the file of the kernel itself; a kernel that calls an edited one in another file would run
    stale (numba issue 1833). With the sources in the name it cannot. Where the user's cache cannot be written to, the
    folder lies with the temporary files; None where that fails too. What other sources left behind is removed.
    """
    for home in (_user_cache, _private):
        with suppress(OSError, RuntimeError):  # RuntimeError: the user has no home
            return _ready(home() / sources())
    return None


def is_compiled() -> bool:
    """Return whether kernels were compiled before, and kept."""
    folder = cache_folder()
    return folder is not None and any(folder.rglob("*.nbc"))


def sources() -> str:
    """Return the name of the kernels: made of the hash of their sources."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return f"kernels-{digest.hexdigest()[:16]}"


def _user_cache() -> Path:
    given = os.environ.get("RNNLAB_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "rnnlab"


def _private() -> Path:
    """Return a folder among the temporary files that is the user's alone: whoever writes there has us run it."""
    user = getattr(os, "geteuid", int)()
    folder = Path(tempfile.gettempdir()) / f"rnnlab-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if os.name == "posix" and (not stat.S_ISDIR(state.st_mode) or state.st_uid != user or state.st_mode & 0o077):
        raise PermissionError(f"{folder} is not the user's alone")
    return folder


def _ready(folder: Path) -> Path:
    """Make the folder, or mark that it is used; raise OSError where it cannot be written to."""
    new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()
    os.utime(folder)
    if new:
        _remove_old(folder.parent)
    return folder


def _remove_old(home: Path) -> None:
    for folder in home.glob("kernels-*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > DAYS * 86400:
                shutil.rmtree(folder, ignore_errors=True)
