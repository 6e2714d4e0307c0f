"""Temporal order: two relevant symbols among distractors; the class at the end is which came first, and which second.

Hochreiter and Schmidhuber 1997 in the form of Pascanu, Mikolov and Bengio 2013: six symbols, two of them relevant; one
of those at a step in [T/10, 2T/10], another in [4T/10, 5T/10], distractors elsewhere; four classes, XX, XY, YX, YY.
Solved at 99 % of the test sequences.
"""

from __future__ import annotations

import math

import numpy as np

from rnnlab.tasks.contract import Form, one_hot
from rnnlab.trial import Trial

NAME = "temporal_order"
FORM_OF: tuple[str, ...] = ()
DRAWN_BY = ("seed",)
SUCCESS = {"cross_entropy": ("accuracy", 0.99)}
TOLERANCE = math.nan
RELEVANT, DISTRACTORS = 2, 4
SHORTEST = 10


def form(length: int, data: str) -> Form:
    """Return the form: 6 inputs, 4 classes at the last step, two intervals that are apart from it."""
    return Form(losses=("cross_entropy",), loss_at=("last",), inputs=6, outputs=RELEVANT**2, shortest=SHORTEST)


def draw(trial: Trial, first: np.random.Generator, second: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return one-hot x (T, B, 6), the relevant symbols first, and the class (T, B), the same at every step."""
    T, B = trial.length, trial.batch
    codes = RELEVANT + first.integers(DISTRACTORS, size=(T, B))
    relevant = second.integers(RELEVANT, size=(2, B))
    for symbols, (low, high) in zip(relevant, intervals(T), strict=True):
        at = second.integers(low, high, size=B, endpoint=True)
        codes[at - 1, np.arange(B)] = symbols
    return one_hot(codes, RELEVANT + DISTRACTORS), np.broadcast_to(RELEVANT * relevant[0] + relevant[1], (T, B))


def intervals(T: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the first and the last step, 1..T, at which each relevant symbol may stand."""
    return (T // 10, 2 * T // 10), (4 * T // 10, 5 * T // 10)


def baseline(trial: Trial) -> float:
    """Return ln 4: the last symbol is a distractor."""
    return math.log(RELEVANT**2)


def scored(trial: Trial) -> int:
    """Return the last step."""
    return 1
