"""Copy memory: ten symbols, a long silence, a signal; then the ten symbols are to be told.

Hochreiter and Schmidhuber 1997 in the form of Arjovsky, Shah and Bengio 2016: length = delay + 20; inputs one-hot of 8
symbols, blank and signal; symbols at the first 10 steps, the signal at the last step before the answers; classes are
the 8 symbols and blank.
"""

from __future__ import annotations

import math

import numpy as np

from rnnlab.tasks.contract import Form, one_hot
from rnnlab.trial import Trial

NAME = "copy_memory"
FORM_OF: tuple[str, ...] = ()
DRAWN_BY = ("seed",)
SUCCESS = {"cross_entropy": ("accuracy", 0.99)}
TOLERANCE = math.nan
SYMBOLS, RECALLED = 8, 10
BLANK, SIGNAL = SYMBOLS, SYMBOLS + 1


def form(length: int, data: str) -> Form:
    """Return the form: 10 inputs, 9 classes, a delay of one step at least."""
    return Form(losses=("cross_entropy",), loss_at=("every",), inputs=10, outputs=9, shortest=2 * RECALLED + 1)


def draw(trial: Trial, first: np.random.Generator, second: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return x (T, B, 10), the signal at step T-10, and classes (T, B): blank, at the last 10 steps the symbols."""
    T, B = trial.length, trial.batch
    symbols = first.integers(SYMBOLS, size=(RECALLED, B))
    codes, y = np.full((T, B), BLANK), np.full((T, B), BLANK)
    codes[:RECALLED] = symbols
    codes[T - RECALLED - 1] = SIGNAL
    y[T - RECALLED :] = symbols
    return one_hot(codes, SYMBOLS + 2), y


def baseline(trial: Trial) -> float:
    """Return 10 ln 8: blanks are known for sure, each of the ten symbols is one of eight."""
    return RECALLED * math.log(SYMBOLS)


def scored(trial: Trial) -> int:
    """Return the steps at which a symbol is to be told."""
    return RECALLED
