"""rnnlab: one call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import rnnlab
from benchmarks.peers import Statistics


def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
    """Return the call of rnnlab.gradient_statistics on these arrays."""

    def compute() -> Statistics:
        s = rnnlab.gradient_statistics(**arrays, activation="tanh", loss="squared", loss_at="every")
        return {"loss": s.loss, **s.log10_norm, "hidden": s.hidden_log10_norm}

    return compute


VARIANTS = {"gradient_statistics": prepare}
