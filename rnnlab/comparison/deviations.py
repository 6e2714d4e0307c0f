"""How far two columns lie apart: which values differ in their bits, by how much at most, and where."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rnnlab.comparison.aligning import Pair

Values = tuple[np.ndarray, np.ndarray]  # floats, and which of them are null


@dataclass(frozen=True, slots=True)
class Deviation:
    """One column of two tables.

    different: values that are not the same in every bit; of these nulls: null on one side alone, nans: nan on one side
    alone. The largest deviations are over values that are finite on both sides, null where there are none. where: key
    and coordinates of the largest absolute deviation, else of the first difference; a, b: the values there.
    """

    column: str
    rows: int
    different: int = 0
    nulls: int = 0
    nans: int = 0
    largest_absolute: float | None = None
    largest_relative: float | None = None
    where: dict[str, Any] = field(default_factory=dict)
    a: Any = None
    b: Any = None


def deviation(pair: Pair, column: str) -> Deviation:
    """Return how far the two sides of a column lie apart."""
    a, b = pair.a[column], pair.b[column]
    rows = np.flatnonzero(differs(a, b))
    if not len(rows):
        return Deviation(column, pair.rows)
    left, right = a.take(pa.array(rows)), b.take(pa.array(rows))
    null_a, null_b = _mask(left.is_null()), _mask(right.is_null())
    found: dict[str, Any] = {"different": len(rows), "nulls": int((null_a != null_b).sum())}
    at = int(rows[0])
    if not pa.types.is_string(a.type):
        x, y = numbers(left)[0], numbers(right)[0]
        found["nans"] = int(
            (np.isnan(x) & ~null_a != np.isnan(y) & ~null_b).sum() - _null_and_nan(x, y, null_a, null_b)
        )
        finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if len(finite):
            apart = distance(x[finite], y[finite])
            size = np.maximum(np.abs(x[finite]), np.abs(y[finite]))
            relative = np.divide(apart, size, out=np.zeros_like(apart), where=size > 0)
            at = int(rows[finite[apart.argmax()]])
            found |= {"largest_absolute": float(apart.max()), "largest_relative": float(relative.max())}
    return Deviation(column, pair.rows, **found, where=pair.where(at), a=a[at].as_py(), b=b[at].as_py())


def joined(first: Deviation, second: Deviation) -> Deviation:
    """Return the deviation of a column, given those of two parts of its rows."""
    sizes = [
        (each.largest_absolute is not None, each.largest_absolute or 0.0, each.different > 0)
        for each in (first, second)
    ]
    further = second if sizes[1] > sizes[0] else first
    relative = [each.largest_relative for each in (first, second) if each.largest_relative is not None]
    sums = {name: getattr(first, name) + getattr(second, name) for name in ("rows", "different", "nulls", "nans")}
    return replace(further, **sums, largest_relative=max(relative, default=None))


def differs(a: pa.ChunkedArray, b: pa.ChunkedArray) -> np.ndarray:
    """Say for every row whether the two are not the same in every bit; null is the same as null alone."""
    null_a, null_b = _mask(a.is_null()), _mask(b.is_null())
    words = pa.types.is_string(a.type)
    unlike = _mask(pc.fill_null(pc.not_equal(a, b), False)) if words else _bits(a) != _bits(b)
    return np.where(null_a | null_b, null_a != null_b, unlike)


def numbers(column: pa.ChunkedArray) -> Values:
    """Return a column of numbers as floats, nan where it is null, and where it is null."""
    null = _mask(column.is_null())
    filled = pc.fill_null(column.cast(pa.float64()), float("nan"))
    return filled.to_numpy(zero_copy_only=False), null


def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return |x - y| of finite values, the largest float where that overflows."""
    with np.errstate(over="ignore"):
        return np.minimum(np.abs(x - y), np.finfo(np.float64).max)


def _null_and_nan(x: np.ndarray, y: np.ndarray, null_a: np.ndarray, null_b: np.ndarray) -> int:
    """Count the rows that are null on one side and nan on the other: mismatches of null, not of nan."""
    return int(((null_a & ~null_b & np.isnan(y)) | (null_b & ~null_a & np.isnan(x))).sum())


def _bits(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_boolean(column.type):
        return _mask(pc.fill_null(column, False))
    zero = pa.scalar(0, column.type)
    values = np.ascontiguousarray(pc.fill_null(column, zero).to_numpy(zero_copy_only=False))
    return values.view(np.uint64)


def _mask(column: Any) -> np.ndarray:
    return column.to_numpy(zero_copy_only=False).astype(bool) if len(column) else np.zeros(0, bool)
