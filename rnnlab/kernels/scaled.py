"""Numbers and rows with an exponent of their own: m · 2^e, so that nothing overflows and nothing underflows.

A row that is carried through time stands with a sum of squares inside WINDOW; powers of two are exact, so that
scaling changes no digit. A row of zeros has the exponent EMPTY, which is less than any other.
"""

from __future__ import annotations

import math

from rnnlab.kernels.options import inside, kernel, reduction

EMPTY = -(2**62)
WINDOW_LOW, WINDOW_HIGH = 2.0**-80, 2.0**80
LOG10_2 = math.log10(2.0)
LN_2 = math.log(2.0)
LN_10 = math.log(10.0)


@reduction
def squares(a, row):  # type: ignore[no-untyped-def]
    """Sum of squares of a row, in float64."""
    inside()
    total = 0.0
    for i in range(a.shape[1]):
        value = float(a[row, i])
        total += value * value
    return total


@reduction
def square_sum(entries):  # type: ignore[no-untyped-def]
    """Sum of squares of entries (n,), in float64."""
    inside()
    total = 0.0
    for i in range(entries.size):
        value = float(entries[i])
        total += value * value
    return total


@reduction
def weighted_squares(a, weight, row):  # type: ignore[no-untyped-def]
    """Sum of squares of a row of a∘weight, in float64."""
    inside()
    total = 0.0
    for i in range(a.shape[1]):
        value = float(a[row, i]) * float(weight[row, i])
        total += value * value
    return total


@kernel
def largest(a, row):  # type: ignore[no-untyped-def]
    """Largest magnitude in a row; nan where the row has one."""
    found = 0.0
    for i in range(a.shape[1]):
        value = abs(float(a[row, i]))
        if not (value <= found):
            found = value
            if value != value:
                return value
    return found


@kernel
def exponent(x):  # type: ignore[no-untyped-def]
    """The e of x = m · 2^e with m in [½, 1); EMPTY for 0, and 0 for inf and nan."""
    if x == 0.0:
        return EMPTY
    return math.frexp(x)[1] if math.isfinite(x) else 0


@kernel
def power(e):  # type: ignore[no-untyped-def]
    """2^e as float64; 0 or inf beyond its range."""
    return math.ldexp(1.0, min(max(e, -2000), 2000))


@kernel
def scale(a, row, e):  # type: ignore[no-untyped-def]
    """Multiply a row by 2^e, in two factors so that neither leaves the range of floats."""
    half = min(max(e, -4000), 4000) // 2
    first = power(half)
    second = power(min(max(e, -4000), 4000) - half)
    for i in range(a.shape[1]):
        a[row, i] = a.dtype.type(float(a[row, i]) * first * second)


@kernel
def normalise(a, row):  # type: ignore[no-untyped-def]
    """Bring a row into the window; return (exponent taken out, sum of squares of what is left)."""
    inside()
    total = squares(a, row)
    if WINDOW_LOW <= total <= WINDOW_HIGH:
        return 0, total
    e = exponent(largest(a, row))
    if e == EMPTY:
        return EMPTY, 0.0
    scale(a, row, -e)
    return e, squares(a, row)


@kernel
def weigh(a, weight, row):  # type: ignore[no-untyped-def]
    """Replace a normalised row by a∘weight, normalised again; return the exponent taken out."""
    inside()
    if weighted_squares(a, weight, row) >= WINDOW_LOW:
        multiply(a, weight, row)
        return 0
    return _weigh_extremes(a, weight, row)


@kernel
def multiply(a, weight, row):  # type: ignore[no-untyped-def]
    """Replace a row by a∘weight."""
    inside()
    for i in range(a.shape[1]):
        a[row, i] *= weight[row, i]


@kernel
def _weigh_extremes(a, weight, row):  # type: ignore[no-untyped-def]
    """The same where a product of two entries may leave the range of floats."""
    e = EMPTY
    for i in range(a.shape[1]):
        if a[row, i] != 0 and weight[row, i] != 0:
            e = max(e, exponent(float(a[row, i])) + exponent(float(weight[row, i])))
    for i in range(a.shape[1]):
        m, p = math.frexp(float(a[row, i]))
        n, q = math.frexp(float(weight[row, i]))
        a[row, i] = a.dtype.type(math.ldexp(m * n, max(p + q - e, -2000))) if e > EMPTY else a.dtype.type(0)
    return e


@kernel
def add(m, e, n, f):  # type: ignore[no-untyped-def]
    """(m · 2^e) + (n · 2^f), as a pair again."""
    inside()
    if e == f:
        return m + n, e
    if m == 0.0:
        return n, f
    if n == 0.0:
        return m, e
    top = max(e, f)
    return m * power(e - top) + n * power(f - top), top


@kernel
def log10(m, e):  # type: ignore[no-untyped-def]
    """log10 of m · 2^e; -inf for 0."""
    inside()
    return math.log10(m) + e * LOG10_2 if m != 0.0 else -math.inf


@kernel
def sum_of_squares(a):  # type: ignore[no-untyped-def]
    """Sum of squares of all entries as (m, e), m · 2^e with an even e; (0, 0) for zeros."""
    total, top = 0.0, 0
    for row in range(a.shape[0]):
        size = squares(a, row)
        if WINDOW_LOW <= size <= WINDOW_HIGH:
            total, top = add(total, top, size, 0)
        else:
            shift = exponent(largest(a, row))
            if shift > EMPTY:
                total, top = add(total, top, shifted_squares(a, row, shift), 2 * shift)
    return total, top


@kernel
def log10_norm(a, e):  # type: ignore[no-untyped-def]
    """log10 of the Frobenius norm of a · 2^e."""
    total, top = sum_of_squares(a)
    return 0.5 * log10(total, top) + e * LOG10_2 if total != 0.0 else -math.inf


@kernel
def shifted_squares(a, row, e):  # type: ignore[no-untyped-def]
    """Sum of squares of a row times 2^-e."""
    total = 0.0
    for i in range(a.shape[1]):
        value = math.ldexp(float(a[row, i]), -e)
        total += value * value
    return total


@kernel
def mean_log(sizes, exponents):  # type: ignore[no-untyped-def]
    """Mean over rows of ln of their norms, given squared norms (without their exponents); -inf where a row is zero."""
    total = 0.0
    for b in range(sizes.size):
        if sizes[b] == 0.0:
            return -math.inf
        total += 0.5 * math.log(sizes[b]) + exponents[b] * LN_2
    return total / sizes.size


@kernel
def log10_rms(sizes, exponents):  # type: ignore[no-untyped-def]
    """log10 of the root of the mean of the rows' squared norms."""
    inside()
    m, e = 0.0, 0
    for b in range(sizes.size):
        if sizes[b] != 0.0:
            m, e = add(m, e, sizes[b], 2 * exponents[b])
    return 0.5 * log10(m / sizes.size, e)
