"""The checkpoints of one run: jobs go on from them, and a run that is killed loses seconds of each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from rnnlab import store
from rnnlab.runner.jobs import Begun, Job
from rnnlab.runner.labels import label_of

EVERY = 30.0  # s between two checkpoints of a trial
_SHARE = 0.05  # of the time of a run, at most, goes into writing them


class Checkpoints:
    """How far the trials of a run are; call `write` when it ends."""

    def __init__(self, place: store.Layout, environment: str) -> None:
        self._place, self._environment = place, environment
        self._there = set(store.checkpoints(place))
        self._held: dict[str, store.Checkpoint] = {}  # newer than what is on the disk
        self._due: dict[str, float] = {}  # when a trial's next one is to be written
        self._foreign = 0
        self._notes: list[str] = []

    def notes(self) -> list[str]:
        """Return a line for whatever could not be gone on from."""
        if not self._foreign:
            return self._notes
        trials = "1 trial was" if self._foreign == 1 else f"{self._foreign:,} trials were"
        return [*self._notes, f"{trials} begun with other versions or on another machine, and began anew"]

    def resumed(self, job: Job) -> Job:
        """Return the job as far as it was when the run before this one ended."""
        if not self._there or job.begun or not job.pauses:
            return job
        return replace(job, begun=tuple(self._found(each) for each in _of(job)))

    def keep(self, job: Job) -> None:
        """Take note of how far a job is; what was long not written is written."""
        for each in _of(job):
            self._held[each.name] = each
            if time.monotonic() >= self._due.get(each.name, 0.0):
                self._write(each.name)

    def write(self) -> None:
        """Write all that is newer than what is on the disk."""
        for name in list(self._held):
            self._write(name)

    def drop(self, job: Job) -> None:
        """Remove what there is of a job: its rows are published, or it would fail again from where it is."""
        if not job.pauses:
            return
        for each in _of(job):
            self._held.pop(each.name, None)
            self._due.pop(each.name, None)
            self._remove(each.name)

    def clear(self) -> None:
        """Remove those of trials that are done: a killed run had no time for it."""
        for name in spent(self._place, self._there):
            self._remove(name)

    def _found(self, wanted: store.Checkpoint) -> Begun | None:
        if wanted.name not in self._there:
            return None
        try:
            found = store.read_checkpoint(self._place, wanted.name)
        except store.Unusable as error:
            self._notes.append(f"{self._place.checkpoints / wanted.name}: {error}; removed, its trial began anew")
            self._remove(wanted.name)
            return None
        if found.environment != self._environment:  # stands until there is one of this environment
            self._foreign += 1
            return None
        return Begun(dict(found.state), found.seconds)

    def _write(self, name: str) -> None:
        begin = time.monotonic()
        store.write_checkpoint(self._place, self._held[name])
        self._there.add(name)
        del self._held[name]
        now = time.monotonic()
        self._due[name] = now + max(EVERY, (now - begin) / _SHARE)

    def _remove(self, name: str) -> None:
        if name in self._there:
            store.remove_checkpoint(self._place, name)
            self._there.discard(name)


def _of(job: Job) -> Iterator[store.Checkpoint]:
    """Yield a checkpoint of each trial of a job."""
    ((measure, settings),) = job.block.work
    label = label_of(measure, settings)
    for trial, key, begun in zip(job.block.trials, job.keys, job.begun or (None,) * len(job.keys), strict=True):
        state, seconds = begun or ({}, 0.0)
        yield store.Checkpoint(
            key, measure, label.settings, label.version, job.environment, seconds, trial.values(), state
        )


def spent(place: store.Layout, names: set[str]) -> Iterator[str]:
    """Yield the checkpoints among these that nothing goes on from: of trials that are done, and damaged ones."""
    for name in sorted(names):
        try:
            each = store.read_checkpoint(place, name)
        except store.Unusable:
            yield name
            continue
        if _published(place, each):
            yield name


def _published(place: store.Layout, each: store.Checkpoint) -> bool:
    if not store.is_known(each.measure) or each.measure not in place.tables():
        return False
    rows = store.read(
        place, each.measure, columns=["key"], keys=[each.key], settings=each.settings, version=each.version
    )
    return bool(rows.num_rows)
