"""Sequences of trials that are too long to hold: the same numbers, drawn piece by piece."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any

import numpy as np

from rnnlab.trial import Trial

LONG_BYTES = 2**26  # inputs and targets of one trial beyond this are drawn when they are read
_PIECE = 4096  # steps that are drawn at a time where only the place matters

Draw = Callable[[Trial, np.random.Generator, int], np.ndarray]


def is_long(trial: Trial) -> bool:
    """Return whether a trial's inputs and targets are too much to hold: of noise, which alone is drawn piecewise."""
    size = 8 * trial.length * trial.batch * (trial.inputs + trial.outputs)
    return trial.task == "noise" and size > LONG_BYTES


class LongSequences:
    """Inputs or targets (X, T, B, ...) of X trials, as `networks.Sequences` has it.

    draw(trial, generator, steps) continues a trial's stream, begin(trial) returns a generator at its start. On the way
    marks are left, about √T of them, from which what was passed can be drawn again.
    """

    def __init__(self, trials: Sequence[Trial], draw: Draw, begin: Callable[[Trial], np.random.Generator], dtype: Any):
        self._trials, self._draw, self._begin, self._dtype = tuple(trials), draw, begin, np.dtype(dtype)
        first = trials[0]
        self._ends = draw(first, begin(first), 1).shape[1:]
        self._places: dict[int, tuple[int, np.random.Generator]] = {}  # where each stream stands
        self._marks: dict[int, list[tuple[int, Any]]] = {}  # places where it stood, and its states there

    @property
    def shape(self) -> tuple[int, ...]:
        """(X, T, B, ...)."""
        return (len(self._trials), self._trials[0].length, *self._ends)

    def read(self, source: int, start: int, stop: int) -> np.ndarray:
        """Return the steps start..stop-1 of one trial; a place that was passed is drawn again from the last mark."""
        trial = self._trials[source]
        at, generator = self._at_or_before(source, start)
        while at < start:
            self._mark(source, at, generator)
            steps = min(_PIECE, start - at)
            self._draw(trial, generator, steps)
            at += steps
        self._mark(source, at, generator)
        drawn = self._draw(trial, generator, stop - start).astype(self._dtype, copy=False)
        self._places[source] = (stop, generator)
        return drawn

    def _at_or_before(self, source: int, start: int) -> tuple[int, np.random.Generator]:
        """Return the last known place up to `start`, and the generator there."""
        at, generator = self._places.get(source, (0, None))
        if generator is None:
            return 0, self._begin(self._trials[source])
        if at > start:
            marks = self._marks[source]
            at, generator.bit_generator.state = marks[bisect_right(marks, start, key=lambda mark: mark[0]) - 1]
        return at, generator

    def _mark(self, source: int, at: int, generator: np.random.Generator) -> None:
        marks = self._marks.setdefault(source, [])
        if not marks or at >= marks[-1][0] + isqrt(self.shape[1]):
            marks.append((at, generator.bit_generator.state))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return the whole, in memory."""
        whole = np.empty(self.shape, self._dtype)
        for source in range(len(self._trials)):
            for start in range(0, self.shape[1], _PIECE):
                stop = min(start + _PIECE, self.shape[1])
                whole[source, start:stop] = self.read(source, start, stop)
        return whole if dtype is None else whole.astype(dtype, copy=False)
