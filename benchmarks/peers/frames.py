"""Where all frames start, so that finite-time exponents can be compared."""

from __future__ import annotations

import numpy as np


def start(width: int) -> np.ndarray:
    """Return the orthonormal frame (N, N) that rnnlab starts with."""
    rows = np.random.Generator(np.random.PCG64(0)).standard_normal((width, width))
    return np.asarray(np.linalg.qr(rows.T)[0])


def descending(exponents: np.ndarray) -> np.ndarray:
    """Return exponents (G, N), the largest first."""
    return -np.sort(-exponents, axis=1)
