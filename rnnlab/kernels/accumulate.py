"""Gradients as sums over time: outer products of adjoints and their mates (states, inputs), with a common exponent.

An accumulator is an array and an exponent; EMPTY says that nothing was added yet and its entries mean nothing.
"""

from __future__ import annotations

from rnnlab.kernels.linalg import copy, fill, outer
from rnnlab.kernels.options import kernel
from rnnlab.kernels.scaled import EMPTY, WINDOW_HIGH, WINDOW_LOW, exponent, largest, power, scale, squares


@kernel
def mated(rows, exponents, space):  # type: ignore[no-untyped-def]
    """Return (mates, e) with Σ_r left_r ⊗ rows_r · 2^exponents[r] = 2^e Σ_r left_r ⊗ mates_r for any normalised left.

    Adjoints and states often run in opposite directions: scaled to a common exponent each on its own, all products
    would have one factor that underflowed. So the mate takes both exponents. e is EMPTY where every product is zero.
    """
    common, same, some = EMPTY, True, False
    for r in range(rows.shape[0]):
        if exponents[r] == EMPTY:
            continue
        size = squares(rows, r)
        good = WINDOW_LOW <= size <= WINDOW_HIGH
        common = exponents[r] if common == EMPTY else common
        some = some or good
        same = same and exponents[r] == common and (good or (size == 0.0 and largest(rows, r) == 0.0))
    if same:
        return rows, common if some else EMPTY
    return _scaled_mates(rows, exponents, space)


@kernel
def _scaled_mates(rows, exponents, space):  # type: ignore[no-untyped-def]
    top = EMPTY
    for r in range(rows.shape[0]):
        own = exponent(largest(rows, r))
        if exponents[r] > EMPTY and own > EMPTY:
            top = max(top, exponents[r] + own)
    mates = space[: rows.size].reshape(rows.shape)
    for r in range(rows.shape[0]):
        copy(rows[r], mates[r])
        some = exponents[r] > EMPTY and largest(rows, r) > 0.0  # zeros, though times inf they would be nan
        scale(mates, r, exponents[r] - top if some else -4000)
    return mates, top


@kernel
def add_outer(left, mates, e, total, total_exponent):  # type: ignore[no-untyped-def]
    """Add 2^e leftᵀ mates, (R, M) and (R, N), to `total` (M, N); return its new exponent."""
    if e == EMPTY:
        return total_exponent
    if total_exponent == EMPTY:
        outer(1.0, left, mates, 0.0, total)
        return e
    top = max(e, total_exponent)
    outer(power(e - top), left, mates, power(total_exponent - top), total)
    return top


@kernel
def add_rows(left, exponents, total, total_exponent):  # type: ignore[no-untyped-def]
    """Add the sum of the rows of `left` (R, M), each times its power of two, to `total` (1, M); return its exponent."""
    top = total_exponent
    for r in range(left.shape[0]):
        top = max(top, exponents[r])
    if top == EMPTY:
        return EMPTY
    kept = total.dtype.type(power(total_exponent - top))
    for i in range(total.shape[1]):
        total[0, i] = kept * total[0, i] if total_exponent > EMPTY else total.dtype.type(0)
    for r in range(left.shape[0]):
        if exponents[r] > EMPTY:
            factor = total.dtype.type(power(exponents[r] - top))
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
