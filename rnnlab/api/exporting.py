"""One file out of a store, parameters joined, for whoever is to have the numbers without rnnlab."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab import store as stores
from rnnlab.api.loading import load
from rnnlab.errors import UsageError, did_you_mean
from rnnlab.trial import parameters

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from rnnlab.api.results import Results

TRIALS = "trials"
SUFFIXES = (".parquet", ".csv")
_ROWS = 4_000_000  # of a long table held at a time


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written."""

    path: Path
    rows: int
    columns: tuple[str, ...]
    bytes: int


def export(
    name: str,
    output: str | PathLike[str],
    *,
    table: str = TRIALS,
    columns: Sequence[str] | None = None,
    where: Mapping[str, Any] | None = None,
    store: str | PathLike[str] = "results",
) -> Exported:
    """Write a table of the experiment of this name as one file, .parquet or .csv, whole or not at all.

    table: `trials`, one row per trial with all per-trial tables joined, or any table of the store: then key and all
    parameters are joined to its own columns. columns, where: as in `Results.table`. A long table is read in parts, so
    that it need not fit into memory. Null and nan are both written as null, which is an empty field in CSV; CSV has
    every digit of a float (pandas before version 3 reads them all with `float_precision="round_trip"` alone). Raises
    UsageError for a name that is not there and for any other suffix.
    """
    path = Path(output)
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path}: the file ends in .parquet or .csv, which says how it is written.")
    results = load(name, store)
    _check_table(results, table)
    parts = _trials(results, columns, where) if table == TRIALS else _parts(results, table, columns, where)
    rows, names = _write(path, (_arrow(results, part) for part in parts))
    return Exported(path, rows, names, path.stat().st_size)


def _trials(results: Results, columns: Sequence[str] | None, where: Mapping[str, Any] | None) -> Iterator[pd.DataFrame]:
    from rnnlab import analysis

    trials = analysis.pick(results.trials, where or {})
    if columns is not None:
        for name in columns:
            if name not in trials:
                raise UsageError(f"{name} is no column of trials.{did_you_mean(name, trials.columns)}")
        trials = trials[list(columns)]
    yield trials


def _parts(
    results: Results, table: str, columns: Sequence[str] | None, where: Mapping[str, Any] | None
) -> Iterator[pd.DataFrame]:
    """Yield the table for some trials after the other, in grid order."""
    wanted = list(columns) if columns is not None else _default(table)
    size = _trials_at_a_time(results, table)
    if size is None:
        yield results.table(table, columns=wanted, where=where)
        return
    keys = _keys(results, table)
    found = False
    for first in range(0, len(keys), size):
        try:
            part = results.table(table, columns=wanted, where={**(where or {}), "key": keys[first : first + size]})
        except UsageError:  # no row of these trials has what is asked for
            continue
        found = True
        yield part
    if not found:
        yield results.table(table, columns=wanted, where=where)  # says why


def _keys(results: Results, table: str) -> list[str]:
    """Return the keys of the trials that can have rows of this table, in grid order."""
    trials = results.trials if table in stores.BOOKKEEPING else results.table(stores.owner(table), columns=["key"])
    keys: list[str] = trials["key"].tolist()
    return keys


def _default(table: str) -> list[str]:
    own = [column.name for column in stores.columns_of(table)]
    joined = ["key", *(parameter.column.name for parameter in parameters().values())]
    labels = [] if table == stores.owner(table) else [column.name for column in stores.LABELS]
    return [*joined, *(name for name in own if name not in (*joined, *labels))]


def _trials_at_a_time(results: Results, table: str) -> int | None:
    """Return of how many trials a part is, None where the whole table is small enough."""
    rows = sum(each["rows"] for each in results.manifest["files"] if each["path"].startswith(f"{table}/"))
    trials = results.manifest["summary"]["trials"] if results.manifest.get("summary") else 0
    return None if rows <= _ROWS or not trials else max(1, _ROWS * trials // rows)


def _arrow(results: Results, frame: pd.DataFrame) -> pa.Table:
    """Return the frame with the types that its columns are described with: pandas makes floats of nullable integers."""
    import pyarrow as pa

    types: dict[str, str] = {}
    for table in _tables(results):
        for column in stores.columns_of(table):
            types.setdefault(column.name, column.dtype)
            types.setdefault(f"{stores.owner(table)}_{column.name}", column.dtype)
    fields = [pa.field(name, pa.type_for_alias(types[name])) for name in frame]
    return pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False, safe=False)


def _tables(results: Results) -> list[str]:
    from rnnlab import measures

    return [*(table for name in results.measured for table in measures.registry()[name].TABLES), *stores.BOOKKEEPING]


def _check_table(results: Results, table: str) -> None:
    if table not in (known := [TRIALS, *_tables(results)]):
        raise UsageError(f"{results.name} has no table {table}.{did_you_mean(table, known)}")


def _write(path: Path, parts: Iterator[pa.Table]) -> tuple[int, tuple[str, ...]]:
    """Write the parts in one step, so that no file is left half written; return the rows and the columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        first = next(parts)
        rows = first.num_rows
        with unfinished.open("wb") as file:
            with _writer(path.suffix, file, first.schema) as writer:
                writer.write_table(first)
                for part in parts:
                    writer.write_table(part)
                    rows += part.num_rows
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return rows, tuple(first.column_names)


def _writer(suffix: str, file: Any, schema: pa.Schema) -> Any:
    import pyarrow.csv
    import pyarrow.parquet

    if suffix == ".csv":
        return pyarrow.csv.CSVWriter(file, schema)
    return pyarrow.parquet.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True)
