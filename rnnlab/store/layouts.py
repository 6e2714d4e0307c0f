"""Where everything of one experiment lies in a store, and how its files are named."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from rnnlab.errors import StoreIOError, UsageError
from rnnlab.store import files

FORMAT = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TABLE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FILE = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})\.parquet")


@dataclass(frozen=True, slots=True)
class Layout:
    """The folder of one experiment; names that begin with a dot are rnnlab's own, the rest is for everybody."""

    root: Path

    @property
    def manifest(self) -> Path:
        """The record of what was run."""
        return self.root / "manifest.json"

    @property
    def lock(self) -> Path:
        """The file that the writer locks."""
        return self.root / ".lock"

    @property
    def holder(self) -> Path:
        """Who holds the lock."""
        return self.root / ".holder.json"

    @property
    def journal(self) -> Path:
        """Which files are about to take the place of which."""
        return self.root / ".journal.json"

    @property
    def staging(self) -> Path:
        """Where files are written before they are published."""
        return self.root / ".staging"

    @property
    def damaged(self) -> Path:
        """Where damaged files are set aside."""
        return self.root / ".damaged"

    @property
    def environments(self) -> Path:
        """One file for each environment that a row names."""
        return self.root / ".environments"

    @property
    def checkpoints(self) -> Path:
        """How far trials are that take long, one file each."""
        return self.root / ".checkpoints"

    def table(self, name: str) -> Path:
        """The folder of a table."""
        return self.root / name

    def tables(self) -> tuple[str, ...]:
        """The tables that have a folder."""
        return tuple(e.name for e in files.entries(self.root) if e.kind == "folder" and _TABLE.fullmatch(e.name))


@dataclass(frozen=True, slots=True, order=True)
class FileName:
    """`<trials>-<content>.parquet`: which rows a file holds, and the first 16 digits of the sha256 of its bytes.

    A file therefore tells by its name alone whether it is damaged, and the files of one block have one `trials`.
    """

    trials: str
    content: str

    def __str__(self) -> str:
        return f"{self.trials}-{self.content}.parquet"

    @classmethod
    def parse(cls, text: str) -> FileName | None:
        """Return the parts of a name, None where rnnlab gave no such name."""
        match = _FILE.fullmatch(text)
        return cls(*match.groups()) if match else None


def is_file_name(path: str) -> bool:
    """Say whether this is `<table>/<file>` as rnnlab names them, so that nothing outside is ever touched."""
    table, _, name = str(path).partition("/")
    return bool(_TABLE.fullmatch(table)) and FileName.parse(name) is not None


def owner(table: str) -> str:
    """Return the per-trial table that a table belongs to: `gradients` for `gradients_by_step`."""
    return table.partition("_by_")[0]


def layout(store: str | os.PathLike[str], name: str) -> Layout:
    """Return where the experiment of this name lies; nothing need be there yet.

    Raises UsageError for a name that cannot be a folder, StoreIOError where something else stands in its place.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r:.80} is no name of an experiment: a-z, 0-9, dot, dash and underscore, at most 64.")
    root = Path(store) / name
    if files.kind(root) not in ("folder", "absent"):
        raise StoreIOError(f"{root}: is no folder. Move it away, or give the experiment another name.")
    return Layout(root)


def names(store: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the names of the experiments in a store, none where there is no such folder.

    Raises StoreIOError where something else stands in its place.
    """
    if Path(store).exists() and not Path(store).is_dir():
        raise StoreIOError(f"{store}: is no folder. Choose another folder with --store.")
    found = (e.name for e in files.entries(Path(store)) if e.kind == "folder" and _NAME.fullmatch(e.name))
    return tuple(name for name in found if _holds_something(Layout(Path(store) / name)))


def _holds_something(place: Layout) -> bool:
    return files.kind(place.manifest) == "file" or bool(place.tables())
