"""Products of random Jacobians: what is known of their singular values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.errors import UsageError
from rnnlab.theory.arguments import count, known, variance
from rnnlab.theory.averages import FOURTH, SLOPE, averages
from rnnlab.theory.mean_field import half_log, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EULER = 0.5772156649015329
_FIRST_MOMENT = {"gaussian": -1.0, "orthogonal": 0.0}  # s₁ of the S-transform of UᵀU


def gaussian_product_exponents(width: int, *, weight_variance: float) -> NDArray[np.float64]:
    """Return the Lyapunov exponents (N,), largest first, of products of independent matrices N(0, g²/N), at finite N.

        λ_i = ½ [ln(2g²/N) + ψ((N - i + 1)/2)]

    (Newman 1986, Commun. Math. Phys. 103). A linear network has one and the same U at each step: its exponents are
    ln|eig_i(U)| instead. -inf for g² = 0. Raises UsageError.

    >>> gaussian_product_exponents(3, weight_variance=1.0).round(6).tolist()
    [-0.184488, -0.49134, -1.184488]
    """
    N, g2 = count("width", width, 1), variance("weight_variance", weight_variance)
    return half_log(2.0 * g2 / N) + 0.5 * _digamma_of_halves(N)[::-1]


def _digamma_of_halves(number: int) -> NDArray[np.float64]:
    """Return ψ(k/2), k = 1..number: ψ(½) = -γ - 2 ln 2, ψ(1) = -γ, ψ(x+1) = ψ(x) + 1/x."""
    values = np.empty(number)
    for first, value in ((0, -_EULER - 2.0 * math.log(2.0)), (1, -_EULER)):
        at = np.arange(first, number, 2)
        if len(at):
            values[at] = value + np.concatenate([[0.0], np.cumsum(2.0 / (at[:-1] + 1))])
    return values


def isometry_variance(
    activation: str, *, weight_variance: float, bias_variance: float, steps: int, init: str = "gaussian",
    relative: bool = False,
) -> float:  # fmt: skip
    """Return the variance of the squared singular values of a product of L = `steps` Jacobians at the fixed point.

        χ^(2L) L (μ₂/μ₁² - 1 - s₁),    μ_k = E φ'^(2k),    s₁ = -1 for init = "gaussian", 0 for "orthogonal"

    (Pennington, Schoenholz, Ganguli 2017, eq. 22), for weights independent from step to step; of a recurrent network,
    whose U is the same at each step, it is an estimate. 0 is dynamical isometry. relative: in units of the squared
    mean χ^L; else inf beyond the range of floats. nan where φ' is zero throughout. Raises UsageError.

    >>> round(isometry_variance("relu", weight_variance=2.0, bias_variance=0.0, steps=10), 6)
    20.0
    >>> round(isometry_variance("relu", weight_variance=2.0, bias_variance=0.0, steps=10, init="orthogonal"), 6)
    10.0
    """
    w, b = variance("weight_variance", weight_variance), variance("bias_variance", bias_variance)
    if init not in _FIRST_MOMENT:
        raise UsageError(f"init = {init!r} is unknown: give {' or '.join(_FIRST_MOMENT)}")
    L, name = count("steps", steps, 0), known(activation)
    share, log_chi = spread(name, w, b, init)
    if relative or math.isnan(share):
        return L * share
    scale = 2.0 * L * log_chi if L else 0.0
    if L * share == 0:
        return 0.0
    exponent = scale + math.log(L * share)
    return math.exp(exponent) if exponent < 709.7 else math.inf


def spread(activation: str, w: float, b: float, init: str) -> tuple[float, float]:
    """Return μ₂/μ₁² - 1 - s₁ and ln χ; the arguments are sound."""
    of, q = averages(activation), solve(activation, w, b)
    first = of.at(SLOPE, q)
    if first == 0:
        return math.nan, -math.inf
    ratio = of.at(FOURTH, q) / first / first
    apart = max(ratio - 1.0, 0.0) if ratio - 1.0 > 1e-14 else 0.0  # a constant slope is exactly isometric
    return apart - _FIRST_MOMENT[init], 2.0 * half_log(w * first)
