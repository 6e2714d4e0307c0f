"""Noise: Gaussian inputs and targets, or random classes; nothing to learn, every direction of the gradient alike.

Time comes first, so that a longer trial begins as a shorter one of the same seed.
"""

from __future__ import annotations

import math

import numpy as np

from rnnlab.tasks.contract import Form, steps_of
from rnnlab.trial import Trial

NAME = "noise"
FORM_OF: tuple[str, ...] = ()
DRAWN_BY = ("seed",)
INPUT_VARIANCE = 1.0  # of inputs independent of one another and of their past; tasks with others do not tell one
SUCCESS = {"squared": ("loss", 0.5), "cross_entropy": ("loss", 0.5)}  # which nobody reaches on fresh sequences
TOLERANCE = math.nan


def form(length: int, data: str) -> Form:
    """Return that any sizes, losses and lengths will do."""
    return Form(losses=("squared", "cross_entropy"), loss_at=("every", "last"))


def inputs(trial: Trial, generator: np.random.Generator, steps: int) -> np.ndarray:
    """Return the next x (steps, B, D) ~ N(0, 1)."""
    return generator.standard_normal((steps, trial.batch, trial.inputs))


def targets(trial: Trial, generator: np.random.Generator, steps: int) -> np.ndarray:
    """Return the next y (steps, B, O) ~ N(0, 1) or, for cross_entropy, uniform classes (steps, B)."""
    if trial.loss == "cross_entropy":
        return generator.integers(trial.outputs, size=(steps, trial.batch))
    return generator.standard_normal((steps, trial.batch, trial.outputs))


def draw(trial: Trial, first: np.random.Generator, second: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return all inputs and all targets of a trial."""
    return inputs(trial, first, trial.length), targets(trial, second, trial.length)


def baseline(trial: Trial) -> float:
    """Return the loss of the mean, ½ O a step, or of equal probabilities, ln O a step."""
    return steps_of(trial) * (math.log(trial.outputs) if trial.loss == "cross_entropy" else 0.5 * trial.outputs)


def scored(trial: Trial) -> int:
    """Return all steps that have a loss."""
    return steps_of(trial)
