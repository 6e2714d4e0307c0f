"""The trials of an experiment as the page has them: each column described, and its values packed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab import analysis, measures
from rnnlab import store as stores
from rnnlab.columns import Column
from rnnlab.figures import style
from rnnlab.measures.nulls import STATUS
from rnnlab.report.packing import Packer, codes, rounded

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from rnnlab.api import Results

_LABELS = tuple(column.name for column in stores.LABELS)
_EXACT = 2**53  # JavaScript's integers
_MANY = 4096  # distinct integers that are listed; beyond that they are numbers
_LINES = 30  # of one diagram, at most
SHORT = 6  # digits of a value of an axis, where that tells all of them apart


def described(results: Results) -> dict[str, Column]:
    """Return the descriptions of the columns of `Results.trials`, by their names there."""
    found = {name: parameter.column for name, parameter in analysis.PARAMETERS.items()}
    for measure in results.measured:
        for column in measures.registry()[measure].TABLES[measure]:
            found.setdefault(column.name, column)
            found[f"{measure}_{column.name}"] = column
    return found


def axes_of(trials: pd.DataFrame) -> list[str]:
    """Return the parameters that vary, the seed last."""
    names = analysis.axes(trials)
    several = "seed" in trials and trials["seed"].nunique() > 1
    return [*names, "seed"] if several or not names else names


def fixed_of(trials: pd.DataFrame) -> dict[str, str]:
    """Return the parameters that do not vary, but for those that mean nothing beside the others."""
    axes = axes_of(trials)
    first = {
        name: trials[name].iloc[0]
        for name in analysis.PARAMETERS
        if name in trials and name not in axes and trials[name].notna().any()
    }
    return {name: said(value) for name, value in analysis.worth_telling(first).items() if value != ""}


def packed(results: Results, table: pa.Table, packer: Packer) -> list[dict[str, Any]]:
    """Return a description of every column of the page, its values added to the packer."""
    about = described(results)
    trials = results.trials
    axes = axes_of(trials)
    main = main_columns(results)
    status = _statuses(results, table.column_names)
    names = [*axes, *(n for n in table.column_names if n not in analysis.PARAMETERS and n != "key")]
    columns = []
    for name in names:
        if name in _LABELS or _is_label(name, results):
            continue
        column = about.get(name, Column(name, "string", ""))
        entry = {
            "name": name, "label": column.label or name.replace("_", " "), "unit": column.unit, "doc": column.doc,
            "role": "axis" if name in axes else "statistic", "main": name in axes or name in main,
            "signed": column.unit.startswith("nats") or name.endswith("_gap"), "status": status.get(name),
        }  # fmt: skip
        entry |= _values(table[name], packer, listed=name in axes)
        columns.append({**entry, "colours": _colours(entry["values"])} if name in axes else entry)
    return columns


def _statuses(results: Results, there: Sequence[str]) -> dict[str, str]:
    """Return, for each statistic, the column that says whether its trial diverged."""
    found: dict[str, str] = {}
    for measure in results.measured:
        names = {column.name: f"{measure}_{column.name}" for column in measures.registry()[measure].TABLES[measure]}
        joined = {own: full if full in there and measure != results.measured[0] else own for own, full in names.items()}
        found |= {name: joined["status"] for name in joined.values() if name not in found}
    return found


def _colours(values: list[Any]) -> list[str]:
    """Return the colours that figures give these values."""
    from matplotlib.colors import to_hex

    return [to_hex(colour) for colour in style.colours(values).values()] if len(values) <= _LINES else []


def _is_label(name: str, results: Results) -> bool:
    return any(name == f"{measure}_{label}" for measure in results.measured for label in _LABELS)


def main_columns(results: Results) -> list[str]:
    """Return the statistics that tell most, by their names in `Results.trials`, the most telling first."""
    there = set(results.trials.columns)
    found: list[str] = []
    for measure in sorted(results.measured, key=lambda name: name != "training"):
        own = ["success"] if measure == "training" else []
        for name in [*own, *analysis.main_columns(measure), *(c.name for c in STATUS[:1])]:
            joined = f"{measure}_{name}" if f"{measure}_{name}" in there else name
            found += [joined] if joined in there and joined not in found else []
    return found


def said(value: Any) -> str:
    """Return a value as the page shows it."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return f"{value:.{SHORT}g}"
    return str(value)


def _values(column: pa.ChunkedArray, packer: Packer, *, listed: bool) -> dict[str, Any]:
    """Return what unpacks a column: of numbers, or of places in a list of values (0: null)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    floating = pa.types.is_floating(column.type)
    if not listed and (floating or (pa.types.is_integer(column.type) and pc.count_distinct(column).as_py() > _MANY)):
        numbers = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        nan = np.flatnonzero(np.isnan(numbers) & ~column.is_null().to_numpy())
        kept = rounded(numbers) if floating else numbers
        return {"kind": "number", "integer": not floating, "nan": nan.tolist(), **packer.add(kept)}
    values = analysis.in_order(pc.unique(column.drop_null()).to_pylist())
    place = {value: i + 1 for i, value in enumerate(values)}
    packed = packer.add(codes((place.get(value, 0) for value in column.to_pylist()), len(values)))
    return {"kind": "listed", "values": [_plain(value) for value in values], "labels": _labels(values), **packed}


def _labels(values: list[Any]) -> list[str]:
    short = [said(value) for value in values]
    return short if len(set(short)) == len(values) else [str(value) for value in values]


def _plain(value: Any) -> Any:
    """Return a value that JSON and JavaScript keep: what is too large for an exact number is text."""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < _EXACT else str(value)
    return value if np.isfinite(value) else str(value)
