"""The manifest of a run, and whether it says that there is nothing left to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from rnnlab import store
from rnnlab.experiment import Experiment
from rnnlab.runner.labels import labels_of, settings_of
from rnnlab.runner.packages import packages_of

Record = dict[str, Any]


def now() -> str:
    """Return the time as the manifest writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def finished(place: store.Layout, experiment: Experiment, manifest: Mapping[str, Any]) -> bool:
    """Say whether the manifest is of this very experiment, without failures, and its files are all that there are.

    Looks at sizes, not into files: `verify` does that.
    """
    if manifest.get("finished") is None:
        return False
    try:
        same = manifest["experiment"] == experiment.resolved() and manifest["measures"] == _measures(experiment)
        whole = store.snapshot(place).sizes == {file["path"]: file["bytes"] for file in manifest["files"]}
        return same and whole and manifest["summary"]["failed"] == 0 and store.at_rest(place)
    except (KeyError, TypeError):
        return False


def record(
    place: store.Layout,
    experiment: Experiment,
    previous: Mapping[str, Any],
    *,
    about: Mapping[str, Any],
    summary: Mapping[str, Any] | None = None,
) -> Record:
    """Return the manifest of a run that has just ended, or without a summary of one that is under way.

    about: what the run knew of itself before it began. The environments of earlier runs are kept, and while a run is
    under way the files that they left.
    """
    listed = previous.get("files", [])
    environments = {**previous.get("environments", {}), **store.environments(place)}
    return {
        "name": experiment.name,
        "experiment": experiment.resolved(),
        "measures": _measures(experiment),
        **({"plugins": packages} if (packages := packages_of(experiment)) else {}),
        "seeds": _seeds(experiment),
        **about,
        "finished": None if summary is None else now(),
        "summary": None if summary is None else dict(summary),
        "environments": environments,
        "files": listed if summary is None else store.records(place, {file["path"]: file for file in listed}),
    }


def _measures(experiment: Experiment) -> Record:
    settings = settings_of(experiment)
    return {name: {**asdict(label), "resolved": settings[name]} for name, label in labels_of(experiment).items()}


def _seeds(experiment: Experiment) -> list[list[int]]:
    """Return the seeds as ranges, first and last."""
    axes = (axis for grid in experiment.grids for axis in grid.axes if "seed" in axis.names)
    seeds = sorted(set(chain.from_iterable(axis.columns[axis.names.index("seed")] for axis in axes)))
    ranges: list[list[int]] = []
    for seed in seeds:
        if ranges and ranges[-1][1] == seed - 1:
            ranges[-1][1] = seed
        else:
            ranges.append([seed, seed])
    return ranges
