"""The axes of an experiment: the names that take several values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rnnlab.experiment import Experiment, Grid


def axes(experiment: Experiment) -> tuple[str, ...]:
    """Return the names that take several values, in grid order, but for inputs and outputs that follow the width."""
    names = dict.fromkeys(name for grid in experiment.grids for axis in grid.axes for name in axis.names)
    varying = [name for name in names if _varies(name, experiment)]
    followers = [name for name in ("inputs", "outputs") if all(_follows(name, grid) for grid in experiment.grids)]
    return tuple(name for name in varying if name not in followers)


def _varies(name: str, experiment: Experiment) -> bool:
    columns = [column for grid in experiment.grids for column in _columns(name, grid)]
    first = next(iter(columns[0]))
    return any(next(iter(column)) != first or _several(column) for column in columns)


def _several(column: Iterable[Any]) -> bool:
    values = iter(column)
    first = next(values)
    return any(value != first for value in values)


def _columns(name: str, grid: Grid) -> Iterator[Iterable[Any]]:
    return (axis.columns[axis.names.index(name)] for axis in grid.axes if name in axis.names)


def _follows(name: str, grid: Grid) -> bool:
    """Tell whether this name takes the width's value in every trial of the grid."""
    (width,), (column,) = _columns("width", grid), _columns(name, grid)
    tied = any({"width", name} <= set(axis.names) for axis in grid.axes)
    constant = not _several(width) and not _several(column)
    return (tied or constant) and column == width
