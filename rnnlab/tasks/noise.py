"""Noise: Gaussian inputs and targets, or random classes; nothing to learn, every direction of the gradient alike.

Time comes first, so that a longer trial begins as a shorter one of the same seed.
"""

from __future__ import annotations

import numpy as np

from rnnlab.trial import Trial

NAME = "noise"
INPUT_VARIANCE = 1.0  # of inputs independent of one another and of their past; tasks with others do not tell one


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
