"""Powers U^L of one wide Gaussian matrix: the spectra of a linear network, which has the same U at every step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.theory.arguments import count, variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POINTS = 20_001  # of the integral; the law is smooth in its angle


def gaussian_power_exponents(width: int, *, weight_variance: float) -> NDArray[np.float64]:
    """Return the Lyapunov exponents (N,), largest first, of a linear network with U_ij ~ N(0, g²/N), N → ∞.

        λ(i/N) = ln g + ½ ln(1 - i/N),    taken at i - ½

    the logarithms of |eig(U)|, which fill a disc of radius g evenly (Girko's circular law). Nats per step; -inf for
    g² = 0. Raises UsageError.

    >>> gaussian_power_exponents(3, weight_variance=1.0).round(6).tolist()
    [-0.091161, -0.346574, -0.89588]
    """
    N, g2 = count("width", width, 1), variance("weight_variance", weight_variance)
    with np.errstate(divide="ignore"):
        return 0.5 * (np.log(g2) + np.log1p(-_middles(N)))


def gaussian_power_singular_values(width: int, *, weight_variance: float, steps: int) -> NDArray[np.float64]:
    """Return ln of the singular values (N,), largest first, of U^L, L = `steps`, with U_ij ~ N(0, g²/N), N → ∞.

        s² = g^(2L) x,    x = sin^(L+1)((L+1)φ) / (sin φ sin^L(Lφ)),    0 < φ < π/(L+1)
        density of x: sin²φ sin^(L-1)(Lφ) / (π sin^L((L+1)φ))

    Fuss and Catalan's law, of powers of one matrix as of products of L different ones (Alexeev, Götze, Tikhomirov 2010,
    Lith. Math. J. 50); for L = 1 that of Marchenko and Pastur. The i-th value stands at the quantile (i - ½)/N. Powers
    of a finite matrix follow it the less the larger L is beside N. -inf for g² = 0. Raises UsageError.

    >>> gaussian_power_singular_values(3, weight_variance=1.0, steps=1).round(3).tolist()
    [0.37, -0.213, -1.337]
    """
    N, L, g2 = count("width", width, 1), count("steps", steps, 1), variance("weight_variance", weight_variance)
    angle = np.linspace(0.0, math.pi / (L + 1), _POINTS)[1:-1]
    one, some, all_ = np.sin(angle), np.sin(L * angle), np.sin((L + 1) * angle)
    log_x = (L + 1) * np.log(all_) - np.log(one) - L * np.log(some)
    log_density = 2 * np.log(one) + (L - 1) * np.log(some) - L * np.log(all_)
    fall = 1 / np.tan(angle) + L * L / np.tan(L * angle) - (L + 1) ** 2 / np.tan((L + 1) * angle)  # -d ln x / dφ
    rate = np.exp(log_density + log_x) * fall
    above = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]))])  # the share of values above x(φ)
    whole = above[-1] + rate[-1]  # what is beyond the last angle, where the rate has a limit
    with np.errstate(divide="ignore"):
        return 0.5 * (L * np.log(g2) + np.interp(_middles(N) * whole, above, log_x))


def _middles(N: int) -> NDArray[np.float64]:
    return (np.arange(N) + 0.5) / N
