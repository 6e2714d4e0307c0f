"""The naive twin of theory, which imports nothing of rnnlab: averages by mpmath's quadrature, plain iteration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp


def _logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


PHI: dict[str, Callable[[Any], Any]] = {
    "tanh": mp.tanh,
    "sigmoid": _logistic,
    "relu": lambda x: max(x, mp.mpf(0)),
    "identity": lambda x: x,
    "leaky_relu": lambda x: x if x > 0 else x * mp.mpf(0.01),
    "hardtanh": lambda x: max(mp.mpf(-1), min(mp.mpf(1), x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "elu": lambda x: x if x > 0 else mp.expm1(x),
    "erf": mp.erf,
    "gelu": lambda x: x * mp.ncdf(x),
    "silu": lambda x: x * _logistic(x),
}
SLOPE: dict[str, Callable[[Any], Any]] = {
    "tanh": lambda x: mp.sech(x) ** 2,
    "sigmoid": lambda x: _logistic(x) * _logistic(-x),
    "relu": lambda x: mp.mpf(x > 0),
    "identity": lambda x: mp.mpf(1),
    "leaky_relu": lambda x: mp.mpf(1) if x > 0 else mp.mpf(0.01),
    "hardtanh": lambda x: mp.mpf(abs(x) < 1),
    "softplus": _logistic,
    "elu": lambda x: mp.mpf(1) if x > 0 else mp.exp(x),
    "erf": lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
    "gelu": lambda x: mp.ncdf(x) + x * mp.npdf(x),
    "silu": lambda x: _logistic(x) + x * _logistic(x) * _logistic(-x),
}


def average(function: Callable[[Any], Any], q: float, power: int = 2) -> float:
    """Return E f(√q z)^power, the integral cut where f may bend."""
    root = mp.sqrt(q)
    bends = [sign * c / root for sign in (-1, 1) for c in (0.3, 1, 3, 10, 40) if c / root < 12]
    return float(
        mp.quad(lambda z: function(root * z) ** power * mp.npdf(z), sorted({-12, -4, -1, 0, 1, 4, 12, *bends}))
    )


def fixed_point(activation: str, weight_variance: float, bias_variance: float, start: float, steps: int) -> float:
    """Return q after this many steps of the iteration."""
    q = start
    for _ in range(steps):
        q = weight_variance * average(PHI[activation], q) + bias_variance
    return q
