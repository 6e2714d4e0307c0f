"""The training of trials: how, as the kernels take it, and the batches, of which each update has streams of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rnnlab.kernels.regime import OPTIMIZERS, RULES, Regime
from rnnlab.networks import Training
from rnnlab.streams import streams
from rnnlab.tasks import TASKS
from rnnlab.trial import Trial


class FreshLessons:
    """The sequences of some trials, one for each source, drawn when they are asked for."""

    def __init__(self, trials: Sequence[Trial]):
        self._trials = tuple(trials)

    def batches(self, source: int, start: int, stop: int, stream: str = "training") -> tuple[np.ndarray, np.ndarray]:
        """Return x (K, T, B, D) and y (K, T, B, O) or classes (K, T, B) of the updates start..stop-1, 0-based."""
        t = self._trials[source]
        shape = (stop - start, t.length, t.batch)
        x = np.empty((*shape, t.inputs), t.dtype)
        y = np.empty(shape, np.int64) if t.loss == "cross_entropy" else np.empty((*shape, t.outputs), t.dtype)
        for i, update in enumerate(range(start, stop)):
            first = streams.at(t.seed, stream, number=update)
            x[i], y[i] = TASKS[t.task].draw(t, first, streams.at(t.seed, f"{stream}_targets", place=1, number=update))
        return x, y

    def test(self, source: int, sequences: int) -> tuple[np.ndarray, np.ndarray]:
        """Return x (T, S, D) and y (T, S, O) or classes (T, S); where the test part has fewer sequences, all of it."""
        t = self._trials[source]
        x, y = _test(t, sequences)
        return np.ascontiguousarray(x, t.dtype), np.ascontiguousarray(
            y, np.int64 if t.loss == "cross_entropy" else t.dtype
        )


def _test(t: Trial, sequences: int) -> tuple[np.ndarray, np.ndarray]:
    task: Any = TASKS[t.task]
    if hasattr(task, "test"):  # a task of data that there are
        return task.test(t, sequences)
    first, second = streams.at(t.seed, "test"), streams.at(t.seed, "test_targets", place=1)
    return task.draw(replace(t, batch=sequences), first, second)


def sources(trials: Sequence[Trial]) -> tuple[np.ndarray, list[Trial]]:
    """Return which sequences each trial sees (G,), and a trial for each of them."""
    names = TASKS[trials[0].task].DRAWN_BY
    distinct: dict[tuple[object, ...], int] = {}
    index = [distinct.setdefault(tuple(getattr(t, name) for name in names), len(distinct)) for t in trials]
    return np.array(index, np.int64), [trials[index.index(i)] for i in range(len(distinct))]


def training_of(trials: Sequence[Trial], source: np.ndarray, distinct: Sequence[Trial]) -> Training:
    """Return the training of trials of one shape and task that see the sequences of `sources`; draws none of them."""
    first, task = trials[0], TASKS[trials[0].task]
    return Training(
        regime=_regime(trials),
        lessons=FreshLessons(distinct),
        flossing_updates=np.array([t.flossing_updates for t in trials], np.int64),
        baseline=np.array([task.baseline(t) for t in distinct])[source],
        scored=task.scored(first),
        tolerance=task.TOLERANCE,
        success=task.SUCCESS[first.loss],
    )


def _regime(trials: Sequence[Trial]) -> Regime:
    def column(values: list[Any], dtype: Any = np.float64) -> np.ndarray:
        return np.array(values, dtype)

    windows = [_window(t) for t in trials]
    return Regime(
        optimizer=column([OPTIMIZERS[t.optimizer] for t in trials], np.int64),
        learning_rate=column([t.learning_rate for t in trials]),
        momentum=column([t.momentum for t in trials]),
        rule=column([RULES[t.update_rule] for t in trials], np.int64),
        clip_norm=column([t.clip_norm or np.inf for t in trials]),
        clip_value=column([t.clip_value or np.inf for t in trials]),
        k1=column([k1 for k1, _ in windows], np.int64),
        k2=column([k2 for _, k2 in windows], np.int64),
        biases=column([t.trained == "weights_and_biases" for t in trials], np.bool_),
        penalty=column([t.vanishing_penalty for t in trials]),
        flossing=column([t.flossing for t in trials]),
        flossing_exponents=column([t.flossing_exponents for t in trials], np.int64),
    )


def _window(t: Trial) -> tuple[int, int]:
    """Return k1 and k2 as windows have them: the whole sequence for 0, a step at a time of all that was for online."""
    return (t.k1 or t.length, t.k2 or t.length) if t.update_rule == "full" else (1, t.length)
