"""Jobs: what is handed to a worker at a time, a block as a whole or a piece of a long one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from rnnlab import measures
from rnnlab.grid import Block
from rnnlab.runner.computing import BlockResult, compute, read_settings, result_of

if TYPE_CHECKING:
    from rnnlab.measures.pausing import State

Settings = Mapping[str, Mapping[str, Any]]  # of measures, by name

PAUSE_SECONDS = 10.0  # after which a worker hands back what it has of a long job; Ctrl-C waits no longer


class Begun(NamedTuple):
    """How far a trial is."""

    state: State
    seconds: float  # of work that it took


@dataclass(frozen=True, slots=True, eq=False)
class Paused:
    """What there is of a job that is not done."""

    begun: tuple[Begun, ...]  # of every trial
    shares: tuple[float, ...]  # of every trial's work that is done, as far as the measure tells


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A block on its way to a worker, with what the driver knows already.

    lacking: how many measures its trials lack in this run, those of its other jobs included; 0: only those of this one.
    begun: how far its trials are, where a measure that pauses has begun with any.
    """

    block: Block
    keys: tuple[str, ...]
    environment: str
    lacking: int = 0
    begun: tuple[Begun | None, ...] = ()

    def compute(self, seconds: float = PAUSE_SECONDS) -> BlockResult | Paused:
        """Return the tables of the block, or after about so many seconds what a measure that pauses has of it."""
        if self.pauses:
            return _advanced(self, seconds)
        return compute(self.block, keys=self.keys, environment=self.environment)

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures wanted."""
        return tuple(name for name, _ in self.block.work)

    @property
    def pauses(self) -> bool:
        """Whether it is worked on piece by piece."""
        return any(map(measures.pauses, self.measures))

    @property
    def whole(self) -> bool:
        """Whether its trials have no other jobs."""
        return self.lacking in (0, len(self.measures))

    @property
    def single(self) -> bool:
        """Whether it cannot be taken apart: one measure of one trial."""
        return len(self.block.trials) == len(self.block.work) == 1

    def further(self, paused: Paused) -> Job:
        """Return the job that goes on from there."""
        return replace(self, begun=paused.begun)

    def parts(self) -> Iterator[Job]:
        """Yield the halves of the job: of its trials, or of one trial's measures; nothing where it is a single one."""
        trials, work = self.block.trials, self.block.work
        if len(trials) > 1:
            for half in _halves(len(trials)):
                yield replace(self, block=Block(trials[half], work), keys=self.keys[half], begun=self.begun[half])
        elif len(work) > 1:
            for half in _halves(len(work)):
                yield replace(self, block=Block(trials, work[half]), lacking=self.lacking or len(work))


def together(work: Settings) -> Iterator[Settings]:
    """Yield the measures that one job can have, with their settings: those that pause have jobs of their own."""
    pausing = [name for name in work if measures.pauses(name)]
    if plain := {name: each for name, each in work.items() if name not in pausing}:
        yield plain
    yield from ({name: work[name]} for name in pausing)


def _halves(length: int) -> tuple[slice, slice]:
    return slice(0, length // 2), slice(length // 2, length)


def _advanced(job: Job, seconds: float) -> BlockResult | Paused:
    """Work on a job for about so many seconds: draws -> networks -> states -> rows."""
    from rnnlab import draws

    start = time.perf_counter()
    ((name, settings),) = job.block.work
    module, wanted = measures.registry()[name], read_settings(name, settings)
    begun = job.begun or (None,) * len(job.keys)
    # Copies: what fails half way is tried again from the states that the driver holds.
    before = [None if each is None else _copied(each.state) for each in begun]
    networks = draws.networks(job.block.trials)
    states = [_checked(name, each) for each in module.advance(networks, wanted, before, seconds)]
    if all(map(module.done, states)):
        arrays = {name: module.tables(networks, wanted, states)}
        took = time.perf_counter() - start + sum(each.seconds for each in begun if each is not None)
        return result_of(job.block, arrays, {name: took}, keys=job.keys, environment=job.environment)
    working = [each is None or not module.done(each.state) for each in begun]
    each_took = (time.perf_counter() - start) / sum(working)
    spent = [
        (each.seconds if each else 0.0) + each_took * at_work for each, at_work in zip(begun, working, strict=True)
    ]
    return Paused(tuple(map(Begun, states, spent)), tuple(_share(module, state) for state in states))


def _copied(state: State) -> State:
    return {name: array.copy() for name, array in state.items()}


def _checked(name: str, state: Mapping[str, Any]) -> State:
    """Return a state; raises TypeError for one that no checkpoint could hold."""
    import numpy as np

    for part, array in state.items():
        if not isinstance(array, np.ndarray) or array.dtype.hasobject:
            raise TypeError(f"the measure {name} has a state whose {part} is no array of numbers")
    return dict(state)


def _share(module: ModuleType, state: State) -> float:
    tell = getattr(module, "progress", module.done)
    return float(min(max(tell(state), 0.0), 1.0))
