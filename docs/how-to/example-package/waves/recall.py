"""recall: a number at the first step, noise at all later ones; the answer at the last step is the number."""

import numpy as np

import rnnlab

FORM_OF = ()  # the form does not depend on the length
DRAWN_BY = ("seed",)  # no parameter but the seed and the sizes changes the sequences
SUCCESS = {"squared": ("loss", 0.1)}  # solved where the loss is a tenth of the baseline
TOLERANCE = 0.1  # an answer counts as right where it is this near
NOISE = 0.1


def form(length, data):
    """One input, one output, at least two steps, a loss at the last one."""
    return rnnlab.Form(losses=("squared",), loss_at=("last",), inputs=1, outputs=1, shortest=2)


def draw(trial, first, second):
    """x (T, B, 1) and y (T, B, 1), all randomness from the two generators."""
    x = NOISE * first.standard_normal((trial.length, trial.batch, 1))
    x[0] = second.uniform(-1.0, 1.0, (trial.batch, 1))
    return x, np.broadcast_to(x[0], x.shape)


def baseline(trial):
    """The loss of who answers 0: half the variance of the number, 1/3."""
    return 1.0 / 6.0


def scored(trial):
    """Answers are counted at the last step alone."""
    return 1
