"""Teacher: a network drawn at random answers noise; whoever has its width and activation can learn to do the same.

The teacher is a vanilla network of the trial's activation and width at g = 1 without biases: entries of U, W and V
N(0, 1/N), N(0, 1/D) and N(0, 1/N), from streams of their own; h_0 = 0. Inputs N(0, 1), targets its outputs.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnlab.streams import streams
from rnnlab.tasks import predictors
from rnnlab.tasks.contract import Form, steps_of
from rnnlab.theory.functions import FUNCTIONS
from rnnlab.trial import Trial

NAME = "teacher"
FORM_OF: tuple[str, ...] = ()
DRAWN_BY = ("seed", "activation")
INPUT_VARIANCE = 1.0
SUCCESS = {"squared": ("loss", 0.1)}
TOLERANCE = math.nan
SAMPLE = 8192  # steps, of all sequences together, that the baseline is estimated from


class _Sizes(NamedTuple):
    seed: int
    activation: str
    width: int
    inputs: int
    outputs: int


def form(length: int, data: str) -> Form:
    """Return that any sizes will do."""
    return Form(losses=("squared",), loss_at=("every", "last"))


def draw(trial: Trial, first: np.random.Generator, second: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return x (T, B, D) ~ N(0, 1) and the teacher's outputs y (T, B, O)."""
    x = first.standard_normal((trial.length, trial.batch, trial.inputs))
    return x, _answers(_sizes(trial), x)


def _sizes(trial: Trial) -> _Sizes:
    return _Sizes(trial.seed, trial.activation, trial.width, trial.inputs, trial.outputs)


@lru_cache(maxsize=16)
def weights(sizes: _Sizes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the teacher's U (N, N), W (N, D), V (O, N)."""
    N, D, O = sizes.width, sizes.inputs, sizes.outputs
    shapes = {"recurrent": (N, N), "input": (N, D), "output": (O, N)}
    drawn = [
        streams.at(sizes.seed, f"teacher_{name}", place=2).standard_normal(shape) / np.sqrt(shape[1])
        for name, shape in shapes.items()
    ]
    return drawn[0], drawn[1], drawn[2]


def _answers(sizes: _Sizes, x: np.ndarray) -> np.ndarray:
    U, W, V = weights(sizes)
    phi = FUNCTIONS[sizes.activation].value
    states = x @ W.T
    h = np.zeros(states.shape[1:])
    for drive in states:  # each is made the state of its step
        h = drive[:] = phi(h @ U.T + drive)
    return states @ V.T


@lru_cache(maxsize=1024)
def _estimate(sizes: _Sizes, length: int, last: bool) -> float:
    start = length // 2 if last else 0  # the late steps are alike
    sequences = max(8, -(-SAMPLE // (length - start)))
    x = streams.at(sizes.seed, "teacher_sample", place=2).standard_normal((length, sequences, sizes.inputs))
    return predictors.squared_loss(*predictors.some_rows(x[start:], _answers(sizes, x)[start:]))


def baseline(trial: Trial) -> float:
    """Return the loss of the best linear function of the input of the same step, fitted to a sample of its own."""
    return steps_of(trial) * _estimate(_sizes(trial), trial.length, trial.loss_at == "last")


def scored(trial: Trial) -> int:
    """Return all steps that have a loss."""
    return steps_of(trial)
