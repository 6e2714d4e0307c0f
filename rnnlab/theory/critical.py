"""The edge of chaos: where a gradient neither vanishes nor explodes."""

from __future__ import annotations

from functools import lru_cache

from rnnlab.theory.arguments import known, variance
from rnnlab.theory.averages import SLOPE, SQUARE, averages
from rnnlab.theory.mean_field import folded, solve
from rnnlab.theory.roots import first_sign_change, root

_LEAST, _MOST = 1e-24, 1e10
_STEP = 1.5
_APART = 1e-9
_CLOSELY, _FLAT, _GOLDEN = 1.1, 1e-7, 0.6180339887498949


def edge_of_chaos(activation: str, *, bias_variance: float) -> float:
    """Return the weight variance σw² = g² at which χ reaches 1, given the variance of biases or of an i.i.d. drive.

    With χ = 1, σw² = 1/E φ'² and the fixed point is one equation, q = σb² + E φ²/E φ'², of which the least root is
    taken. Where there is none the state grows without bound at the edge: ReLU gives 2. gelu and silu may leap over
    χ = 1, to a state that grows: that is their edge. Raises UsageError.

    >>> round(edge_of_chaos("tanh", bias_variance=0.05), 6)
    1.760955
    """
    return critical(known(activation), variance("bias_variance", bias_variance))


@lru_cache(maxsize=65536)
def critical(activation: str, b: float) -> float:
    """Return σw² at χ = 1; the arguments are sound."""
    of = averages(activation)
    if of.straight or (b == 0 and of.start == 0):
        return 1.0 / of.near[0]

    def excess(q: float) -> float:
        return q - b - of.at(SQUARE, q) / of.at(SLOPE, q)

    low, high = first_sign_change(excess, max(b, _LEAST), _STEP, _MOST * max(b, 1.0))
    found = 1.0 / of.at(SLOPE, root(excess, low, high)) if low < high else 1.0 / of.far[0]
    if folded(activation) and abs(found * of.at(SLOPE, solve(activation, found, b)) - 1.0) > _APART:
        return _leap(activation, b)
    return found


def _leap(activation: str, b: float) -> float:
    """The weight variance at which the state that is reached from below ceases to be: the top of σw²(q) on its way."""
    of = averages(activation)

    def weight(q: float) -> float:
        return (q - b) / of.at(SQUARE, q)

    q = max(b, _LEAST)
    while weight(q * _CLOSELY) > weight(q):
        q *= _CLOSELY
    low, high = q / _CLOSELY, q * _CLOSELY
    while high - low > _FLAT * high:  # golden section: a top is flat, and exact long before its place is
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (left, high) if weight(left) < weight(right) else (low, right)
    return weight(0.5 * (low + high))
