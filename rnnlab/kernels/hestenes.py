"""Singular values of a matrix whose rows have exponents of their own, by one-sided Jacobi rotations.

Rotations make the rows of diag(2^d) Y orthogonal (Hestenes 1958); their norms are then the singular values. Each comes
out to high relative accuracy, however far apart they lie, where Y is well-conditioned (Demmel, Veselić 1992, SIAM J.
Matrix Anal. Appl. 13, 1204).
"""

from __future__ import annotations

import math

import numpy as np

from rnnlab.kernels.options import apart, inside, kernel, reduction
from rnnlab.kernels.scaled import EMPTY, exponent, largest, log10, scale, squares

EPS = 2.0**-52
MOST_SWEEPS = 60
APART = 40  # bits between two rows from which the larger does not feel the smaller one


@kernel
def singular_values(rows, d, sizes, out):  # type: ignore[no-untyped-def]
    """log10 of the singular values of diag(2^d) rows (R, N) into out (N,), falling, -inf for zeros.

    The rows and d are overwritten; sizes (R,) is scratch. Return whether the rotations came to an end.
    """
    R, N = rows.shape
    nothing, ended = np.empty((0, N)), False
    for _sweep in range(MOST_SWEEPS):
        if sweep(rows, d, sizes, nothing, N * EPS) == 0:
            ended = True
            break
    for p in range(N):
        value = 0.5 * log10(sizes[p], 2 * d[p]) if p < R else -math.inf
        place = p
        while place > 0 and out[place - 1] < value:
            out[place] = out[place - 1]
            place -= 1
        out[place] = value
    return ended


@kernel
def _settle(rows, d, sizes, p):  # type: ignore[no-untyped-def]
    """Bring a row near unit size."""
    inside()
    sizes[p] = squares(rows, p)
    if 0.0625 <= sizes[p] <= 16.0:
        return
    e = exponent(largest(rows, p))
    if e == EMPTY:
        d[p] = 0
        return
    scale(rows, p, -e)
    d[p] += e
    sizes[p] = squares(rows, p)


@kernel
def sweep(rows, d, sizes, frame, tolerance):  # type: ignore[no-untyped-def]
    """Make every pair of rows orthogonal whose cosine is above the tolerance, one after the other; return their number.

    frame, where it has rows, turns with them: frameᵀ diag(2^d) rows stays what it is.
    """
    apart()
    count = 0
    for p in range(rows.shape[0]):
        _settle(rows, d, sizes, p)
    for p in range(rows.shape[0] - 1):
        for q in range(p + 1, rows.shape[0]):
            if _smaller(d, sizes, p, q):
                _exchange(rows, d, sizes, frame, p, q)
            if sizes[q] > 0.0:
                along = _dot(rows, p, q)
                if abs(along) > tolerance * math.sqrt(sizes[p] * sizes[q]):
                    _rotate(rows, d, sizes, frame, p, q, along)
                    count += 1
    return count


@kernel
def _smaller(d, sizes, p, q):  # type: ignore[no-untyped-def]
    inside()
    if sizes[q] == 0.0:
        return False
    if sizes[p] == 0.0 or d[q] > d[p] + APART:
        return True
    return d[q] >= d[p] - APART and sizes[p] < math.ldexp(sizes[q], 2 * (d[q] - d[p]))


@kernel
def _exchange(rows, d, sizes, frame, p, q):  # type: ignore[no-untyped-def]
    for i in range(rows.shape[1]):
        rows[p, i], rows[q, i] = rows[q, i], rows[p, i]
    if frame.shape[0] > 0:
        for i in range(frame.shape[1]):
            frame[p, i], frame[q, i] = frame[q, i], frame[p, i]
    d[p], d[q] = d[q], d[p]
    sizes[p], sizes[q] = sizes[q], sizes[p]


@kernel
def _rotate(rows, d, sizes, frame, p, q, along):  # type: ignore[no-untyped-def]
    """Rotate row q, the smaller one, and row p until they are orthogonal."""
    ratio = math.ldexp(1.0, max(d[q] - d[p], -2000))
    if d[p] - d[q] > APART:
        tangent = along / sizes[p]
        _turn(rows, p, q, 1.0, 0.0, -tangent)
        cosine, sine = 1.0, -tangent * ratio
    else:
        zeta = (sizes[q] * ratio * ratio - sizes[p]) / (2.0 * along * ratio)
        tangent = math.copysign(1.0 / (abs(zeta) + math.sqrt(1.0 + zeta * zeta)), zeta)
        cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
        sine = cosine * tangent
        _turn(rows, p, q, cosine, sine * ratio, sine / ratio)
        _settle(rows, d, sizes, p)
    _settle(rows, d, sizes, q)
    if frame.shape[0] > 0:
        _turn(frame, p, q, cosine, sine, sine)


@kernel
def _turn(a, p, q, cosine, down, up):  # type: ignore[no-untyped-def]
    for i in range(a.shape[1]):
        x, y = a[p, i], a[q, i]
        a[p, i] = cosine * x - down * y
        a[q, i] = up * x + cosine * y


@reduction
def _dot(rows, p, q):  # type: ignore[no-untyped-def]
    inside()
    total = 0.0
    for i in range(rows.shape[1]):
        total += rows[p, i] * rows[q, i]
    return total
