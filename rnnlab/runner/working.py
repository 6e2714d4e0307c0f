"""What workers do with jobs, and the order in which they get them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rnnlab.blas import single_threaded_blas
from rnnlab.executors import sameness
from rnnlab.grid import Block
from rnnlab.plugins import Record
from rnnlab.runner.computing import BlockResult
from rnnlab.runner.jobs import Job, Paused
from rnnlab.runner.warming import load


@dataclass(frozen=True, slots=True)
class Compute:
    """What a worker does with a job.

    tiny: blocks that load the kernels; check: whether the worker may be in another environment than the driver.
    pause: seconds after which it hands back a long job. packages: those that the experiment takes parts from, which a
    worker must have in the same versions.
    """

    tiny: tuple[Block, ...]
    check: bool
    pause: float
    packages: tuple[Record, ...] = ()

    def __call__(self, job: Job) -> BlockResult | Paused:
        """Return what the job makes of itself; raises WorkersDiffer where the worker's environment is not the job's."""
        if not self.check:
            return job.compute(self.pause)
        with single_threaded_blas():
            sameness.check_packages(self.packages)
            sameness.check_here(job.environment, self.packages)
            return job.compute(self.pause)

    def prepare(self) -> None:
        """Make a new worker ready, so that its first block is not given the time that others have had."""
        load(self.tiny)


class Queue(Iterator[Job]):
    """Jobs one by one; what is put into `again` comes first, also after the others have come to an end.

    Parts of a job that failed are put there, and jobs that paused: what is begun is brought to its end, so that no
    more trials are under way than the workers need, and each of those gets its turn.
    """

    def __init__(self, jobs: Iterator[Job], resumed: Callable[[Job], Job] = lambda job: job) -> None:
        self._jobs, self._resumed = jobs, resumed
        self.again: deque[Job] = deque()

    def __next__(self) -> Job:
        return self.again.popleft() if self.again else self._resumed(next(self._jobs))
