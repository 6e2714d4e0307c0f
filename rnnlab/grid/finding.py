"""Where values stand on an axis, and which values stand at places of it: by whole columns, no trial is built."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rnnlab.experiment import Axis
from rnnlab.experiment.ranges import Column, Spaced, size

_NOWHERE = -1


def places(axis: Axis, values: Sequence[pa.Array]) -> np.ndarray:
    """Return the place on the axis (R,) of each row of values, one column for every name; -1 where it is on none."""
    pivot = next((i for i, column in enumerate(axis.columns) if _distinct(column)), None)
    if pivot is None:
        return _combined(axis, values)
    found = _places(axis.columns[pivot], values[pivot])
    for i, column in enumerate(axis.columns):
        if i != pivot and column is not axis.columns[pivot]:
            found = np.where(_stands(column, found, values[i]), found, _NOWHERE)
        elif i != pivot:
            found = np.where(_equal(values[i], values[pivot]), found, _NOWHERE)
    return found


def placed(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return where the values stand among the known ones, which are sorted; -1 where they are none of them."""
    if not len(known):
        return np.full(len(values), _NOWHERE)
    found = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where(known[found] == values, found, _NOWHERE)


def taken(column: Column, at: np.ndarray) -> list[Any]:
    """Return the values at these places of a column."""
    if isinstance(column, Spaced):
        return list(_floats(column)[at].tolist())
    return [column[i] for i in at.tolist()]


def _distinct(column: Column) -> bool:
    return not isinstance(column, tuple) or len(set(column)) == len(column)


def _places(column: Column, values: pa.Array) -> np.ndarray:
    """Return the places in a column of distinct values."""
    if isinstance(column, range):
        return _in_range(column, values)
    if isinstance(column, Spaced):
        return _in_floats(_floats(column), values)
    found = pc.index_in(values, value_set=pa.array(column, values.type))
    return _numbers(found, _NOWHERE)


def _in_range(column: range, values: pa.Array) -> np.ndarray:
    numbers = _numbers(values, column.start - column.step)  # a null stands before the first
    steps, rest = np.divmod(numbers - column.start, column.step)
    return np.where((rest == 0) & (steps >= 0) & (steps < size(column)), steps, _NOWHERE)


def _in_floats(column: np.ndarray, values: pa.Array) -> np.ndarray:
    rising = column[0] <= column[-1]
    found = placed(column if rising else column[::-1], _numbers(values, np.nan))
    return found if rising else np.where(found >= 0, len(column) - 1 - found, _NOWHERE)


def _stands(column: Column, at: np.ndarray, values: pa.Array) -> np.ndarray:
    """Say where the column has these values at these places."""
    there = np.zeros(len(at), bool)
    known = np.flatnonzero(at >= 0)
    expected = pa.array(taken(column, at[known]), values.type)
    there[known] = _equal(expected, values.take(pa.array(known)))
    return there


def _equal(left: pa.Array, right: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(pc.equal(left, right), False).to_numpy(zero_copy_only=False))


def _combined(axis: Axis, values: Sequence[pa.Array]) -> np.ndarray:
    """Return the places on an axis of which no column tells them alone: the columns' places are combined to one."""
    on_axis, found = np.zeros(axis.size, np.int64), np.zeros(len(values[0]), np.int64)
    for column, each in zip(axis.columns, values, strict=True):
        distinct = tuple(dict.fromkeys(column))
        here, there = _places(distinct, pa.array(list(column), each.type)), _places(distinct, each)
        on_axis, lost = on_axis * len(distinct) + here, (found < 0) | (there < 0)
        known, on_axis = np.unique(on_axis, return_inverse=True)
        found = placed(known, np.where(lost, _NOWHERE, found * len(distinct) + there))
    order = np.argsort(on_axis)  # rows of an axis are distinct
    return np.where(found >= 0, order[found], _NOWHERE)


def _numbers(values: pa.Array, null: Any) -> np.ndarray:
    return np.asarray(pc.fill_null(values, null).to_numpy(zero_copy_only=False))


@lru_cache(maxsize=8)
def _floats(column: Spaced) -> np.ndarray:
    return np.fromiter(column, np.float64, column.num)
