"""What a Lyapunov spectrum says: exponents (K,), the largest first, of N dimensions; nan where K is too few to tell."""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-13  # nats/step: an exponent this close to 0 is 0, as all of an orthogonal network are


def total(exponents: np.ndarray, width: int) -> float:
    """Return the sum of all N exponents, the growth rate of volumes."""
    return float(exponents.sum()) if len(exponents) == width else np.nan


def kaplan_yorke(exponents: np.ndarray, width: int) -> float:
    """Return D_KY = j + (λ_1 + … + λ_j)/|λ_{j+1}|, j the most exponents whose sum is not negative (Kaplan, Yorke 1979).

    0 where λ_1 < 0, N where no sum is negative.
    """
    exponents = _settled(exponents)
    sums = np.cumsum(exponents)
    j = int(np.argmax(sums < 0.0)) if (sums < 0.0).any() else len(exponents)
    if j == len(exponents):
        return float(j) if j == width else np.nan
    return j + (float(sums[j - 1] / -exponents[j]) if j else 0.0)


def positive_count(exponents: np.ndarray, width: int) -> float:
    """Return how many exponents are above 0."""
    known = len(exponents) == width or exponents[-1] <= 0.0
    return float((_settled(exponents) > 0.0).sum()) if known else np.nan


def positive_sum(exponents: np.ndarray, width: int) -> float:
    """Return the sum of the positive exponents: the entropy rate (Pesin 1977), or a bound on it (Ruelle 1978)."""
    known = len(exponents) == width or exponents[-1] <= 0.0
    return float(exponents[_settled(exponents) > 0.0].sum()) if known else np.nan


def _settled(exponents: np.ndarray) -> np.ndarray:
    return np.where(np.abs(exponents) < ROUNDING, 0.0, exponents)
