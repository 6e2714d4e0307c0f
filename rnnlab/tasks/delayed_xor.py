"""Delayed XOR: a random bit at every step; the class at the end is the XOR of the first bit and of that halfway.

The delayed temporal XOR of Engelken 2023, whose target at step t is the XOR of the bits at t-d and t-2d, asked at the
last step alone with the longest delay, d = (T-1)/2: x_1 XOR x_m, m = ceil((T+1)/2). Bits are ±1.
"""

from __future__ import annotations

import math

import numpy as np

from rnnlab.tasks.contract import Form
from rnnlab.trial import Trial

NAME = "delayed_xor"
FORM_OF: tuple[str, ...] = ()
DRAWN_BY = ("seed",)
SUCCESS = {"cross_entropy": ("accuracy", 0.99)}
TOLERANCE = math.nan


def form(length: int, data: str) -> Form:
    """Return the form: 1 input, 2 classes at the last step, neither bit at the last step."""
    return Form(losses=("cross_entropy",), loss_at=("last",), inputs=1, outputs=2, shortest=3)


def draw(trial: Trial, first: np.random.Generator, second: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return bits x (T, B, 1) of ±1 and the class (T, B), the same at every step: 1 where the two bits differ."""
    T, B = trial.length, trial.batch
    bits = first.integers(2, size=(T, B))
    return 2.0 * bits[:, :, None] - 1.0, np.broadcast_to(bits[0] ^ bits[middle(T) - 1], (T, B))


def middle(T: int) -> int:
    """Return the step m = ceil((T+1)/2), 1..T, of the second bit."""
    return T // 2 + 1


def baseline(trial: Trial) -> float:
    """Return ln 2: one bit of two, or none of them, tells nothing."""
    return math.log(2.0)


def scored(trial: Trial) -> int:
    """Return the last step."""
    return 1
