"""Stores in which stored numbers are not those that were computed, as if another machine had computed them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from rnnlab import api
from rnnlab import store as stores

EXPERIMENT = {
    "schema": 1,
    "name": "small",
    "grid": {
        "activation": ["tanh", "relu"],
        "recurrent_scale": [0.5, 4.0],
        "length": 12,
        "width": 4,
        "seed": {"range": 10},
        "loss_at": "last",
    },
    "measure": {"gradients": {"steps": 6}, "lags": {}},
}
Change = Callable[[str, pa.Table], pa.Table]


def altered(store: Path, into: Path, change: Change, *, environment: str | None = None, name: str = "small") -> Path:
    """Copy an experiment, every table changed, its rows under another environment where one is given; return into."""
    results = api.load(name, store)
    source, target = stores.layout(store, name), stores.layout(into, name)
    for measure in results.measured:
        owned = [table for table in source.tables() if stores.owner(table) == measure]
        tables = {table: change(table, stores.read(source, table)) for table in owned}
        if environment:
            tables[measure] = put(tables[measure], "environment", [environment] * tables[measure].num_rows)
        stores.publish(target, tables)
    manifest = copy.deepcopy(results.manifest)
    manifest |= {"files": stores.records(target, {}), "environment": environment or manifest["environment"]}
    stores.write_manifest(target, {key: value for key, value in manifest.items() if key != "format"})
    return into


def put(table: pa.Table, column: str, values: list | np.ndarray) -> pa.Table:
    """Return the table with other values in a column; None is null, nan is nan."""
    at = table.schema.get_field_index(column)
    field = table.schema.field(at)
    return table.set_column(at, field, pa.array(list(values), field.type))


def floats(table: pa.Table) -> list[str]:
    """Return the columns that were measured and are floats: of `gradients` and its kind those after its labels."""
    own = table.column_names[table.column_names.index("environment") :] if "environment" in table.column_names else None
    return [f.name for f in table.schema if f.type == pa.float64() and (own is None or f.name in own)]


def mapped(table: pa.Table, columns: list[str], function: Callable[[np.ndarray, str], np.ndarray]) -> pa.Table:
    """Return the table with function(values, column) in place of the finite values of some columns."""
    for name in columns:
        values = np.array(table[name].to_pylist(), dtype=object)
        finite = np.array([value is not None and np.isfinite(value) for value in values], dtype=bool)
        if finite.any():
            values[finite] = function(values[finite].astype(float), name).tolist()
        table = put(table, name, values)
    return table
