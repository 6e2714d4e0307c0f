"""Baselines of the classic tasks: what a network that remembers nothing pays, on sequences that the tasks draw."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rnnlab.published.result import Measured, Published

if TYPE_CHECKING:
    import numpy as np

SEQUENCES = 4000


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
    for task, kinds in (("temporal_order", 4), ("delayed_xor", 2)):
        yield Published(
            name=f"{task.replace('_', ' ')}: equal probabilities", source="closed form", expected=math.log(kinds),
            tolerance=0.0, because=f"{kinds} classes that are equally frequent",
            measure=lambda task=task: _by_frequency(task),  # type: ignore[misc]
        )  # fmt: skip


def _drawn(task: str, length: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
    from rnnlab import api

    problem = api.draw(activation="tanh", width=1, length=length, batch=batch, task=task)
    return problem.x, problem.y


def _copy_memory(delay: int) -> Measured:
    """A silent network whose bias is for blanks up to the signal and for the eight symbols after it."""
    import numpy as np

    from rnnlab.arrays import gradients

    x, y = _drawn("copy_memory", delay + 20, 10)
    told = np.flatnonzero((y != 8).all(axis=1))
    symbols = np.where(np.arange(9) < 8, 0.0, -50.0)
    silent = np.zeros((1, 1)), np.zeros((1, 10)), np.zeros((9, 1))
    after = gradients(*silent, x[told], y[told], activation="tanh", loss="cross_entropy", c=symbols)
    before = gradients(*silent, x[: told[0]], y[: told[0]], activation="tanh", loss="cross_entropy", c=-50.0 - symbols)
    return Measured((before.loss + after.loss) / len(x))


def _adding() -> Measured:
    """Mean squared error (twice our loss) of a network whose output is 1 whatever it sees."""
    import numpy as np

    from rnnlab.arrays import gradients

    x, y = _drawn("adding", 100, SEQUENCES)
    silent = np.zeros((1, 1)), np.zeros((1, 2)), np.zeros((1, 1))
    g = gradients(*silent, x, y, activation="tanh", loss_at="last", c=np.ones(1))
    return Measured(2 * g.loss, float(((y[-1] - 1) ** 2).std() / math.sqrt(SEQUENCES)))


def _by_frequency(task: str) -> Measured:
    """Cross entropy of a network whose bias is the logarithm of the frequencies of the classes."""
    import numpy as np

    from rnnlab.arrays import gradients

    x, y = _drawn(task, 60, SEQUENCES)
    shares = np.bincount(y[-1]) / SEQUENCES
    kinds, inputs = len(shares), x.shape[2]
    silent = np.zeros((1, 1)), np.zeros((1, inputs)), np.zeros((kinds, 1))
    g = gradients(*silent, x, y, activation="tanh", loss="cross_entropy", loss_at="last", c=np.log(shares))
    low = (kinds - 1) / (2 * SEQUENCES)  # what the fit to these sequences gains
    return Measured(g.loss + low, math.sqrt((kinds - 1) / 2) / SEQUENCES)
