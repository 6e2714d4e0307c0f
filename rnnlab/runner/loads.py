"""What is left to compute as loads: trials of one shape, counted without building more than one of them."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from rnnlab import costs, grid, measures
from rnnlab.experiment import Axis, Experiment, Grid
from rnnlab.experiment.ranges import Spaced, size
from rnnlab.runner.labels import settings_of
from rnnlab.runner.missing import Missing
from rnnlab.trial import Trial, parameters, trial_of

_MOST_SHAPES = 400  # of one grid; of more these many are looked at, and the largest
_key = attrgetter(*grid.SHAPE)
_Begun = Mapping[tuple[Any, ...], Mapping[int, int]]  # shape -> what its trials lack -> how many do


@dataclass(frozen=True, slots=True)
class _Shape:
    """A trial of a shape, how many have it, and how many seeds they have."""

    trial: Trial
    number: float
    seeds: int


def loads_of(work: Missing) -> dict[str, list[costs.Load]]:
    """Return by measure what is to be computed, one load for each shape and set of measures that are missing."""
    shapes = list(_missing(work)) if work.new else []
    loads = {
        name: [
            replace(load, work=measures.work_of(load.trial, {name: each}), drawn=not mask & ((1 << i) - 1))
            for load, mask in shapes
            if mask >> i & 1
        ]
        for i, (name, each) in enumerate(settings_of(work.experiment).items())
    }
    return {name: each for name, each in loads.items() if each}


def _missing(work: Missing) -> Iterator[tuple[costs.Load, int]]:
    """Yield a load of every shape, with the mask of the measures that it lacks."""
    everything = (1 << len(work.experiment.measures)) - 1
    overlap = work.total / sum(each.size for each in work.experiment.grids)
    shapes, known = _shapes(work.experiment), _begun(work)
    if len(shapes) >= _MOST_SHAPES:  # not all of them: what is done is taken to be spread evenly
        known, overlap = {}, overlap * work.new / work.total
    for key, shape in shapes.items():
        lacking = known.get(key, {})
        untouched = shape.number * overlap - sum(lacking.values())
        for mask, number in [*lacking.items(), (everything, untouched)]:
            if mask and round(number) > 0:
                yield costs.Load(shape.trial, round(number), min(shape.seeds, round(number))), mask


def _begun(work: Missing) -> _Begun:
    import pyarrow as pa

    found: dict[tuple[Any, ...], Counter[int]] = defaultdict(Counter)
    if not len(work.begun):
        return found
    columns = work.places.columns(work.begun)
    names = [parameters()[name].column.name for name in grid.SHAPE]
    rows = pa.table({name: columns[name] for name in names} | {"mask": work.masks(work.begun)})
    for row in rows.group_by([*names, "mask"]).aggregate([([], "count_all")]).to_pylist():
        found[tuple(row[name] for name in names)][row["mask"]] += row["count_all"]
    return found


def _shapes(experiment: Experiment) -> dict[tuple[Any, ...], _Shape]:
    """Return every shape of the experiment; of very many some, which stand for all, the largest among them."""
    found: dict[tuple[Any, ...], _Shape] = {}
    for each in experiment.grids:
        for shape in _of_grid(each):
            key = _key(shape.trial)
            before = found.get(key)
            found[key] = shape if before is None else replace(before, number=before.number + shape.number)
    return found


def _of_grid(one: Grid) -> Iterator[_Shape]:
    shaping = [axis for axis in one.axes if set(axis.names) & set(grid.SHAPE)]
    others = [axis for axis in one.axes if axis not in shaping]
    number = math.prod(axis.size for axis in others)
    seeds = next((axis.size for axis in others if "seed" in axis.names), 1)
    constants = _values((axis, 0) for axis in others)
    total = math.prod(axis.size for axis in shaping)
    chosen = range(total) if total <= _MOST_SHAPES else random.Random(0).sample(range(total), _MOST_SHAPES)
    for place in chosen:
        trial = trial_of({**constants, **_values(_spread(shaping, place))})
        yield _Shape(trial, number * total / len(chosen), min(seeds, number))
    if total > _MOST_SHAPES:
        yield _Shape(trial_of({**constants, **_values((axis, _largest(axis)) for axis in shaping)}), 1, 1)


def _spread(axes: list[Axis], place: int) -> Iterator[tuple[Axis, int]]:
    for axis in reversed(axes):
        place, here = divmod(place, axis.size)
        yield axis, here


def _values(chosen: Any) -> dict[str, Any]:
    return {
        name: column.start if isinstance(column, Spaced) else column[at]
        for axis, at in chosen
        for name, column in zip(axis.names, axis.columns, strict=True)
    }


def _largest(axis: Axis) -> int:
    """Return the place of the largest first value of an axis of numbers."""
    column = axis.columns[0]
    if isinstance(column, range):
        return 0 if column.step < 0 else size(column) - 1
    if isinstance(column, tuple) and not isinstance(column[0], str):
        return column.index(max(column))
    return 0
