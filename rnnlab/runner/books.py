"""What a run notes besides results: times, failures, and how far it is."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING, Any

from rnnlab import store
from rnnlab.columns import schema
from rnnlab.executors import BlockFailed
from rnnlab.runner.computing import BlockResult
from rnnlab.runner.jobs import Job, Paused
from rnnlab.trial import parameters

if TYPE_CHECKING:
    import pyarrow as pa

_FLUSH = 30.0  # s after which times are published; a killed run loses no more
_SHARE = 0.05  # of the time of a run, at most, goes into publishing failures as they come


class Books:
    """The books of one run; call `close` at its end."""

    def __init__(self, place: store.Layout, environment: str) -> None:
        self._place, self.environment = place, environment
        self._left: dict[str, int] = {}  # measures to come of trials of which some have ended
        self._shares: dict[str, float] = {}  # of trials that are paused: what is done of all that they lack
        self._timings: list[pa.Table] = []
        self._flushed = time.monotonic()
        self._failures = {(row["key"], row["measure"]): row for row in _failures(place)}
        self._failed: set[str] = set()
        self._told, self._telling = -1e9, 0.0  # when failures were last published, and how long that took
        self._news = False
        self.processed = 0  # trials
        self.diverged = 0  # trials, one in parts for each part
        self.in_parts = False  # whether any trial has its measures from several jobs

    @property
    def so_far(self) -> float:
        """Trials, and what is done of those that are paused."""
        return self.processed + sum(self._shares.values()) if self._shares else self.processed

    @property
    def failed(self) -> int:
        """Trials that failed in this run."""
        return len(self._failed)

    def done(self, job: Job, result: BlockResult) -> None:
        """Note that a job has been published."""
        self._note(job)
        self.diverged += len(set().union(*map(_diverged, result.tables.values())))
        self._timings += [_times(job, measure, seconds) for measure, seconds in result.seconds.items()]
        self._keep()

    def paused(self, job: Job, result: Paused) -> None:
        """Note how far a job is that goes on later."""
        self._shares.update(
            {key: share / max(job.lacking, 1) for key, share in zip(job.keys, result.shares, strict=True)}
        )

    def fail(self, job: Job, failure: BlockFailed) -> None:
        """Note that a job which cannot be taken apart any further has failed."""
        self._note(job)
        self._failed.update(job.keys)
        for key, trial in zip(job.keys, job.block.trials, strict=True):
            for measure in job.measures:
                said = {"measure": measure, "message": failure.message, "traceback": failure.details}
                columns = {each.column.name: getattr(trial, name) for name, each in parameters().items()}
                self._failures[key, measure] = {"key": key, **columns, **said, "environment": job.environment}
        self._news = True
        self._keep()

    def close(self) -> None:
        """Publish what is noted."""
        self._flush()
        self._tell()

    def _keep(self) -> None:
        """Publish what a run that is killed would lose: failures as they come, times now and then."""
        now = time.monotonic()
        if self._news and now - self._told > self._telling / _SHARE:
            self._tell()
        if now - self._flushed > _FLUSH:
            self._flush()

    def _tell(self) -> None:
        import pyarrow as pa

        begin, pinned = time.monotonic(), schema(store.columns_of("failures"))
        store.replace_failures(self._place, pa.Table.from_pylist(list(self._failures.values()), pinned))
        self._news, self._told = False, time.monotonic()
        self._telling = self._told - begin

    def _note(self, job: Job) -> None:
        if self._failures:
            for key in job.keys:
                for measure in job.measures:
                    self._failures.pop((key, measure), None)
        if job.pauses:
            for key in job.keys:
                self._shares.pop(key, None)
        if job.whole:
            self.processed += len(job.keys)
            return
        self.in_parts = True
        for key in job.keys:
            if left := self._left.pop(key, job.lacking) - len(job.measures):
                self._left[key] = left
            else:
                self.processed += 1

    def _flush(self) -> None:
        import pyarrow as pa

        if self._timings:
            store.publish(self._place, {"timings": store.ordered(pa.concat_tables(self._timings))})
        self._timings, self._flushed = [], time.monotonic()


def _failures(place: store.Layout) -> list[dict[str, Any]]:
    if "failures" not in place.tables():
        return []
    rows: list[dict[str, Any]] = store.read(place, "failures").to_pylist()
    return rows


def _diverged(table: pa.Table) -> set[str]:
    import pyarrow.compute as pc

    if "status" not in table.column_names:
        return set()
    return set(table["key"].filter(pc.equal(table["status"], "diverged")).to_pylist())


def _times(job: Job, measure: str, seconds: float) -> pa.Table:
    import pyarrow as pa

    number = len(job.keys)
    constants = (pa.scalar(measure), pa.scalar(seconds / number), pa.scalar(platform.node()))
    columns = [pa.array(job.keys, pa.string()), *(pa.repeat(each, number) for each in constants)]
    return pa.Table.from_arrays(columns, schema=schema(store.columns_of("timings")))
