"""Trials divided into blocks of equal shape: the unit of scheduling, of one kernel call and of one file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from rnnlab.measures import work_of
from rnnlab.measures.work import Work
from rnnlab.trial import OF_U, Trial

MAX_BLOCK = 4096  # trials

_SECONDS = 0.25  # of work that a block should hold
_LONG_SECONDS, _SIDE_BY_SIDE = 20.0, 8  # the same, and trials, of work that pauses: they share what is drawn on the way
_BYTES = 2**28  # of memory that a block may hold
_FLOPS = {"float64": 8e10, "float32": 1.6e11}  # a second on one core; nothing depends on how good a guess it is
_ITEM = {"float64": 8, "float32": 4}
_EACH, _STEP, _ELEMENT = 5e-5, 5e-7, 4e-9  # seconds for each trial, time step, and number drawn or put through phi
_ROW, _ROW_BYTES = 5e-7, 100  # seconds and bytes of a row of a long table

SHAPE = (
    "cell", "width", "length", "inputs", "outputs", "batch", "dtype", "task", "loss", "loss_at",
    "recurrent_init", "input_init", "output_init", "initial_state", "data", "update_rule", "k1", "k2",
    "flossing_exponents",
)  # fmt: skip
_shape_of = attrgetter(*SHAPE)
_draws_of = attrgetter("seed", "input_scale", *OF_U)


@dataclass(frozen=True, slots=True)
class Block:
    """Trials of equal shape that are computed together, those of one seed side by side, and the measures wanted."""

    trials: tuple[Trial, ...]
    work: tuple[tuple[str, dict[str, Any]], ...]  # (name of the measure, its resolved settings)


def blocks(trials: Iterable[Trial], measures: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    """Divide trials into blocks for these measures (settings by name): equal shapes, trials that share draws adjacent.

    A block holds about a quarter of a second of work (20 s and 8 trials of work that pauses), 256 MiB and 4096 trials
    at most, judged from the shape alone, so that the division is the same for any number of workers. Shapes come in
    the order in which they first appear.
    """
    work = tuple((name, dict(settings)) for name, settings in measures.items())
    shapes: dict[tuple[Any, ...], list[Trial]] = {}
    for trial in trials:
        shapes.setdefault(_shape_of(trial), []).append(trial)
    return [
        Block(part, work)
        for alike in shapes.values()
        for part in _parts(sorted(alike, key=_draws_of), work_of(alike[0], measures))
    ]


def _parts(alike: Sequence[Trial], work: Work) -> Iterator[tuple[Trial, ...]]:
    number = math.ceil(len(alike) / block_size(alike[0], work))
    for i in range(number):  # sizes differ by one at most
        yield tuple(alike[len(alike) * i // number : len(alike) * (i + 1) // number])


def block_size(trial: Trial, work: Work) -> int:
    """Return the number of trials of this shape, each with this work, that make a block."""
    seconds, most = (_LONG_SECONDS, min(_SIDE_BY_SIDE, MAX_BLOCK)) if work.pauses else (_SECONDS, MAX_BLOCK)
    fitting = min(seconds / _seconds(trial, work), _BYTES / _bytes(trial, work), most)
    return max(1, int(fitting))


def _seconds(trial: Trial, work: Work) -> float:
    """Return a guess at the time of one trial: its draws, its forward pass, and what its measures do."""
    n, d, o, sequences = trial.width, trial.inputs, trial.outputs, trial.batch * trial.length
    flops = 2.0 * sequences * n * (n + d) + work.flops
    elements = float(sequences) * (n + d + o) + float(n) * (n + d + o)
    return _EACH + _STEP * trial.length + _ELEMENT * elements + _ROW * work.rows + flops / _FLOPS[trial.dtype]


def _bytes(trial: Trial, work: Work) -> int:
    """Return a guess at what one trial adds to the memory of its block: weights, W x, inputs, targets and rows.

    States, slopes and gradients are of a few trials at a time, however large the block.
    """
    n, d, o = trial.width, trial.inputs, trial.outputs
    arrays = _ITEM[trial.dtype] * (n * (n + d + o) + trial.batch * trial.length * (n + d + o))
    return arrays + _ROW_BYTES * work.rows
