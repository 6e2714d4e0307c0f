"""Noise: Gaussian inputs and targets, or random classes; nothing to learn, every direction of the gradient alike."""

from __future__ import annotations

import numpy as np

from rnnlab.trial import Trial

NAME = "noise"


def draw(trial: Trial, inputs: np.random.Generator, targets: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return x (T, B, D) ~ N(0, 1), and y (T, B, O) ~ N(0, 1) or, for cross_entropy, uniform classes (T, B).

    Time comes first, so that a longer trial begins as a shorter one of the same seed.
    """
    steps = (trial.length, trial.batch)
    x = inputs.standard_normal((*steps, trial.inputs))
    if trial.loss == "cross_entropy":
        return x, targets.integers(trial.outputs, size=steps)
    return x, targets.standard_normal((*steps, trial.outputs))
