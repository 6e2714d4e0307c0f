"""Baselines of the classic tasks: what a network that remembers nothing pays."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rnnlab.published.result import Measured, Published

RECALLED, SYMBOLS = 10, 8


def results() -> Iterator[Published]:
    """Yield the losses of memoryless predictors."""
    for delay, printed in ((100, 0.173287), (500, 0.039989)):
        yield Published(
            name=f"copy memory, T = {delay}: memoryless loss", source="Arjovsky, Shah, Bengio 2016",
            expected=printed, tolerance=6e-7, because="all printed digits",
            measure=lambda delay=delay: _copy_memory(delay),  # type: ignore[misc]
        )  # fmt: skip
    yield Published(
        name="adding problem: always answering 1", source="Le, Jaitly, Hinton 2015", expected=1 / 6, tolerance=0.0,
        because="the variance of a sum of two uniform numbers", measure=_adding,
    )  # fmt: skip


def _copy_memory(delay: int) -> Measured:
    """Blanks are known for sure; each of the ten symbols is one of eight: their cross entropy over all T + 20 steps."""
    import numpy as np

    from rnnlab.arrays import gradients

    y = np.random.default_rng(0).integers(SYMBOLS, size=(RECALLED, 1))
    silent = np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((SYMBOLS, 1)), np.zeros((RECALLED, 1, 1))
    g = gradients(*silent, y, activation="tanh", loss="cross_entropy")
    return Measured(g.loss / (delay + 2 * RECALLED))


def _adding() -> Measured:
    """Mean squared error (twice our loss) of a network whose output is 1 whatever it sees."""
    import numpy as np

    from rnnlab.arrays import gradients

    samples = 100_000
    sums = np.random.default_rng(0).uniform(size=(1, samples, 2)).sum(axis=2, keepdims=True)
    silent = np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, samples, 1))
    g = gradients(*silent, sums, activation="tanh", c=np.ones(1))
    error = ((sums - 1) ** 2).std() / math.sqrt(samples)
    return Measured(2 * g.loss, float(error))
