"""Untied ReLU layers: the log-norm law, measured by a recurrent network whose U moves a state from block to block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from rnnlab.published.result import Measured, Published

if TYPE_CHECKING:
    import numpy as np

WIDTH, LAYERS, NETWORKS, AT_A_TIME = 32, 8, 2000, 100


def results() -> Iterator[Published]:
    """Yield mean and variance of ln ‖Jv‖² of He-ReLU layers: -5L/2N and 5L/N."""
    law = "Hanin, Nica 2018"
    corrections = "corrections of the order L/N²"
    yield Published(
        name="log-norm law: mean of ln‖Jv‖², L = 8, N = 32", source=law, expected=-5 * LAYERS / (2 * WIDTH),
        tolerance=0.03, because=corrections, measure=_mean,
    )  # fmt: skip
    yield Published(
        name="log-norm law: variance of ln‖Jv‖²", source=law, expected=5 * LAYERS / WIDTH, tolerance=0.1,
        because=corrections, measure=_variance,
    )  # fmt: skip


def _mean() -> Measured:
    logs = _logs()
    return Measured(float(logs.mean()), float(logs.std() / math.sqrt(logs.size)))


def _variance() -> Measured:
    logs = _logs()
    return Measured(float(logs.var()), float(logs.var() * math.sqrt(2 / logs.size)))


@cache
def _logs() -> np.ndarray:
    """ln ‖Jᵀv‖² of many networks, v a unit vector in the last layer."""
    import numpy as np

    rng = np.random.default_rng(2018)
    return np.concatenate([_some(rng) for _ in range(NETWORKS // AT_A_TIME)])


def _some(rng: np.random.Generator) -> np.ndarray:
    import numpy as np

    from rnnlab.arrays import gradient_statistics

    total = WIDTH * (LAYERS + 1)
    U = np.zeros((AT_A_TIME, total, total))
    for layer in range(LAYERS):
        rows, columns = (slice((layer + step) * WIDTH, (layer + step + 1) * WIDTH) for step in (1, 0))
        U[:, rows, columns] = rng.normal(scale=math.sqrt(2 / WIDTH), size=(AT_A_TIME, WIDTH, WIDTH))
    h0 = np.zeros((AT_A_TIME, 1, total))
    h0[:, :, :WIDTH] = rng.normal(size=(AT_A_TIME, 1, WIDTH))
    V = np.zeros((AT_A_TIME, 1, total))
    V[:, 0, -WIDTH:] = rng.normal(size=(AT_A_TIME, WIDTH))
    x, y = np.zeros((LAYERS, 1, 1)), np.full((LAYERS, 1, 1), 1e3)
    found = gradient_statistics(
        U, np.zeros((AT_A_TIME, total, 1)), V, x, y, activation="relu", loss_at="last", h0=h0
    )  # fmt: skip
    return 2 * math.log(10) * (found.log10_norm["h0"] - found.hidden_log10_norm[:, -1])
