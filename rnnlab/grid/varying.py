"""The axes of an experiment: the names that take several values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rnnlab.experiment import Experiment, Grid
from rnnlab.experiment.deriving import follows


def axes(experiment: Experiment) -> tuple[str, ...]:
    """Return the names that take several values, in grid order, but for those that follow the width or the task."""
    names = dict.fromkeys(name for grid in experiment.grids for axis in grid.axes for name in axis.names)
    varying = [name for name in names if _varies(name, experiment)]
    return tuple(name for name in varying if not all(follows(name, grid) for grid in experiment.grids))


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
