"""What a run is carried out with: the executor, its limits, and how it may end early."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from rnnlab import costs, executors, measures
from rnnlab.errors import UsageError
from rnnlab.machine import free_memory, memory, processors
from rnnlab.runner import jobs
from rnnlab.runner.jobs import Job
from rnnlab.runner.signals import Patience

Progress = Callable[[float, int], None]  # trials done, and what is done of those that are paused; of how many

_WITHIN = 0.25  # of the time that a trial may take: after so much of it a long one is handed back


@dataclass(frozen=True, slots=True)
class Options:
    """How failures are met.

    retries: how often a single trial that raised, took too long or lost its worker is tried again, before it is a row
    of `failures`; a block or a trial whose worker died gets a second attempt in any case. timeout: seconds that a trial
    may take; of a measure that pauses, until its worker hands back how far it is. max_failures: the run stops when more
    trials than that have failed; None: it never does.
    """

    retries: int = 0
    timeout: float | None = None
    max_failures: int | None = None

    def too_many(self, failed: int) -> bool:
        """Say whether so many failed trials end the run."""
        return self.max_failures is not None and failed > self.max_failures

    def check(self) -> None:
        """Raise UsageError where one of them means nothing."""
        if self.retries < 0:
            raise UsageError(f"retries is {self.retries}: give 0 or more.")
        if self.timeout is not None and not 0 < self.timeout < float("inf"):
            raise UsageError(f"timeout is {self.timeout:g}: give seconds, more than 0.")
        if self.max_failures is not None and self.max_failures < 0:
            raise UsageError(f"max_failures is {self.max_failures}: give 0 or more.")


@dataclass(frozen=True, slots=True)
class Means:
    """What a run is carried out with."""

    executor: str | Executor
    workers: int | None
    scheduler: str | None
    options: Options
    progress: Progress
    patience: Patience

    @property
    def name(self) -> str:
        """The executor, as the manifest and the estimates call it."""
        return self.executor if isinstance(self.executor, str) else type(self.executor).__name__

    @property
    def elsewhere(self) -> bool:
        """Whether workers may be on other machines, or in other environments."""
        return self.executor == "dask" or not isinstance(self.executor, str)

    def limits(self) -> executors.Limits[Job]:
        """Return what blocks are held to."""
        return executors.Limits(
            seconds=self._seconds, bytes=bytes_of, room=self._room(), memory=self._memory(), again=self._again
        )

    def pause(self) -> float:
        """Return the seconds after which a worker hands back a long job: well within its time."""
        limit = self.options.timeout
        return jobs.PAUSE_SECONDS if limit is None else min(jobs.PAUSE_SECONDS, _WITHIN * limit)

    def _seconds(self, job: Job) -> float | None:
        return None if self.options.timeout is None else self.options.timeout * len(job.keys)

    def _again(self, job: Job, failure: executors.BlockFailed, tries: int) -> bool:
        single = self.options.retries if job.single else 0
        return tries <= single or executors.once_if_lost(job, failure, tries)

    @property
    def _here(self) -> bool:
        return isinstance(self.executor, str) and self.scheduler is None

    def _memory(self) -> int | None:
        return memory() if self._here else None

    def _room(self) -> int | None:
        """Return the bytes for all blocks in flight, less what the worker processes take by themselves."""
        free = free_memory() if self._here else None
        if free is None or self.executor == "threads":
            return free
        return max(0, free - costs.PROCESS * (self.workers or processors()))


def bytes_of(job: Job) -> int:
    """Return the bytes of memory that a job takes, by its shape."""
    trials = job.block.trials
    work = measures.work_of(trials[0], dict(job.block.work))
    return costs.block_bytes(costs.Load(trials[0], len(trials), len({trial.seed for trial in trials}), work))
