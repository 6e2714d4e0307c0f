"""Adding: two numbers of a long sequence are marked; the answer at the end is their sum.

Hochreiter and Schmidhuber 1997 in the form of Le, Jaitly and Hinton 2015: inputs (value, marker), values uniform in
0..1, one marker in each half of the sequence. Solved where the loss is a tenth of the baseline (a mean squared error of
0.0167); `accuracy` counts Hochreiter's |o - y| < 0.04.
"""

from __future__ import annotations

import numpy as np

from rnnlab.tasks.contract import Form
from rnnlab.trial import Trial

NAME = "adding"
FORM_OF: tuple[str, ...] = ()
DRAWN_BY = ("seed",)
SUCCESS = {"squared": ("loss", 0.1)}
TOLERANCE = 0.04


def form(length: int, data: str) -> Form:
    """Return the form: 2 inputs, 1 output, and a step in each half."""
    return Form(losses=("squared",), loss_at=("last",), inputs=2, outputs=1, shortest=2)


def draw(trial: Trial, first: np.random.Generator, second: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return values and markers x (T, B, 2) and the sum, at every step, y (T, B, 1)."""
    T, B, half = trial.length, trial.batch, trial.length // 2
    x = np.zeros((T, B, 2))
    x[:, :, 0] = first.random((T, B))
    sums = np.zeros(B)
    for low, high in ((0, half), (half, T)):
        marked = second.integers(low, high, size=B)
        x[marked, np.arange(B), 1] = 1.0
        sums += x[marked, np.arange(B), 0]
    return x, np.broadcast_to(sums[None, :, None], (T, B, 1))


def baseline(trial: Trial) -> float:
    """Return ½ the variance of the sum, 1/6, less the half of it that is known where the last step is marked."""
    p = 1.0 / (trial.length - trial.length // 2)
    return 0.5 * (1.0 - p / 2.0) / 6.0


def scored(trial: Trial) -> int:
    """Return the last step."""
    return 1
