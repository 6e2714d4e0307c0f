"""Arrays: sequences of the user's own, in a file that `data` names; one given as name#hash must be the same still.

Fresh batches are drawn from the training part without replacement; the test part is the file's own, or the last fifth
of its sequences.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from rnnlab.tasks import array_files, predictors
from rnnlab.tasks.contract import Form, steps_of
from rnnlab.trial import Trial

NAME = "arrays"
FORM_OF = ("data",)
DRAWN_BY = ("seed",)
SUCCESS = {"squared": ("loss", 0.1), "cross_entropy": ("accuracy", 0.99)}
TOLERANCE = math.nan


def form(length: int, data: str) -> Form:
    """Return the form of the sequences in the file; raises UsageError where it cannot be read."""
    found = array_files.held(data)
    T, S, D = found.x.shape
    classes = found.y.ndim == 2
    return Form(
        losses=("cross_entropy",) if classes else ("squared",), loss_at=("last",) if found.last else ("every", "last"),
        inputs=D, outputs=found.kinds if classes else found.y.shape[2], lengths=(T,), most_batch=S,
        more_outputs=classes,
    )  # fmt: skip


def draw(trial: Trial, first: np.random.Generator, second: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return x (T, B, D) and y (T, B, O), or classes (T, B), of random sequences of the training part."""
    found = array_files.held(trial.data)
    chosen = first.permutation(found.x.shape[1])[: trial.batch]
    return found.x[:, chosen], found.y[:, chosen]


def test(trial: Trial, sequences: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first sequences of the test part, all of them where it has no more."""
    found = array_files.held(trial.data)
    return found.x_test[:, :sequences], found.y_test[:, :sequences]


@lru_cache(maxsize=64)
def _a_step(data: str, last: bool) -> float:
    found = array_files.held(data)
    start = -1 if last else 0
    x, y = predictors.some_rows(found.x[start:], found.y[start:])
    return predictors.squared_loss(x, y) if y.ndim == 2 else predictors.cross_entropy(x, y, found.kinds)


def baseline(trial: Trial) -> float:
    """Return the loss of the best linear function (softmax of one, for classes) of the input of the same step.

    One function for all steps, fitted to at most 20,000 steps of the training part.
    """
    return steps_of(trial) * _a_step(trial.data, trial.loss_at == "last")


def scored(trial: Trial) -> int:
    """Return all steps that have a loss."""
    return steps_of(trial)
