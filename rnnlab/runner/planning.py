"""What a run would do and why, and what it would cost; runs nothing and writes nothing."""

from __future__ import annotations

import math
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from os import PathLike
from typing import Any

from rnnlab import costs, executors, grid, measures
from rnnlab import store as stores
from rnnlab.experiment import Axis, Experiment, Grid
from rnnlab.machine import memory, processors
from rnnlab.runner.labels import Label, labels_of, settings_of
from rnnlab.runner.missing import Missing, Published, look, missing
from rnnlab.trial import Trial, parameters

_shape_of = attrgetter(*grid.SHAPE)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do.

    trials: of the experiment, of which `done` have everything and `new` would be computed. why: by measure, how many
    trials lack it for which reason. seconds, memory and disk (bytes) are estimates for the new ones; `measured` trials
    of the store told how fast this machine is.
    """

    name: str
    trials: int
    done: int
    new: int
    why: Mapping[str, Mapping[str, int]]
    workers: int
    seconds: float
    memory: int
    disk: int
    measured: int


def plan(
    experiment: Experiment,
    *,
    store: str | PathLike[str] = "results",
    workers: int | None = None,
    executor: str = "threads",
) -> Plan:
    """Return what `run` would do with the same arguments."""
    executors.check(executor, workers)
    place = stores.layout(store, experiment.name)
    found = look(place, experiment)
    work = missing(experiment, found)
    number = processors() if workers is None else workers
    total, measured = costs.Cost(0.0, 0, 0), 0
    for measure, loads in _loads(work).items():
        model = _model(place, store, measure, experiment)
        cost = costs.estimate(loads, workers=number, model=model, executor=executor)
        measured += model.trials
        total = costs.Cost(total.seconds + cost.seconds, max(total.memory, cost.memory), total.disk + cost.disk)
    _warn_of(total.memory)
    return Plan(
        experiment.name, work.total, work.done, work.new, _why(place, work, found), number, total.seconds, total.memory,
        total.disk, measured,
    )  # fmt: skip


def warn_of_memory(work: Missing, workers: int, executor: str) -> None:
    """Warn, before anything is computed, where that would take more memory than there is."""
    parts = _loads(work).values()
    _warn_of(max((costs.estimate(each, workers=workers, executor=executor).memory for each in parts), default=0))


def _warn_of(need: int) -> None:
    there = memory()
    if there is not None and need > there:
        short = f"about {need / 2**30:.1f} GiB of memory are needed, and this machine has {there / 2**30:.1f} GiB"
        warnings.warn(f"{short}. Use fewer workers, or smaller trials.", RuntimeWarning, stacklevel=3)


def _why(place: stores.Layout, work: Missing, found: Mapping[str, Published]) -> dict[str, dict[str, int]]:
    """Return for every measure how many trials lack it, by reason."""
    names = list(work.experiment.measures)
    failed = stores.read(place, "failures", columns=["key", "measure"]).to_pylist()
    before = {(row["key"], row["measure"]) for row in failed}
    known = before or any(each.other_settings or each.other_version for each in found.values())
    if work.masks is None and not known:  # no trial need be built
        return {name: {"never computed": work.new} for name in names if work.new}
    why: dict[str, Counter[str]] = defaultdict(Counter)
    for trial, mask in work.trials():
        key = trial.key
        for i, name in enumerate(names):
            if mask >> i & 1:
                why[name][_reason(key, found[name], (key, name) in before)] += 1
    return {name: dict(counts) for name, counts in why.items()}


def _reason(key: str, found: Published, failed: bool) -> str:
    if failed:
        return "failed before"
    if key in found.other_version:
        return "the measure has a new version"
    return "computed with other settings" if key in found.other_settings else "never computed"


def _loads(work: Missing) -> dict[str, list[costs.Load]]:
    """Return by measure what is to be computed, one load for each shape."""
    settings = settings_of(work.experiment)
    shapes = list(_all(work) if work.masks is None else _some(work))
    loads = {
        name: [
            replace(load, work=measures.work_of(load.trial, {name: each}), drawn=not mask & ((1 << i) - 1))
            for load, mask in shapes
            if mask >> i & 1
        ]
        for i, (name, each) in enumerate(settings.items())
    }
    return {name: each for name, each in loads.items() if each}


def _all(work: Missing) -> Iterator[tuple[costs.Load, int]]:
    """Yield a load of every shape, with the mask of its measures; no trial but one of each is built."""
    everything = (1 << len(work.experiment.measures)) - 1
    overlap = work.total / sum(each.size for each in work.experiment.grids)
    for each in work.experiment.grids:
        for trial, number, seeds in _shapes(each):
            yield costs.Load(trial, max(1, round(number * overlap)), min(seeds, number)), everything


def _shapes(one: Grid) -> Iterator[tuple[Trial, int, int]]:
    """Yield a trial of every shape of a grid, how many have it, and how many seeds they have."""
    shaping = tuple(axis for axis in one.axes if set(axis.names) & set(grid.SHAPE))
    others = [axis for axis in one.axes if axis not in shaping]
    number = math.prod(axis.size for axis in others)
    seeds = next((axis.size for axis in others if "seed" in axis.names), 1)
    thin = tuple(axis if axis in shaping else _first(axis) for axis in one.axes)
    for trial in grid.trials(Experiment("", "", (Grid(thin),), {})):
        yield trial, number, seeds


def _first(axis: Axis) -> Axis:
    return Axis(axis.names, tuple((value,) for value in next(axis.rows())))


def _some(work: Missing) -> Iterator[tuple[costs.Load, int]]:
    first: dict[tuple[Any, ...], Trial] = {}
    numbers: Counter[tuple[Any, ...]] = Counter()
    seeds: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for trial, mask in work.trials():
        shape = (mask, *_shape_of(trial))
        first.setdefault(shape, trial)
        numbers[shape] += 1
        seeds[shape].add(trial.seed)
    for shape, trial in first.items():
        yield costs.Load(trial, numbers[shape], len(seeds[shape])), shape[0]


def _model(place: stores.Layout, store: str | PathLike[str], measure: str, experiment: Experiment) -> costs.Model:
    """Return the model that fits what ran: of this experiment, else of the others in the store."""
    label, settings = labels_of(experiment)[measure], settings_of(experiment)[measure]
    for name in dict.fromkeys([experiment.name, *stores.names(store)]):
        other = place if name == experiment.name else stores.layout(store, name)
        model = costs.calibrated(_measured(other, measure, label, settings))
        if model.trials:
            return model
    return costs.Model()


def _measured(
    place: stores.Layout, measure: str, label: Label, settings: Mapping[str, Any]
) -> Iterator[tuple[costs.Load, float]]:
    """Yield loads that ran and the seconds that they took."""
    import pyarrow.compute as pc

    if not {"timings", measure} <= set(place.tables()):
        return
    columns = {parameters()[name].column.name: name for name in grid.SHAPE}
    times = stores.read(place, "timings", columns=["key", "measure", "seconds"])
    times = times.filter(pc.field("measure") == measure).group_by("key").aggregate([("seconds", "mean")])
    rows = stores.read(
        place, measure, columns=["key", *columns, "activation", "seed", "settings"], version=label.version
    )
    joined = rows.join(times, "key", join_type="inner").group_by(["settings", *columns])
    wanted = [("seconds_mean", "sum"), ("key", "count"), ("seed", "count_distinct"), ("activation", "min")]
    for row in joined.aggregate(wanted).to_pylist():
        values = {name: row[column] for column, name in columns.items()}
        trial = Trial(activation=row["activation_min"], **values)
        work = measures.work_of(trial, {measure: settings})  # as if other settings had cost the same
        yield costs.Load(trial, row["key_count"], row["seed_count_distinct"], work), row["seconds_mean_sum"]
