"""What of an experiment is not in the store yet, and why: told from the columns of what is, so that it scales.

Stored rows are found in the grid by their parameters, not by their keys: only trials that are to be computed are built
and hashed. (Draws of a new version therefore need a new VERSION of every measure.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rnnlab import costs, grid, measures, store
from rnnlab.experiment import Experiment
from rnnlab.grid import blocks
from rnnlab.runner.jobs import Job, Settings, together
from rnnlab.runner.labels import Label, labels_of, settings_of

if TYPE_CHECKING:
    import numpy as np

    from rnnlab.grid.places import Places
    from rnnlab.trial import Trial


_HELD = 2**16  # trials that are built at a time


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """What the store has of one measure, as sorted places in the grid."""

    done: np.ndarray  # under the label wanted
    diverged: np.ndarray  # those of them whose status is "diverged"
    other_settings: np.ndarray  # that have other settings only
    other_version: np.ndarray  # that have the settings wanted, of another version


@dataclass(frozen=True, eq=False)
class Missing:
    """The trials of an experiment that have something to compute, by measure what is done of them."""

    experiment: Experiment
    places: Places
    total: int
    published: dict[str, Published]

    @property
    def new(self) -> int:
        """Trials that have something to compute."""
        return self.total - self.done

    @cached_property
    def done(self) -> int:
        """Trials that have everything."""
        import numpy as np

        first, *rest = (each.done for each in self.published.values())
        for each in rest:
            first = np.intersect1d(first, each, assume_unique=True)
        return len(first)

    @cached_property
    def diverged(self) -> int:
        """Trials that are known to diverge."""
        return len(_union([each.diverged for each in self.published.values()]))

    @cached_property
    def begun(self) -> np.ndarray:
        """The places of trials that have something, sorted."""
        return _union([each.done for each in self.published.values()])

    def masks(self, at: np.ndarray) -> np.ndarray:
        """Return a number for each of these places: bit i is set where the i-th measure is missing."""
        import numpy as np

        from rnnlab.grid.finding import placed

        found = np.zeros(len(at), np.int64)
        for i, each in enumerate(self.published.values()):
            found |= np.where(placed(each.done, at) < 0, 1 << i, 0)
        return found

    def trials(self) -> Iterator[list[tuple[Trial, int]]]:
        """Yield every trial that has something to compute, with its mask, some at a time."""
        for at, trials in self.places.trials(self._left()):
            yield list(zip(trials, self.masks(at).tolist(), strict=True))

    def _left(self) -> Iterator[np.ndarray]:
        """Yield the places with something to compute, as many at a time as are held."""
        import numpy as np

        held = np.empty(0, np.int64)
        for at in self.places.chunks():
            held = np.concatenate([held, at[self.masks(at) > 0]])
            while len(held) >= _HELD:
                yield held[:_HELD]
                held = held[_HELD:]
        yield held

    def jobs(self, environment: str) -> Iterator[Job]:
        """Yield the work in blocks, without ever holding many of them.

        A measure that pauses has jobs of its own. They come after the others of their trials, the longest first: so
        all workers come to their end at about the same time.
        """
        settings = settings_of(self.experiment)
        for chunk in self.trials():
            keys = {id(trial): trial.key for trial, _ in chunk}
            later: list[Job] = []
            for mask in sorted({mask for _, mask in chunk}):
                trials = [trial for trial, each in chunk if each == mask]
                lacking = {name: each for i, (name, each) in enumerate(settings.items()) if mask >> i & 1}
                for work in together(lacking):
                    made = _jobs(trials, work, keys, environment, len(lacking))
                    if any(map(measures.pauses, work)):
                        later.extend(made)
                    else:
                        yield from made
            yield from sorted(later, key=_cost, reverse=True)


def _jobs(
    trials: Sequence[Trial], work: Settings, keys: dict[int, str], environment: str, lacking: int
) -> Iterator[Job]:
    for block in blocks(trials, work):
        yield Job(block, tuple(keys[id(trial)] for trial in block.trials), environment, lacking)


def _cost(job: Job) -> float:
    """Return about the seconds that a job takes."""
    trials = job.block.trials
    work = measures.work_of(trials[0], dict(job.block.work))
    return costs.seconds(costs.Load(trials[0], len(trials), 1, work))


def missing(place: store.Layout, experiment: Experiment) -> Missing:
    """Return what is left to compute; raises DamagedFile where a file cannot be read."""
    from rnnlab.grid.places import Places

    places = Places(experiment)
    found = {name: _published(place, places, name, label) for name, label in labels_of(experiment).items()}
    return Missing(experiment, places, grid.count(experiment), found)


def _published(place: store.Layout, places: Places, measure: str, label: Label) -> Published:
    import numpy as np
    import pyarrow.compute as pc

    if measure not in place.tables():
        return Published(*(np.empty(0, np.int64) for _ in range(4)))
    table = store.published(place, measure)
    at = places.find(table)
    same = pc.equal(table["settings"], label.settings).to_numpy()
    wanted = same & pc.equal(table["measure_version"], label.version).to_numpy()
    diverged = np.zeros(len(at), bool)
    if "status" in table.column_names:
        diverged = wanted & pc.fill_null(pc.equal(table["status"], "diverged"), False).to_numpy()

    def there(mask: np.ndarray) -> np.ndarray:
        return np.unique(at[mask & (at >= 0)])

    done = there(wanted)
    others = (np.setdiff1d(there(mask), done, assume_unique=True) for mask in (~same, same))
    return Published(done, there(diverged), *others)


def _union(parts: Sequence[np.ndarray]) -> np.ndarray:
    import numpy as np

    return np.unique(np.concatenate(parts))
