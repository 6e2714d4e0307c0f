"""What an experiment file says, checked and resolved: frozen values without a file behind them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from rnnlab.experiment.ranges import Column, Spaced, size

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Axis:
    """Parameters that take their values together: one name, or several that are tied; one column of values a name."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def size(self) -> int:
        """The number of values, counted without building them."""
        return size(self.columns[0])

    @property
    def values(self) -> tuple[tuple[Any, ...], ...]:
        """All values, one tuple a point of the axis; `rows` yields them without holding a long range in memory."""
        return tuple(self.rows())

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield one tuple of values a point of the axis, in the order of `names`."""
        return zip(*self.columns, strict=True)


@dataclass(frozen=True, slots=True)
class Grid:
    """All combinations of the values of its axes; every parameter is on one, a constant on an axis of size 1."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """The number of trials, counted without building them."""
        return math.prod(axis.size for axis in self.axes)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A name, a union of grids, and the measures wanted with their settings; `notes` say what was collapsed."""

    name: str
    title: str
    grids: tuple[Grid, ...]
    measures: dict[str, BaseModel]
    notes: tuple[str, ...] = field(default=(), compare=False)

    def resolved(self) -> dict[str, Any]:
        """Return the file with everything resolved, as JSON can hold it; `parse` makes an equal Experiment of it.

        What follows an axis of several values (inputs the width, or the task) is left out: it follows it again. The
        order of the keys of a grid is the order of its axes, so it must be kept.
        """
        tables = [_table(grid) for grid in self.grids]
        zips = _merged(_written(axis, grid) for grid in self.grids for axis in grid.axes)
        return {
            "schema": SCHEMA,
            "name": self.name,
            "title": self.title,
            **({"zip": zips} if zips else {}),
            "grid": tables[0] if len(tables) == 1 else tables,
            "measure": {name: settings.model_dump(mode="json") for name, settings in self.measures.items()},
        }


def _written(axis: Axis, grid: Grid) -> tuple[str, ...]:
    """Return the names of an axis without those that only follow it."""
    from rnnlab.experiment.deriving import follows  # which knows what the tasks are

    return tuple(name for name in axis.names if axis.size == 1 or not follows(name, grid))


def _table(grid: Grid) -> dict[str, Any]:
    return {
        name: _plain(column)
        for axis in grid.axes
        for name, column in zip(axis.names, axis.columns, strict=True)
        if name in _written(axis, grid)
    }


def _plain(column: Column) -> Any:
    if isinstance(column, Spaced):
        return {"start": column.start, "stop": column.stop, "num": column.num, "spacing": column.spacing}
    if isinstance(column, range):
        return {"range": [column.start, column.stop, column.step]}
    return list(column) if len(column) > 1 else column[0]


def _merged(groups: Iterable[tuple[str, ...]]) -> list[list[str]]:
    """Return the groups of several names as one `zip` for all grids: groups that share a name become one."""
    merged: list[dict[str, None]] = []
    for group in dict.fromkeys(group for group in groups if len(group) > 1):
        touching = [other for other in merged if not other.keys().isdisjoint(group)]
        merged = [other for other in merged if other.keys().isdisjoint(group)]
        merged.append({name: None for names in (*touching, group) for name in names})
    return [list(names) for names in merged]
