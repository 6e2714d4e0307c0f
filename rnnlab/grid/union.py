"""Several grids are a union, whose trials are distinct.

Names that are tied in any grid make one group; for every combination of a group's values a bit mask tells the grids
that have it. A trial stands in those grids whose bit is set in the masks of all its groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rnnlab.experiment import Axis, Grid
from rnnlab.trial import parameters

Masks = list[tuple[tuple[str, ...], dict[tuple[Any, ...], int]]]

_EFFORT = 10**6  # kinds of overlap to tell apart before a count settles for an upper bound


def rows(axes: Sequence[Axis]) -> Iterator[tuple[Any, ...]]:
    """Yield all combinations of the axes' values, the last axis fastest."""
    if not axes:
        yield ()
        return
    for row in rows(axes[:-1]):
        for values in axes[-1].rows():
            yield row + values


def masks_of(grids: Sequence[Grid]) -> Masks:
    """Return, group after group, the mask of grids of every combination of its values."""
    found: Masks = []
    for names in _groups(grids):
        masks: dict[tuple[Any, ...], int] = {}
        for i, grid in enumerate(grids):
            for row in _group_rows(names, grid):
                masks[row] = masks.get(row, 0) | 1 << i
        found.append((names, masks))
    return found


def _groups(grids: Sequence[Grid]) -> list[tuple[str, ...]]:
    groups = [{name} for name in parameters()]
    for tied in {axis.names for grid in grids for axis in grid.axes if len(axis.names) > 1}:
        joined = set().union(*(group for group in groups if group & set(tied)))
        groups = [group for group in groups if not group & joined] + [joined]
    return [tuple(sorted(group)) for group in groups]


def _group_rows(names: tuple[str, ...], grid: Grid) -> Iterator[tuple[Any, ...]]:
    """Yield the values of a group in one grid; an axis lies in one group as a whole."""
    inside = [axis for axis in grid.axes if axis.names[0] in names]
    written = [name for axis in inside for name in axis.names]
    order = [written.index(name) for name in names]
    return (tuple(row[i] for i in order) for row in rows(inside))


def overlapping(grid: Grid, i: int, masks: Masks) -> int:
    """Return the mask of the grids before the i-th that share trials with it."""
    shared = (1 << i) - 1
    for names, of_value in masks:
        if not shared:
            break
        in_group = 0
        for row in _group_rows(names, grid):
            in_group |= of_value[row]
        shared &= in_group
    return shared


def stands_in(values: Mapping[str, Any], earlier: int, masks: Masks) -> bool:
    """Tell whether these values stand in a grid of the mask `earlier`."""
    for names, of_value in masks:
        earlier &= of_value[tuple(values[name] for name in names)]
        if not earlier:
            return False
    return True


def new(grid: Grid, i: int, masks: Masks) -> int:
    """Return how many trials of the i-th grid stand in no grid before it: counted by mask, group after group."""
    earlier = overlapping(grid, i, masks)
    if not earlier:
        return grid.size
    standing = Counter({earlier: 1})
    for names, of_value in masks:
        if len(standing) * len(of_value) > _EFFORT:
            return grid.size
        kinds = Counter(of_value[row] for row in _group_rows(names, grid))
        combined: Counter[int] = Counter()
        for mask, number in standing.items():
            for kind, times in kinds.items():
                combined[mask & kind] += number * times
        standing = combined
    return standing[0]
