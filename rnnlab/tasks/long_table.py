"""A .parquet of sequences: a row a sequence and step, made into the arrays that a .npz holds.

Columns: `sequence`; `t`, steps from 1 on; `x`, or x1, x2, ...; `y`, or y1, y2, ..., where a `y` of whole numbers is a
class; maybe `test`, true for the sequences of the test part.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from rnnlab.tasks.given_arrays import Unfit

_VALUES = re.compile(r"([xy])([1-9][0-9]*)?")
_OTHERS = ("sequence", "t", "test")


def arrays_of(content: bytes) -> dict[str, np.ndarray]:
    """Return x, y and, where there is a column `test`, x_test and y_test; raises Unfit with what is wrong."""
    columns = _columns(content)
    T, S, at = _places(columns)
    arrays = {name: _stacked(name, columns)[at].reshape(S, T, -1).swapaxes(0, 1) for name in "xy"}
    if "y" in columns and arrays["y"].dtype.kind in "iu":
        arrays["y"] = arrays["y"][:, :, 0]
    if "test" not in columns:
        return arrays
    test = columns["test"][at].reshape(S, T)
    if test.dtype != bool or (test != test[:, :1]).any():
        raise Unfit("has a column test that is not true or false for each sequence as a whole")
    if test[:, 0].all() or not test[:, 0].any():
        raise Unfit("has a column test that leaves one part without a sequence; leave it out, or mark some")
    parts = {name: array[:, ~test[:, 0]] for name, array in arrays.items()}
    return parts | {f"{name}_test": array[:, test[:, 0]] for name, array in arrays.items()}


def _columns(content: bytes) -> dict[str, np.ndarray]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: Any = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unfit(f"is no Parquet file: {str(error).splitlines()[0][:100]}") from None
    for name in table.column_names:
        if name not in _OTHERS and not _VALUES.fullmatch(name):
            raise Unfit(f"has a column {name!r:.60}, which is unknown; docs/tasks.md says what there may be")
        if table[name].null_count:
            raise Unfit(f"has a null in column {name}; every row needs a value")
    for name in _OTHERS[:2]:
        if name not in table.column_names:
            raise Unfit(f"has no column {name}; a row is one step of one sequence, named by sequence and t")
    return {name: table[name].to_numpy() for name in table.column_names}


def _places(columns: dict[str, np.ndarray]) -> tuple[int, int, np.ndarray]:
    """Return T, S and the row of every step of every sequence (S T,)."""
    t = columns["t"]
    if t.dtype.kind not in "iu" or not len(t):
        raise Unfit("has a column t that does not hold whole numbers, 1 to the length T")
    names, sequence = np.unique(columns["sequence"], return_inverse=True)
    T, S = int(t.max()), len(names)
    if len(t) != T * S or t.min() < 1 or len(np.unique(sequence * T + (t - 1))) != len(t):
        raise Unfit(f"has {len(t)} rows of {S} sequences with t up to {T}; each needs every t from 1 to {T} once")
    return T, S, np.argsort(sequence * T + (t - 1))


def _stacked(letter: str, columns: dict[str, np.ndarray]) -> np.ndarray:
    """Return the columns of inputs or targets side by side (R, n), in the order of their numbers."""
    found = sorted((int(m[2] or 0), m[0]) for m in map(_VALUES.fullmatch, columns) if m and m[1] == letter)
    numbers = [number for number, _ in found]
    if numbers not in ([0], list(range(1, len(found) + 1))) or not found:
        names = ", ".join(name for _, name in found) or "none"
        raise Unfit(f"has columns {names} of {letter}; give {letter} alone, or {letter}1, {letter}2, ... without a gap")
    return np.column_stack([columns[name] for _, name in found])
