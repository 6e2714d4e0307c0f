"""Draws: from trials to their arrays.

Everything is drawn in float64 and then cast. A scale multiplies what was drawn: two points of a scale axis have the
same U but for the factor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rnnlab.blas import single_threaded_blas
from rnnlab.lessons import sources, training_of
from rnnlab.networks import Networks
from rnnlab.recurrent import gaussian, recipe_of, spectra, unit_recurrent
from rnnlab.streams import rewound, streams
from rnnlab.tasks import TASKS, noise
from rnnlab.tasks.long import LongSequences, is_long
from rnnlab.trial import Trial


@dataclass(frozen=True, eq=False)
class Problem:
    """One trial's own arrays, for use in any framework; U, W, V are W_hh, W_ih, W_ho elsewhere."""

    trial: Trial
    U: np.ndarray  #: (N, N)
    W: np.ndarray  #: (N, D)
    V: np.ndarray  #: (O, N)
    b: np.ndarray  #: (N,)
    c: np.ndarray  #: (O,)
    h0: np.ndarray  #: (B, N)
    x: np.ndarray  #: (T, B, D)
    y: np.ndarray  #: (T, B, O), or classes (T, B)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return {name: getattr(self, name) for name in ("U", "W", "V", "b", "c", "h0", "x", "y")}


def problem(trial: Trial) -> Problem:
    """Draw the arrays of one trial: the very ones that its statistics were computed from."""
    n = networks([trial])
    return Problem(trial, n.U[0], n.W[0], n.V[0], n.b[0], n.c[0], n.h0[0], np.asarray(n.x)[0], np.asarray(n.y)[0])


def networks(trials: Sequence[Trial]) -> Networks:
    """Draw trials of equal shape as one block of arrays; what trials share is drawn once."""
    with single_threaded_blas():
        return _networks(trials)


def _networks(trials: Sequence[Trial]) -> Networks:
    first, G = trials[0], len(trials)
    N, D, O = first.width, first.inputs, first.outputs
    dtype = np.dtype(first.dtype)
    U, W, V = np.empty((G, N, N), dtype), np.empty((G, N, D), dtype), np.empty((G, O, N), dtype)
    b, c = np.zeros((G, N), dtype), np.zeros((G, O), dtype)
    source, distinct = sources(trials)
    x, y = _long_sequences(distinct) if is_long(first) else _held(distinct)
    initial, h0 = _shared(trials, lambda t: (t.seed if t.initial_state == "gaussian" else None,), _initial_state)
    (drive,) = _shared(trials, lambda t: (t.seed, t.input_scale, t.input_init), lambda t: ())
    shared_drive = None if is_long(first) else drive
    held: tuple[int, np.ndarray, np.ndarray] | None = None
    for g, t in enumerate(trials):
        U[g] = _scaled(t.recurrent_scale, unit_recurrent(recipe_of(t)))
        if held is None or held[0] != t.seed:
            held = (t.seed, gaussian(t.seed, "input", (N, D), D), gaussian(t.seed, "output", (O, N), N))
        W[g], V[g] = _scaled(t.input_scale, held[1]), _scaled(t.output_scale, held[2])
        if t.bias_scale:
            biases = streams.at(t.seed, "biases").standard_normal(N + O)
            b[g], c[g] = t.bias_scale * biases[:N], t.bias_scale * biases[N:]
    activation = tuple(t.activation for t in trials)
    return Networks(
        activation, U, W, V, b, c, x, source, h0, initial, y, source, first.loss, first.loss_at, shared_drive,
        np.array([t.recurrent_scale for t in trials]), spectra(trials), tuple(t.recurrent_init for t in trials),
        np.array([_drive_variance(t) for t in trials]), training_of(trials, source, distinct), _leaks(trials),
    )  # fmt: skip


def _leaks(trials: Sequence[Trial]) -> np.ndarray | None:
    leaks = np.array([t.leak for t in trials])
    return leaks if (leaks < 1.0).any() else None


def _drive_variance(trial: Trial) -> float:
    """Return the variance of W x + b; nan where the task does not tell that of its inputs."""
    variance = getattr(TASKS[trial.task], "INPUT_VARIANCE", np.nan)
    s, b = trial.input_scale, trial.bias_scale
    return float(s * s * variance + b * b)  # a power would raise where a product is inf


def _scaled(scale: float, unit: np.ndarray) -> np.ndarray:
    return unit if scale == 1.0 else scale * unit


def _shared(
    trials: Sequence[Trial],
    name: Callable[[Trial], tuple[object, ...]],
    draw: Callable[[Trial], tuple[np.ndarray, ...]],
) -> tuple[np.ndarray, ...]:
    """Draw once for each distinct name; return every trial's index (G,) and the stacked draws."""
    places: dict[tuple[object, ...], int] = {}
    drawn: list[tuple[np.ndarray, ...]] = []
    index = np.empty(len(trials), np.int64)
    for g, trial in enumerate(trials):
        label = name(trial)
        if label not in places:
            places[label] = len(drawn)
            drawn.append(draw(trial))
        index[g] = places[label]
    return (index, *(np.ascontiguousarray(np.stack(arrays)) for arrays in zip(*drawn, strict=True)))


def _sequences(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    x, y = TASKS[trial.task].draw(trial, streams.at(trial.seed, "inputs"), streams.at(trial.seed, "targets", place=1))
    return x.astype(trial.dtype, copy=False), y.astype(np.int64 if trial.loss == "cross_entropy" else trial.dtype)


def _held(distinct: Sequence[Trial]) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (X, T, B, D) and targets (X, T, B, ...) of these trials."""
    drawn = [_sequences(trial) for trial in distinct]
    x, y = (np.ascontiguousarray(np.stack(each)) for each in zip(*drawn, strict=True))  # stack keeps any order
    return x, y


def _long_sequences(distinct: Sequence[Trial]) -> tuple[LongSequences, LongSequences]:
    """The same, to be drawn when they are read."""

    def begin(name: str) -> Callable[[Trial], np.random.Generator]:
        return lambda trial: rewound(np.random.Generator(np.random.PCG64(0)), trial.seed, name)

    dtype = distinct[0].dtype
    kind = np.int64 if distinct[0].loss == "cross_entropy" else dtype
    return (
        LongSequences(distinct, noise.inputs, begin("inputs"), dtype),
        LongSequences(distinct, noise.targets, begin("targets"), kind),
    )


def _initial_state(trial: Trial) -> tuple[np.ndarray]:
    shape = (trial.batch, trial.width)
    if trial.initial_state == "zeros":
        return (np.zeros(shape, trial.dtype),)
    return (streams.at(trial.seed, "initial_state").standard_normal(shape).astype(trial.dtype),)
