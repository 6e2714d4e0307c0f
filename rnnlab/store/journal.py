"""The journal of an exchange of files: with it a reader sees the old files or the new ones, never neither, never both.

prepared   the new files may stand in their tables already: they do not count
committed  the old files may still stand there: they do not count
finished   nothing is under way; the sequence tells a reader that something was
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from rnnlab.store import digest, files, staging
from rnnlab.store.layouts import Layout, is_file_name


@dataclass(frozen=True, slots=True)
class Journal:
    """`add` and `remove` name files as `<table>/<file>`."""

    sequence: int = 0
    state: Literal["prepared", "committed", "finished"] = "finished"
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def hidden(self) -> frozenset[str]:
        """The files that do not count at present."""
        return frozenset({"prepared": self.add, "committed": self.remove, "finished": ()}[self.state])


def raw(place: Layout) -> bytes:
    """Return the journal as it stands; two equal answers mean that no exchange went on in between."""
    if files.kind(place.journal) != "file":  # what somebody else has put there says nothing
        return b""
    try:
        return files.read(place.journal)
    except FileNotFoundError:
        return b""


def parse(data: bytes) -> Journal:
    """Return the journal; one that is damaged says as much as none: nothing is under way.

    Old and new files may all count then. They tell the same of every trial, and readers take each trial once.
    """
    return _parsed(data) or Journal()


def damaged(data: bytes) -> bool:
    """Say whether this is not what was written."""
    return bool(data) and _parsed(data) is None


def _parsed(data: bytes) -> Journal | None:
    try:
        record = digest.unseal(data)
        entry = Journal(record["sequence"], record["state"], tuple(record["add"]), tuple(record["remove"]))
        return entry if all(map(is_file_name, entry.hidden)) else None
    except (ValueError, KeyError, TypeError):
        return None


def exchange(place: Layout, add: Mapping[str, bytes], remove: Iterable[str]) -> None:
    """Let new files (`<table>/<file>` to its bytes) take the place of old ones, all in one step for readers.

    Call under the lock. After a crash at any point `recover` brings the folder to the old state or to the new one.
    """
    # A name tells the content: what already stands there under a new file's name is that file.
    staged = {name: staging.stage(place, data) for name, data in add.items() if files.kind(place.root / name) != "file"}
    old = tuple(name for name in remove if name not in add)
    entry = Journal(parse(raw(place)).sequence + 1, "prepared", tuple(staged), old)
    _write(place, entry)
    for name, path in staged.items():
        staging.folder((place.root / name).parent)
        staging.put(path, place.root / name)
    _sync(place, staged)
    entry = replace(entry, state="committed")
    _write(place, entry)
    _end(place, entry)


def recover(place: Layout) -> bool:
    """Bring an exchange that was begun to its end: back if it was not committed, else forth.

    Says whether the journal was damaged: then all files stay that stand there, and a new one is begun.
    """
    data = raw(place)
    if damaged(data):
        _write(place, Journal(time.time_ns()))  # a sequence that no reader has seen
        return True
    _end(place, parse(data))
    return False


def _end(place: Layout, entry: Journal) -> None:
    if entry.state == "finished":
        return
    for name in entry.hidden:
        if files.kind((place.root / name).parent) == "folder":  # a planted link is not followed
            files.remove(place.root / name)
    _sync(place, entry.hidden)
    _write(place, Journal(entry.sequence))


def _write(place: Layout, entry: Journal) -> None:
    staging.replace(place, place.journal, digest.seal(asdict(entry)))


def _sync(place: Layout, names: Iterable[str]) -> None:
    for folder in sorted({Path(name).parent.name for name in names}):
        if files.kind(place.table(folder)) == "folder":
            files.sync(place.table(folder))
