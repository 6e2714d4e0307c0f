"""Which files of an experiment count at one moment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rnnlab.errors import StoreBusy
from rnnlab.store import files, journal
from rnnlab.store.layouts import FileName, Layout, is_file_name, owner
from rnnlab.store.problems import explained

_TRIES = 200  # an exchange of files lasts milliseconds


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files that count, table by table, and what lies beside them."""

    tables: Mapping[str, tuple[FileName, ...]]
    orphans: tuple[str, ...] = ()  # "<table>/<file>": long tables of a block that was never committed
    foreign: tuple[str, ...] = ()  # what rnnlab did not write: named, never opened
    sizes: Mapping[str, int] = field(default_factory=dict)  # "<table>/<file>" to bytes

    def paths(self, place: Layout, table: str) -> list[Path]:
        """Return the files of a table."""
        return [place.table(table) / str(name) for name in self.tables.get(table, ())]


def snapshot(place: Layout) -> Snapshot:
    """List an experiment so that a block is there with all its tables or not at all, while others write and compact."""
    with explained(place.root, "list the folder"):
        for _ in range(_TRIES):
            before = journal.raw(place)
            found = _list(place, journal.parse(before).hidden)
            if journal.raw(place) == before:
                return found
            time.sleep(0.01)
    raise StoreBusy(f"{place.root}: its files change all the time. Try again when the run that writes has finished.")


def at_rest(place: Layout) -> bool:
    """Say whether no exchange of files is under way, or was when a run was killed."""
    data = journal.raw(place)
    return not journal.damaged(data) and journal.parse(data).state == "finished"


def size(place: Layout, path: str) -> int | None:
    """Return the bytes of a file `<table>/<file>`, None where there is none or where that is no such name."""
    return files.size(place.root / path) if is_file_name(path) else None


def _list(place: Layout, hidden: frozenset[str]) -> Snapshot:
    # Per-trial tables first: each block whose commit is seen then has its long tables, which were published before.
    order = sorted(place.tables(), key=lambda table: (table != owner(table), table))
    tables: dict[str, tuple[FileName, ...]] = {}
    committed: dict[str, set[str]] = {}
    orphans, foreign, sizes = [], [], {}
    for table in order:
        counted: list[FileName] = []
        for entry in files.entries(place.table(table)):
            path = f"{table}/{entry.name}"
            name = FileName.parse(entry.name) if entry.kind == "file" else None
            if entry.name.startswith(".") or path in hidden:
                continue
            if name is None:
                foreign.append(path)
            elif table != owner(table) and name.trials not in committed.get(owner(table), ()):
                orphans.append(path)
            else:
                counted.append(name)
                sizes[path] = entry.size
        tables[table] = tuple(counted)
        committed[table] = {name.trials for name in counted}
    return Snapshot(tables, tuple(orphans), tuple(foreign), sizes)
