"""The trials of an experiment: counted without being built, and yielded one by one in grid order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rnnlab.errors import UsageError
from rnnlab.experiment import Axis, Experiment, Grid
from rnnlab.grid.union import masks_of, new, overlapping, rows, stands_in
from rnnlab.trial import Trial

MAX_TRIALS = 10**7


def count(experiment: Experiment) -> int:
    """Return the number of distinct trials without building them.

    Exact, but for grids that overlap on an axis of more than 10^6 values or in a million ways: there it is an upper
    bound.
    """
    sizes = [grid.size for grid in experiment.grids]
    if len(sizes) == 1 or any(axis.size > 10**6 for grid in experiment.grids for axis in grid.axes):
        return sum(sizes)
    masks = masks_of(experiment.grids)
    return sum(new(grid, i, masks) for i, grid in enumerate(experiment.grids))


def check(experiment: Experiment, max_trials: int = MAX_TRIALS) -> int:
    """Return the number of trials; raises UsageError if it is above the limit, with the axes that make it so."""
    number = count(experiment)
    if number > max_trials:
        longest = sorted((axis for grid in experiment.grids for axis in grid.axes), key=lambda axis: -axis.size)[:3]
        sizes = ", ".join(f"{axis.names[0]} {axis.size:,}" for axis in longest if axis.size > 1)
        raise UsageError(
            f"{experiment.name}: {number:,} trials are more than {max_trials:,} (longest axes: {sizes}). "
            f"Shorten an axis, or allow them with --max-trials {number}."
        )
    return number


def notes(experiment: Experiment) -> tuple[str, ...]:
    """Return what a user should know of the grid: values that were collapsed, and grids that overlap."""
    twice = sum(grid.size for grid in experiment.grids) - count(experiment)
    overlap = (f"grids overlap: {twice:,} trials stand in more than one and are computed once",) if twice else ()
    return experiment.notes + overlap


def trials(experiment: Experiment) -> Iterator[Trial]:
    """Yield the distinct trials in grid order: grid after grid, the last axis fastest."""
    masks = masks_of(experiment.grids) if len(experiment.grids) > 1 else []
    for i, grid in enumerate(experiment.grids):
        earlier = overlapping(grid, i, masks)
        for values in _combinations(grid):
            if not (earlier and stands_in(values, earlier, masks)):
                yield Trial(**values)


def _combinations(grid: Grid) -> Iterator[dict[str, Any]]:
    """Yield the combinations as dictionaries of all parameters; constants are written once."""
    constants = {name: value for axis in grid.axes if axis.size == 1 for name, value in _only(axis)}
    varying = [axis for axis in grid.axes if axis.size > 1]
    names = tuple(name for axis in varying for name in axis.names)
    for row in rows(varying):
        yield {**constants, **dict(zip(names, row, strict=True))}


def _only(axis: Axis) -> Iterator[tuple[str, Any]]:
    return zip(axis.names, next(axis.rows()), strict=True)
