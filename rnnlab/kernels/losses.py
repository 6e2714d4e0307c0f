"""Losses: from outputs to the loss of each row and its cotangent dl/do, both with an exponent of their own.

Codes SQUARED: l = ½‖o - y‖²; CROSS_ENTROPY: l = -log softmax(o)[y]; COTANGENTS: any loss L of a batch, of which only
its derivative dL/do is known; a row's own loss is then what L is the batch mean of.
"""

from __future__ import annotations

import math

from rnnlab.kernels.linalg import product
from rnnlab.kernels.options import flat, inside, kernel
from rnnlab.kernels.scaled import EMPTY, LN_2, add, normalise, square_sum, squares

SQUARED, CROSS_ENTROPY, COTANGENTS = range(3)
HUGE = 1e74  # sum of squares from which o - y may overflow float32; the detour is exact in float64 too
CODES = {"squared": SQUARED, "cross_entropy": CROSS_ENTROPY, "cotangents": COTANGENTS}


@kernel
def squared(o, row, y, sample, size):  # type: ignore[no-untyped-def]
    """Replace outputs, with this sum of squares, by o - y; return (loss, its exponent, the row's exponent)."""
    inside()
    if size >= HUGE:
        return _squared_huge(o, row, y, sample)
    for i in range(o.shape[1]):
        o[row, i] -= y[sample, i]
    e, total = normalise(o, row)
    return 0.5 * total, 2 * e if e > EMPTY else 0, e


@kernel
def _squared_huge(o, row, y, sample):  # type: ignore[no-untyped-def]
    """The same where o - y may leave the range: of halves."""
    half = o.dtype.type(0.5)
    for i in range(o.shape[1]):
        o[row, i] = half * o[row, i] - half * y[sample, i]
    e, total = normalise(o, row)
    return (0.5 * total, 2 * e + 2, e + 1) if e > EMPTY else (0.0, 0, EMPTY)


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
    gap = 0.5 * top - 0.5 * float(o[row, target])  # of halves: the difference itself may overflow
    others = 0.0
    for i in range(o.shape[1]):
        p = math.exp(float(o[row, i]) - top) / (1.0 + rest)
        o[row, i] = o.dtype.type(p)
        if i != target:
            others += p
    o[row, target] = o.dtype.type(-others)  # not p - 1, which has no digits left where p is near 1
    e, _size = normalise(o, row)
    if gap > 1e300:
        return gap * 2.0**-600, 601, e
    return 2.0 * gap + math.log1p(rest), 0, e


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
def cotangents(o, row, given, sample):  # type: ignore[no-untyped-def]
    """Replace outputs by B dL/do; return (nan, 0, the row's exponent): what the loss is, nobody has said."""
    for i in range(o.shape[1]):
        o[row, i] = given[sample, i]
    e, _size = normalise(o, row)
    if e == EMPTY:
        return math.nan, 0, EMPTY
    for i in range(o.shape[1]):
        o[row, i] *= o.dtype.type(given.shape[0])
    f, _size = normalise(o, row)
    return math.nan, 0, e + f


@kernel
def output_size(o, row):  # type: ignore[no-untyped-def]
    """Sum of squares of a row of outputs: inf where it overflows, nan where an output is not finite."""
    inside()
    size = squares(o, row)
    return size if math.isfinite(size) else _size_of_huge(o, row)


@kernel
def _size_of_huge(o, row):  # type: ignore[no-untyped-def]
    for i in range(o.shape[1]):
        if not math.isfinite(o[row, i]):
            return math.nan
    return math.inf


@kernel
def read_out(h, outward, c, y, classes, kind, cotangent, exponents, loss, loss_exponent):  # type: ignore[no-untyped-def]
    """Cotangents dl/do (K·B, O) of steps with states h (K, B, N), and the steps' mean losses (K,) with exponents.

    `outward` is Vᵀ, packed. Return the first step (1-based, within these) at which an output is not finite, or 0.
    """
    K, B, N = h.shape
    product(1.0, h.reshape(K * B, N), outward, 0.0, cotangent)
    for k in range(K):
        m, e = 0.0, 0
        step = cotangent[k * B : (k + 1) * B]
        _add_bias(c, step)
        plain = kind == SQUARED and square_sum(flat(step)) < HUGE  # then so is every row's, and all are finite
        if plain:
            _subtract(flat(y[k]), flat(step))
        for s in range(B):
            row = k * B + s
            if plain:
                f, total = normalise(step, s)
                exponents[row] = f
                n, f = 0.5 * total, 2 * f if f > EMPTY else 0
            else:
                size = output_size(cotangent, row)
                if math.isnan(size):
                    return k + 1
                if kind == SQUARED:
                    n, f, exponents[row] = squared(cotangent, row, y[k], s, size)
                elif kind == COTANGENTS:
                    n, f, exponents[row] = cotangents(cotangent, row, y[k], s)
                else:
                    n, f, exponents[row] = cross_entropy(cotangent, row, classes[k, s])
            m, e = add(m, e, n, f)
        loss[k] = m / B
        loss_exponent[k] = e
    return 0


@kernel
def _add_bias(c, rows):  # type: ignore[no-untyped-def]
    for s in range(rows.shape[0]):
        for i in range(c.size):
            rows[s, i] += c[i]


@kernel
def _subtract(y, o):  # type: ignore[no-untyped-def]
    for i in range(o.size):
        o[i] -= y[i]
