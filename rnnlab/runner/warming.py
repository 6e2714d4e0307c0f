"""Compiled kernels before the first block: times of blocks then tell of blocks, and workers find the kernels made.

Several processes that compile at once would write over each other's cache.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from rnnlab import grid
from rnnlab.experiment import Experiment
from rnnlab.runner.jobs import Job, together
from rnnlab.runner.labels import settings_of
from rnnlab.tasks import TASKS
from rnnlab.trial import Trial

_PIECE = 0.5  # s of a measure that pauses: so small a network is done by then, or has seen the most of it
_KINDS = ("dtype", "loss", "loss_at", "task", "update_rule")  # what decides which kernels run


def warm(experiment: Experiment) -> None:
    """Have every kernel that the experiment needs compiled, or loaded where it is, by networks of one unit."""
    load(tiny_blocks(experiment))


def load(blocks: Iterable[grid.Block]) -> None:
    """Compute these blocks for the sake of the kernels."""
    for block in blocks:
        # What raises or warns here does so again in its block, or is of two steps that no setting is meant for.
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Job(block, tuple(trial.key for trial in block.trials), "").compute(_PIECE)


def tiny_blocks(experiment: Experiment) -> Iterator[grid.Block]:
    """Yield a block of one network of one unit for every kind of kernel that the experiment needs."""
    first = next(grid.trials(experiment))
    plain = replace(first, width=1, batch=1, recurrent_init="gaussian", k1=0, k2=0)
    data = max(_values(experiment, "data"))  # the name of a file, where there is one
    works = [tuple((name, dict(each)) for name, each in work.items()) for work in together(settings_of(experiment))]
    for values in itertools.product(*(sorted(_values(experiment, name)) for name in _KINDS)):
        kind: dict[str, Any] = dict(zip(_KINDS, values, strict=True))
        trial = replace(plain, **kind, data=data if kind["task"] == "arrays" else "")
        yield from (grid.Block((_short(trial),), each) for each in works)


def _short(trial: Trial) -> Trial:
    """Return a trial of this kind that is as small as its task allows."""
    task = TASKS[trial.task]
    form = task.form(trial.length, trial.data)
    length = form.lengths[0] if form.lengths else max(2, form.shortest)
    form = task.form(length, trial.data)
    return replace(trial, length=length, inputs=form.inputs or 1, outputs=form.outputs or 1)


def _values(experiment: Experiment, name: str) -> set[Any]:
    axes = (axis for each in experiment.grids for axis in each.axes if name in axis.names)
    return {value for axis in axes for value in axis.columns[axis.names.index(name)]}
