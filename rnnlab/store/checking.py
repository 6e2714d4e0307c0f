"""One file of a table against all that can be known of it: its name, the manifest, the parameters in its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.columns import schema
from rnnlab.store import files, order, parquet, repeated
from rnnlab.store.families import known
from rnnlab.store.layouts import FileName, Layout, owner
from rnnlab.store.problems import DamagedFile
from rnnlab.store.reading import conform
from rnnlab.store.tables import BOOKKEEPING, LABELS, columns_of
from rnnlab.trial import Trial, parameters

if TYPE_CHECKING:
    import pyarrow as pa

_LABELS = [column.name for column in LABELS]


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What one file is."""

    path: str  # <table>/<file>
    size: int
    sha256: str = ""
    rows: int = 0
    reason: str = ""  # why it is damaged; empty where it is what was written
    wrong: str = ""  # what its rows have against each other
    marks: pa.Array | None = None  # the trials and labels in it, where this rnnlab knows the table
    environments: Mapping[str, tuple[str, ...]] | None = None  # the keys of the rows that name them

    @property
    def table(self) -> str:
        """The table that it is of."""
        return self.path.partition("/")[0]

    @property
    def block(self) -> str:
        """The first part of its name."""
        return self.path.partition("/")[2][:16]


def check(place: Layout, path: str) -> Checked:
    """Read a file and say what it is; raises FileNotFoundError where it has gone."""
    where = place.root / path
    try:
        data = files.read(where)
    except FileNotFoundError:
        raise
    except OSError as error:
        return Checked(path, 0, reason=f"it cannot be read: {error.strerror or error}")
    sha256 = hashlib.sha256(data).hexdigest()
    if not parquet.vouched(where, data):
        return Checked(path, len(data), sha256, reason="its bytes are not those that its name vouches for")
    try:
        return _looked_into(place, path, data, sha256)
    except DamagedFile as error:
        return Checked(path, len(data), sha256, reason=error.reason)


def _looked_into(place: Layout, path: str, data: bytes, sha256: str) -> Checked:
    table, where = path.partition("/")[0], place.root / path
    rows, names = parquet.shape(where)
    if not known(table) or not {column.name for column in columns_of(table)}.issuperset(names):
        return Checked(path, len(data), sha256, rows)  # of a newer rnnlab
    wanted = [column.name for column in columns_of(table) if column.name in _wanted(table)]
    read = parquet.read(where, wanted)
    found = parquet.guarded(where, conform, read, schema(c for c in columns_of(table) if c.name in wanted))
    marks = None if table in BOOKKEEPING else repeated.marks(table, found)
    wrong = _wrong(where, table, found) if table == owner(table) and table not in BOOKKEEPING else ""
    return Checked(path, len(data), sha256, rows, "", wrong, marks, _environments(found))


def _wanted(table: str) -> set[str]:
    parts = {each.column.name for each in parameters().values()} if table == owner(table) else set()
    return {*_LABELS, "environment", *(parts if table not in BOOKKEEPING else ())}


def _wrong(where: Path, table: str, rows: pa.Table) -> str:
    """Return what is wrong with the rows of a per-trial table."""
    name = FileName.parse(where.name)
    if name is not None and order.identity(rows) != name.trials:
        return "its trials are not those that its name tells"
    if order.heads(rows).num_rows != rows.num_rows:
        return "a trial has two rows in it"
    wrong = _wrong_keys(rows)
    return f"{len(wrong):,} keys are not those of the parameters beside them, the first {wrong[0]}" if wrong else ""


def _wrong_keys(rows: pa.Table) -> list[str]:
    """Return the keys that are not those of their parameters; networks that were not drawn have none to compare."""
    columns = {name: rows[each.column.name].to_pylist() for name, each in parameters().items()}
    return [
        key
        for key, *values in zip(rows["key"].to_pylist(), *columns.values(), strict=True)
        if None not in values and Trial(**dict(zip(columns, values, strict=True))).key != key
    ]


def _environments(rows: pa.Table) -> dict[str, tuple[str, ...]] | None:
    if "environment" not in rows.column_names:
        return None
    groups = rows.select(["key", "environment"]).group_by("environment").aggregate([("key", "list")]).to_pylist()
    return {row["environment"]: tuple(row["key_list"]) for row in groups if row["environment"] is not None}


def lost(place: Layout, damaged: str, others: Callable[[str], list[str]]) -> tuple[str, ...]:
    """Return the keys of a damaged or missing file's block, as far as its files still tell them beyond doubt.

    others: the files of a table that are there. The name of a block tells of which trials it is.
    """
    table, _, name = damaged.partition("/")
    block = [damaged, *(path for path in others(table) if path.partition("/")[2][:16] == name[:16])]
    for path in block:
        if (keys := _told(place.root / path)) is not None:
            return keys
    return ()


def _told(path: Path) -> tuple[str, ...] | None:
    name = FileName.parse(path.name)
    try:
        read = parquet.read(path, _LABELS)  # damage may have changed the types of columns too
        heads: Any = parquet.guarded(path, lambda: order.heads(conform(read, schema(LABELS), vouched=False)))
        whole = name is not None and heads.column_names == _LABELS and order.identity(heads) == name.trials
    except (DamagedFile, OSError, KeyError, ValueError):
        return None
    return tuple(heads["key"].to_pylist()) if whole else None
