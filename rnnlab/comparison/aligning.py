"""The rows of a table that two stores both have, side by side: matched by trial and coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rnnlab import measures
from rnnlab import store as stores
from rnnlab.columns import Column
from rnnlab.errors import UsageError
from rnnlab.trial import parameters

COORDINATES = ("t", "k", "i", "lag", "update")  # of a long table: which row of its trial this is
_PARAMETERS = frozenset(parameter.column.name for parameter in parameters().values())
_NO_VALUES = _PARAMETERS | {column.name for column in stores.LABELS}


@dataclass(frozen=True, eq=False)
class Side:
    """One of two that are compared: where its tables lie, its manifest, and the trials of its grid."""

    place: stores.Layout
    manifest: Mapping[str, Any]
    trials: pd.DataFrame  # key and parameters

    @property
    def tables(self) -> list[str]:
        """The tables of its measures that this rnnlab knows."""
        return [table for name in measures.recorded(self.manifest) for table in measures.registry()[name].TABLES]

    def rows(self, table: str) -> int:
        """Return how many rows the manifest says that the files of a table have."""
        return sum(file["rows"] for file in self.manifest.get("files", []) if file["path"].startswith(f"{table}/"))

    def read(self, table: str, columns: list[str], keys: list[str]) -> pa.Table:
        """Return the rows of these trials that are of the settings and the version of the manifest."""
        label = self.manifest["measures"][stores.owner(table)]
        return stores.read(
            self.place, table, columns=columns, keys=keys, settings=label["settings"], version=label["version"]
        )


@dataclass(frozen=True, eq=False)
class Pair:
    """The rows of a table that both have, in the same order on both sides, and how many rows only one of them has.

    trial: the number of each row's trial among the keys that were asked for.
    """

    table: str
    keys: list[str]
    trial: np.ndarray
    a: pa.Table
    b: pa.Table
    only_a: int
    only_b: int

    @property
    def rows(self) -> int:
        """The number of rows that both have."""
        return len(self.trial)

    @property
    def coordinates(self) -> list[str]:
        """What tells the rows of one trial apart."""
        return coordinates(self.table)

    def where(self, row: int) -> dict[str, Any]:
        """Return the key and the coordinates of a row."""
        return {"key": self.keys[self.trial[row]], **{name: self.a[name][row].as_py() for name in self.coordinates}}


def coordinates(table: str) -> list[str]:
    """Return the coordinates of a table, none for a per-trial one."""
    own = [column.name for column in stores.columns_of(table)]
    return [] if table == stores.owner(table) else [name for name in own if name in COORDINATES]


def values(table: str) -> list[Column]:
    """Return the columns that hold what was measured."""
    left_out = {*_NO_VALUES, *coordinates(table), "environment"}
    return [column for column in stores.columns_of(table) if column.name not in left_out]


def paired(a: Side, b: Side, table: str, keys: list[str]) -> Pair:
    """Return the rows of these trials. Both sides of the table are held in memory."""
    at = coordinates(table)
    wanted = ["key", *at, *(column.name for column in values(table))]
    wanted += ["environment"] if table == stores.owner(table) else []
    left, right = a.read(table, wanted, keys), b.read(table, wanted, keys)
    index = pa.array(keys, pa.string())
    both = _numbered(left, index, at, "a").merge(_numbered(right, index, at, "b"), on=["trial", *at], how="inner")
    if len(both) > min(len(left), len(right)):
        raise UsageError(f"{table}: some rows stand there twice. `rnnlab verify` tells which.")
    both = both.sort_values(["trial", *at], kind="stable")
    return Pair(
        table, keys, both["trial"].to_numpy(), left.take(both["a"].to_numpy()), right.take(both["b"].to_numpy()),
        len(left) - len(both), len(right) - len(both),
    )  # fmt: skip


def _numbered(rows: pa.Table, keys: pa.Array, at: list[str], side: str) -> pd.DataFrame:
    trial = pc.index_in(rows["key"], keys).to_numpy(zero_copy_only=False)
    places = {name: rows[name].to_numpy() for name in at}
    return pd.DataFrame({"trial": trial.astype(np.int64), **places, side: np.arange(len(rows))})
