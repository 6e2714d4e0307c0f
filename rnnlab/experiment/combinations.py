"""Values of a grid that meet each other: what checks of a whole grid look at, without going through its trials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from rnnlab.experiment.model import Axis, Grid
from rnnlab.experiment.ranges import Column, Spaced


def combinations(grid: Grid, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the values of these parameters that stand beside each other in a grid.

    Of the numbers of a parameter that is tied to none of the others only 0, the smallest above it and the largest are
    looked at: a check may ask for bounds, which are met by all if they are met by those.
    """
    axes = [axis for axis in grid.axes if set(axis.names) & set(names)]
    parts = [list(_rows(axis, [name for name in axis.names if name in names])) for axis in axes]
    for rows in product(*parts):
        yield {name: value for row in rows for name, value in row}


def _rows(axis: Axis, names: Sequence[str]) -> Iterable[tuple[tuple[str, Any], ...]]:
    columns = [column_of(axis, name) for name in names]
    rows = zip(*columns, strict=True) if len(columns) > 1 else ((value,) for value in extremes(columns[0]))
    return dict.fromkeys(tuple(zip(names, row, strict=True)) for row in rows)


def extremes(column: Column) -> Iterable[Any]:
    """Return 0, the smallest number above it and the largest, as far as a column has them; of texts all.

    Of floats that are kept as a recipe the ends alone.
    """
    if isinstance(column, tuple) and isinstance(column[0], str):
        return dict.fromkeys(column)
    if isinstance(column, Spaced):
        return (min(column.start, column.stop), max(column.start, column.stop))
    if isinstance(column, range):
        column = (*column[:2], *column[-2:])
    above = [value for value in column if value > 0]
    return dict.fromkeys((min(column), *((min(above), max(above)) if above else ())))


def axis_of(grid: Grid, name: str) -> Axis:
    """Return the axis that a parameter is on."""
    return next(axis for axis in grid.axes if name in axis.names)


def column_of(axis: Axis, name: str) -> Any:
    """Return the values of one name of an axis."""
    return axis.columns[axis.names.index(name)]


def values_of(grid: Grid, name: str) -> Any:
    """Return the values of a parameter in a grid."""
    return column_of(axis_of(grid, name), name)
