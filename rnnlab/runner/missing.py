"""What of an experiment is not in the store yet, and why."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rnnlab import grid, store
from rnnlab.experiment import Experiment
from rnnlab.grid import blocks
from rnnlab.runner.computing import Job
from rnnlab.runner.labels import Label, labels_of, settings_of
from rnnlab.trial import Trial

_CHUNK = 2**16  # trials that are held at a time


@dataclass(frozen=True, slots=True)
class Published:
    """What the store has of one measure."""

    done: frozenset[str]  # keys under the label wanted
    diverged: frozenset[str]  # those of them whose status is "diverged"
    other_settings: frozenset[str]  # keys that have other settings only
    other_version: frozenset[str]  # keys that have the settings wanted, of another version


def published(place: store.Layout, measure: str, label: Label) -> Published:
    """Return what the store has of a measure; raises DamagedFile where a file cannot be read."""
    import pyarrow.compute as pc

    table = store.published(place, measure)
    same = pc.equal(table["settings"], label.settings)
    wanted = pc.and_(same, pc.equal(table["measure_version"], label.version))

    def keys(mask: object) -> frozenset[str]:
        return frozenset(table["key"].filter(mask).to_pylist())

    done = keys(wanted)
    diverged = keys(pc.and_(wanted, pc.equal(table["status"], "diverged"))) if "status" in table.column_names else ()
    return Published(done, frozenset(diverged), keys(pc.invert(same)) - done, keys(same) - done)


@dataclass(frozen=True, slots=True)
class Missing:
    """The trials of an experiment that have something to compute.

    `masks` has a number for every trial in grid order: bit i is set where the i-th measure is missing. None: all are.
    """

    experiment: Experiment
    total: int
    new: int
    diverged: int  # of those that are done
    masks: array[int] | None

    @property
    def done(self) -> int:
        """Trials that have everything."""
        return self.total - self.new

    def trials(self) -> Iterator[tuple[Trial, int]]:
        """Yield every trial that has something to compute, with its mask."""
        everything = (1 << len(self.experiment.measures)) - 1
        masks: Iterable[int] = itertools.repeat(everything) if self.masks is None else self.masks
        pairs = zip(grid.trials(self.experiment), masks, strict=False)
        return ((trial, mask) for trial, mask in pairs if mask)

    def jobs(self, environment: str) -> Iterator[Job]:
        """Yield the work in blocks, without ever holding many of them."""
        settings = settings_of(self.experiment)
        pairs = self.trials()
        while chunk := list(itertools.islice(pairs, _CHUNK)):
            keys = {id(trial): trial.key for trial, _ in chunk}
            for mask in sorted({mask for _, mask in chunk}):
                work = {name: each for i, (name, each) in enumerate(settings.items()) if mask >> i & 1}
                for block in blocks((trial for trial, each in chunk if each == mask), work):
                    yield Job(block, tuple(keys[id(trial)] for trial in block.trials), environment)


def missing(experiment: Experiment, found: Mapping[str, Published]) -> Missing:
    """Return what is left to compute; only keys are made of the trials, and none where the store has nothing."""
    total = grid.count(experiment)
    done = [found[name].done for name in experiment.measures]
    if not any(done):
        return Missing(experiment, total, total, 0, None)
    diverged = frozenset[str]().union(*(each.diverged for each in found.values()))
    masks, new, gone = array("H"), 0, 0
    for trial in grid.trials(experiment):
        key = trial.key
        mask = sum(1 << i for i, keys in enumerate(done) if key not in keys)
        masks.append(mask)
        new += bool(mask)
        gone += key in diverged
    return Missing(experiment, len(masks), new, gone, masks)


def look(place: store.Layout, experiment: Experiment) -> dict[str, Published]:
    """Return what the store has of each measure of the experiment."""
    return {name: published(place, name, label) for name, label in labels_of(experiment).items()}
