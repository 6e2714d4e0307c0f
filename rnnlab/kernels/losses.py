"""Losses: from outputs to the loss of each row and its cotangent dl/do, both with an exponent of their own.

Codes SQUARED: l = ½‖o - y‖²; CROSS_ENTROPY: l = -log softmax(o)[y].
"""

from __future__ import annotations

import math

from rnnlab.kernels.linalg import product
from rnnlab.kernels.options import inside, kernel
from rnnlab.kernels.scaled import EMPTY, LN_2, add, normalise, squares

SQUARED, CROSS_ENTROPY = range(2)
CODES = {"squared": SQUARED, "cross_entropy": CROSS_ENTROPY}


@kernel
def squared(o, row, y, sample):  # type: ignore[no-untyped-def]
    """Replace outputs by o - y; return (loss, its exponent, the row's exponent)."""
    inside()
    for i in range(o.shape[1]):
        o[row, i] -= y[sample, i]
    e, total = normalise(o, row)
    return 0.5 * total, 2 * e if e > EMPTY else 0, e


@kernel
def cross_entropy(o, row, target):  # type: ignore[no-untyped-def]
    """Replace outputs by softmax(o) - 1_y; return (loss, its exponent, the row's exponent)."""
    best, second = _two_largest(o, row)
    top = float(o[row, best])
    rest = 0.0
    for i in range(o.shape[1]):
        if i != best:
            rest += math.exp(float(o[row, i]) - top)
    if best == target and rest < 1e-25:
        return _confident(o, row, target, second)
    loss = (top - float(o[row, target])) + math.log1p(rest)
    others = 0.0
    for i in range(o.shape[1]):
        p = math.exp(float(o[row, i]) - top) / (1.0 + rest)
        o[row, i] = o.dtype.type(p)
        if i != target:
            others += p
    o[row, target] = o.dtype.type(-others)  # not p - 1, which has no digits left where p is near 1
    e, _size = normalise(o, row)
    return loss, 0, e


@kernel
def _confident(o, row, target, second):  # type: ignore[no-untyped-def]
    """The same where the other classes' probabilities may lie under the smallest float: carry their exponent."""
    gap = float(o[row, second]) - float(o[row, target]) if second >= 0 else -math.inf
    if gap < -1e17:  # one class, or a cotangent under 10^-10^16: the exponent itself would overflow
        for i in range(o.shape[1]):
            o[row, i] = o.dtype.type(0)
        return 0.0, 0, EMPTY
    runner_up = float(o[row, second])
    e = int(math.floor(gap / LN_2))
    others = 0.0
    for i in range(o.shape[1]):
        p = math.exp(float(o[row, i]) - runner_up + (gap - e * LN_2)) if i != target else 0.0
        o[row, i] = o.dtype.type(p)
        others += p
    o[row, target] = o.dtype.type(-others)
    shift, _size = normalise(o, row)
    return others, e, e + shift


@kernel
def _two_largest(o, row):  # type: ignore[no-untyped-def]
    best, second = 0, -1
    for i in range(1, o.shape[1]):
        if o[row, i] > o[row, best]:
            best, second = i, best
        elif second < 0 or o[row, i] > o[row, second]:
            second = i
    return best, second


@kernel
def finite(o, row):  # type: ignore[no-untyped-def]
    """Say whether every output of the row is a number."""
    inside()
    if math.isfinite(squares(o, row)):
        return True
    for i in range(o.shape[1]):
        if not math.isfinite(o[row, i]):
            return False
    return True


@kernel
def read_out(h, outward, c, y, classes, kind, cotangent, exponents, loss, loss_exponent):  # type: ignore[no-untyped-def]
    """Cotangents dl/do (K·B, O) of steps with states h (K, B, N), and the steps' mean losses (K,) with exponents.

    `outward` is Vᵀ, packed. Return the first step (1-based, within these) at which an output is not finite, or 0.
    """
    K, B, N = h.shape
    product(1.0, h.reshape(K * B, N), outward, 0.0, cotangent)
    for k in range(K):
        m, e = 0.0, 0
        for s in range(B):
            row = k * B + s
            for i in range(c.size):
                cotangent[row, i] += c[i]
            if not finite(cotangent, row):
                return k + 1
            if kind == SQUARED:
                n, f, exponents[row] = squared(cotangent, row, y[k], s)
            else:
                n, f, exponents[row] = cross_entropy(cotangent, row, classes[k, s])
            m, e = add(m, e, n, f)
        loss[k] = m / B
        loss_exponent[k] = e
    return 0
