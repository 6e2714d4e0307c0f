"""Gradients as sums over time: outer products of adjoints and their mates, with a common exponent.

An accumulator is an array and an exponent; EMPTY says that nothing was added yet and its entries mean nothing.
"""

from __future__ import annotations

from rnnlab.kernels.linalg import fill, outer
from rnnlab.kernels.options import kernel
from rnnlab.kernels.scaled import EMPTY, WINDOW_HIGH, WINDOW_LOW, exponent, power


@kernel
def align(rows, exponents):  # type: ignore[no-untyped-def]
    """Bring all rows to their largest exponent and return it; EMPTY where all rows are zero."""
    top = EMPTY
    low = -EMPTY
    for r in range(rows.shape[0]):
        top = max(top, exponents[r])
        low = min(low, exponents[r])
    if low == top:
        return top
    for r in range(rows.shape[0]):
        if exponents[r] < top:
            factor = rows.dtype.type(power(exponents[r] - top))
            for i in range(rows.shape[1]):
                rows[r, i] *= factor
            exponents[r] = top
    return top


@kernel
def bounded(rows, peak, space):  # type: ignore[no-untyped-def]
    """Return (rows, exponent) with entries far from both ends of the range; `peak` is about their largest magnitude."""
    if peak == 0.0 or WINDOW_LOW <= peak * peak <= WINDOW_HIGH:
        return rows, 0
    e = exponent(peak)
    first = power(-(e // 2))
    second = power(e // 2 - e)
    copy = space[: rows.size].reshape(rows.shape)
    for r in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            copy[r, i] = rows.dtype.type(float(rows[r, i]) * first * second)
    return copy, e


@kernel
def add_outer(left, left_exponent, right, right_exponent, total, total_exponent):  # type: ignore[no-untyped-def]
    """Add leftᵀ right, (R, M) and (R, N), to `total` (M, N); return its new exponent."""
    if left_exponent == EMPTY:
        return total_exponent
    e = left_exponent + right_exponent
    if total_exponent == EMPTY:
        outer(1.0, left, right, 0.0, total)
        return e
    top = max(e, total_exponent)
    outer(power(e - top), left, right, power(total_exponent - top), total)
    return top


@kernel
def add_rows(left, left_exponent, total, total_exponent):  # type: ignore[no-untyped-def]
    """Add the sum of the rows of `left` (R, M) to `total` (1, M); return its new exponent."""
    if left_exponent == EMPTY:
        return total_exponent
    if total_exponent == EMPTY:
        fill(total, 0)
        total_exponent = left_exponent
    top = max(left_exponent, total_exponent)
    kept = total.dtype.type(power(total_exponent - top))
    factor = total.dtype.type(power(left_exponent - top))
    for i in range(total.shape[1]):
        total[0, i] *= kept
    for r in range(left.shape[0]):
        for i in range(left.shape[1]):
            total[0, i] += factor * left[r, i]
    return top


@kernel
def close(total, total_exponent):  # type: ignore[no-untyped-def]
    """Return the exponent of a finished accumulator; one that nothing was added to becomes zeros."""
    if total_exponent == EMPTY:
        fill(total, 0)
        return 0
    return total_exponent
