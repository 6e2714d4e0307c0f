"""Mean field of wide networks: the variance q of the pre-activation, the gain χ of a gradient, and its rate.

    q_{t+1} = σw² E φ(√q_t z)² + σb²        χ = σw² E φ'(√q* z)²        λ₁ = ½ ln χ

(Poole et al. 2016; Schoenholz et al. 2017). Iteration stalls where χ = 1, so fixed points are found as roots.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.plugins import is_full
from rnnlab.theory.arguments import count, known, variance
from rnnlab.theory.averages import SLOPE, SQUARE, averages
from rnnlab.theory.roots import first_sign_change, root

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST, _MOST = 1e-24, 1e306  # of a variance that is looked for
_ROUNDING = 1e-15
_MARGIN = 1e-12
_FOLDED = frozenset({"gelu", "silu"})  # q has up to three fixed points: look more closely


def fixed_point(activation: str, *, weight_variance: float, bias_variance: float, start: float = 0.0) -> float:
    """Return q*, the variance of the pre-activation that q_{t+1} = σw² E φ(√q_t z)² + σb² settles at.

    Of several fixed points the one that the iteration reaches from `start`; 0 stands for a state a little above it, so
    that the silent state q* = 0 is returned only where it is stable. inf where the state grows without bound (ReLU
    with σw² >= 2 and a bias). Raises UsageError where an argument cannot be used.

    >>> round(fixed_point("tanh", weight_variance=4.0, bias_variance=0.0), 6)
    2.121474
    """
    w, b = variance("weight_variance", weight_variance), variance("bias_variance", bias_variance)
    return solve(known(activation), w, b, variance("start", start))


def chi(activation: str, *, weight_variance: float, bias_variance: float, start: float = 0.0) -> float:
    """Return χ = σw² E φ'(√q* z)², the mean gain in a step of a squared gradient; 1 is the edge of chaos.

    It is the limit for q → ∞ where q* is inf (ReLU: σw²/2 anyway). Raises UsageError.

    >>> round(chi("tanh", weight_variance=4.0, bias_variance=0.0), 6)
    1.362673
    """
    w, b = variance("weight_variance", weight_variance), variance("bias_variance", bias_variance)
    name = known(activation)
    return w * averages(name).at(SLOPE, solve(name, w, b, variance("start", start)))


def lyapunov(activation: str, *, weight_variance: float, drive_variance: float) -> float:
    """Return λ₁ = ½ ln χ, the largest Lyapunov exponent: the rate at which gradients grow back in time, nats per step.

    An i.i.d. Gaussian drive takes the place of the bias (Molgedey, Schuchhardt, Schuster 1992); its variance may hold
    that of a bias too. -inf where χ = 0. Raises UsageError.

    >>> round(lyapunov("tanh", weight_variance=9.0, drive_variance=0.0), 6)
    0.310249
    """
    drive = variance("drive_variance", drive_variance)
    return half_log(chi(activation, weight_variance=weight_variance, bias_variance=drive))


def depth_scale(activation: str, *, weight_variance: float, drive_variance: float) -> float:
    """Return -1/λ₁, the steps over which the norm of a gradient falls by a factor e; inf at the edge of chaos.

    Negative where gradients explode: minus the steps over which they grow by e. 0 where they vanish at once.

    >>> round(depth_scale("relu", weight_variance=1.0, drive_variance=0.0), 6)  # 2 / ln 2
    2.88539
    """
    return scale_of(lyapunov(activation, weight_variance=weight_variance, drive_variance=drive_variance))


def iterate(
    activation: str, *, weight_variance: float, bias_variance: float, steps: int, start: float = 0.0
) -> NDArray[np.float64]:
    """Return q_0 = start, ..., q_steps: the variance of the pre-activation, step by step (steps + 1,).

    From exactly 0, without a bias, an activation with φ(0) = 0 stays silent. inf beyond the range of floats.

    >>> iterate("relu", weight_variance=1.0, bias_variance=0.0, steps=3, start=1.0).round(6).tolist()
    [1.0, 0.5, 0.25, 0.125]
    """
    w, b = variance("weight_variance", weight_variance), variance("bias_variance", bias_variance)
    q = np.empty(count("steps", steps, 0) + 1)
    q[0] = variance("start", start)
    fill(averages(known(activation)).at, w, b, q)
    return q


def fill(at: Callable[[int, float], float], w: float, b: float, q: NDArray[np.float64]) -> None:
    """Iterate from q[0]; what has settled is repeated."""
    now = float(q[0])
    for t in range(1, len(q)):
        following = w * at(SQUARE, now) + b if w else b
        if abs(following - now) <= _ROUNDING * following or following == now:
            q[t:] = following
            return
        q[t] = now = following


def half_log(value: float) -> float:
    """Return ½ ln, -inf at 0."""
    return 0.5 * math.log(value) if value > 0 else -math.inf


def scale_of(rate: float) -> float:
    """Return -1/rate, inf at 0."""
    return -1.0 / rate if rate else math.inf


@lru_cache(maxsize=65536)
def solve(activation: str, w: float, b: float, start: float = 0.0) -> float:
    """Return q*; the arguments are sound."""
    of = averages(activation)
    if of.straight:
        return _line(w * of.near[0], b, start)
    beginning = max(start, w * of.start + b)
    if beginning == 0:
        if w * of.near[0] <= 1.0 + _ROUNDING:
            return 0.0
        beginning = _LEAST

    def rise(q: float) -> float:
        return w * of.at(SQUARE, q) + b - q

    if rise(beginning) == 0:
        return beginning
    step = 1.25 if folded(activation) else 2.0
    if rise(beginning) > 0:
        if not of.bounded and w * of.far[0] >= 1.0:  # a state that grows may stop at a fixed point, not at a rounding
            low, high = first_sign_change(lambda q: rise(q) + _MARGIN * q, beginning, step, max(1e12, 1e3 * beginning))
        else:
            low, high = first_sign_change(rise, beginning, step, _MOST)
        return root(rise, low, high) if low < high else math.inf
    low, high = first_sign_change(rise, beginning, 1.0 / step, max(w * of.start + b, _LEAST) / step)
    return root(rise, low, high) if low != high else 0.0


def folded(activation: str) -> bool:
    """Say whether q may have several fixed points, as it may for all that is a package's."""
    return activation in _FOLDED or is_full(activation)


def _line(slope: float, b: float, start: float) -> float:
    """The fixed point of q → slope q + b."""
    if slope < 1.0:
        return b / (1.0 - slope)
    if b == 0 and slope <= 1.0 + _ROUNDING:
        return start
    return math.inf
