"""What a run would do and why, and what it would cost; runs nothing and writes nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from rnnlab import costs, executors, grid, measures
from rnnlab import store as stores
from rnnlab.errors import RnnlabError, StoreDamaged
from rnnlab.experiment import Experiment
from rnnlab.machine import memory, processors
from rnnlab.runner.labels import Label, labels_of, settings_of
from rnnlab.runner.loads import loads_of
from rnnlab.runner.missing import Missing, missing
from rnnlab.runner.packages import check_packages
from rnnlab.trial import Trial, parameters

if TYPE_CHECKING:
    import numpy as np

_TOLD = 20_000  # trials of a store by which the speed of this machine is judged


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
    check_packages(experiment)
    place = stores.layout(store, experiment.name)
    manifest: Mapping[str, Any] = {}
    with suppress(StoreDamaged):  # a run writes it anew; but one of a newer rnnlab is refused
        manifest = stores.read_manifest(place) or {}
    stores.refuse_gone(place, manifest)
    work = missing(place, experiment)
    number = processors() if workers is None else workers
    total, measured = costs.Cost(0.0, 0, 0), 0
    for measure, loads in loads_of(work).items():
        model = _model(place, store, measure, experiment)
        cost = costs.estimate(loads, workers=number, model=model, executor=executor)
        measured += model.trials
        total = costs.Cost(total.seconds + cost.seconds, max(total.memory, cost.memory), total.disk + cost.disk)
    _warn_of(total.memory)
    return Plan(
        experiment.name, work.total, work.done, work.new, _why(place, work), number, total.seconds, total.memory,
        total.disk, measured,
    )  # fmt: skip


def warn_of_memory(work: Missing, workers: int, executor: str) -> None:
    """Warn, before anything is computed, where that would take more memory than there is."""
    parts = loads_of(work).values()
    _warn_of(max((costs.estimate(each, workers=workers, executor=executor).memory for each in parts), default=0))


def _warn_of(need: int) -> None:
    there = memory()
    if there is not None and need > there:
        short = f"about {need / 2**30:.1f} GiB of memory are needed, and this machine has {there / 2**30:.1f} GiB"
        warnings.warn(f"{short}. Use fewer workers, or smaller trials.", RuntimeWarning, stacklevel=3)


def _why(place: stores.Layout, work: Missing) -> dict[str, dict[str, int]]:
    """Return for every measure how many trials lack it, by reason."""
    why = {}
    for name, found in work.published.items():
        failed = _failed(place, work, name)
        new_version, other_settings = (_without(each, failed) for each in (found.other_version, found.other_settings))
        counts = {
            "failed before": len(failed),
            "the measure has a new version": len(new_version),
            "computed with other settings": len(_without(other_settings, new_version)),
        }
        counts["never computed"] = work.total - len(found.done) - sum(counts.values())
        why[name] = {reason: number for reason, number in counts.items() if number}
    return {name: each for name, each in why.items() if each}


def _failed(place: stores.Layout, work: Missing, measure: str) -> np.ndarray:
    """Return the places of the trials that failed and have not been computed since."""
    import numpy as np
    import pyarrow.compute as pc

    if "failures" not in place.tables():
        return np.empty(0, np.int64)
    rows = stores.read(place, "failures").filter(pc.field("measure") == measure)
    at = np.unique(work.places.find(rows))
    return _without(at[at >= 0], work.published[measure].done)


def _without(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.setdiff1d(places, others, assume_unique=True)


def _model(place: stores.Layout, store: str | PathLike[str], measure: str, experiment: Experiment) -> costs.Model:
    """Return the model that fits what ran: of this experiment, else of the others in the store."""
    label, settings = labels_of(experiment)[measure], settings_of(experiment)[measure]
    for name in dict.fromkeys([experiment.name, *stores.names(store)]):
        other = place if name == experiment.name else stores.layout(store, name)
        with suppress(RnnlabError):  # damage elsewhere is not for this plan to tell
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
    rows = stores.read(
        place, measure, columns=["key", *columns, "activation", "seed", "settings"], version=label.version, most=_TOLD
    )
    times = stores.read(place, "timings", columns=["key", "measure", "seconds"], keys=rows["key"].to_pylist())
    times = times.filter(pc.field("measure") == measure).group_by("key").aggregate([("seconds", "mean")])
    joined = rows.join(times, "key", join_type="inner").group_by(["settings", *columns])
    wanted = [("seconds_mean", "sum"), ("key", "count"), ("seed", "count_distinct"), ("activation", "min")]
    for row in joined.aggregate(wanted).to_pylist():
        values = {name: row[column] for column, name in columns.items()}
        trial = Trial(activation=row["activation_min"], **values)
        work = measures.work_of(trial, {measure: settings})  # as if other settings had cost the same
        yield costs.Load(trial, row["key_count"], row["seed_count_distinct"], work), row["seconds_mean_sum"]
