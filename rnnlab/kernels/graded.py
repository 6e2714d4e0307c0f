"""Products of Jacobians in graded form, which keep the digits of their smallest singular values.

    J_t … J_{k+1} = Q diag(2^d) Y,    J_{t+1} Q diag(2^d) = Q' R Π    (QR with column pivoting)

with Q orthogonal, rows of Y of about unit size and well-conditioned, and d an exponent for each row, so that nothing
overflows or underflows. A plain product keeps only the singular values within 1/eps of the largest: the others are
lost in its rounding. Graded QR of products: Stewart 1997, Electron. Trans. Numer. Anal. 5.

Rows that slopes make small keep their digits too: they are sorted to the end, and every rounding is then small beside
its own row (Cox, Higham 1998, on Householder QR with row sorting). All matrices lie here by columns: row j of `frame`
is column j of Q.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels.hestenes import sweep
from rnnlab.kernels.linalg import copy, fill, pack_tamed, product
from rnnlab.kernels.options import inside, kernel, reduction
from rnnlab.kernels.scaled import EMPTY, exponent

EPS = 2.0**-52
NEAR = 0.1  # cosine between rows of Y above which they are made orthogonal


class Chain(NamedTuple):
    """A product in graded form, float64, and the scratch that its next factor needs."""

    rank: np.ndarray  # (1,), rows that are not zero
    frame: np.ndarray  # (N, N), Qᵀ
    exponent: np.ndarray  # (N,), d
    Y: np.ndarray  # (N, N)
    panels: np.ndarray  # Jᵀ without its slopes, packed
    norms: np.ndarray  # (N,), of its columns
    raw: np.ndarray  # (N, N)
    pushed: np.ndarray  # (N, N), columns of J Q sorted by rows; in the end reflectors
    shift: np.ndarray  # (N,), exponent taken out of what is left of a column
    left: np.ndarray  # (N,), squared norm of what is left of a column; 0 where it is only rounding
    tau: np.ndarray  # (N,)
    size: np.ndarray  # (N,), of the rows of J, in falling order
    order: np.ndarray  # (N,), the rows that these are
    next: np.ndarray  # (N, N), the next Y


@kernel
def start(chain):  # type: ignore[no-untyped-def]
    """The product of nothing: the identity."""
    N = chain.norms.size
    chain.rank[0] = N
    fill(chain.exponent, 0)
    fill(chain.frame, 0.0)
    fill(chain.Y, 0.0)
    for i in range(N):
        chain.frame[i, i] = chain.Y[i, i] = 1.0


@kernel
def advance(chain, turned, slope):  # type: ignore[no-untyped-def]
    """Multiply by diag(slope_t) A_t for every row of `slope` (n, N) in turn; `turned` holds the A_tᵀ.

    It is (1, N, N) where all steps share one, else (n, N, N).
    """
    e = 0
    for t in range(slope.shape[0]):
        if t == 0 or turned.shape[0] > 1:
            e = pack_tamed(turned[t % turned.shape[0]], chain.panels)
            _column_norms(turned[t % turned.shape[0]], e, chain.norms)
        rank = chain.rank[0]
        if rank == 0:
            return
        product(1.0, chain.frame[:rank], chain.panels, 0.0, chain.raw[:rank])
        _sort_rows(chain, slope[t], rank)
        reached = _factorise(chain, rank)
        _rotate_frame(chain, reached)
        _settle(chain, reached, e)
        chain.rank[0] = reached


@kernel
def _column_norms(matrix, e, norms):  # type: ignore[no-untyped-def]
    for i in range(norms.size):
        total = 0.0
        for k in range(norms.size):
            value = math.ldexp(matrix[k, i], -e)
            total += value * value
        norms[i] = math.sqrt(total)


@kernel
def _sort_rows(chain, slope, rank):  # type: ignore[no-untyped-def]
    """Weigh what was pushed by the slopes, its rows in falling order of what they can be."""
    N = slope.size
    for i in range(N):
        size, place = abs(slope[i]) * chain.norms[i], i
        while place > 0 and chain.size[place - 1] < size:
            chain.size[place], chain.order[place] = chain.size[place - 1], chain.order[place - 1]
            place -= 1
        chain.size[place], chain.order[place] = size, i
    for j in range(rank):
        for i in range(N):
            chain.pushed[j, i] = chain.raw[j, chain.order[i]] * slope[chain.order[i]]


@kernel
def _factorise(chain, rank):  # type: ignore[no-untyped-def]
    """QR with column pivoting; every row of R goes into the next Y at once. Return how many rows it has."""
    columns, shift, d = chain.pushed, chain.shift, chain.exponent
    fill(shift, 0)
    for p in range(rank):
        pivot = _pivot(chain, p, rank)
        if pivot < 0:
            return p
        _exchange(chain, p, pivot)
        head, norm = columns[p, p], math.sqrt(chain.left[p])
        diagonal = -math.copysign(norm, head)
        columns[p, p] = head - diagonal
        chain.tau[p] = 1.0 / (norm * (norm + abs(head)))
        e = exponent(diagonal) + shift[p] + d[p]
        fill(chain.next[p], 0.0)
        _add_row(chain, p, math.ldexp(diagonal, shift[p] + d[p] - e), p)
        for j in range(p + 1, rank):
            if chain.left[j] > 0.0:
                along = chain.tau[p] * _dot(columns, p, j, p)
                _subtract(columns, along, p, j, p)
                _add_row(chain, j, math.ldexp(columns[j, p], max(shift[j] + d[j] - e, -2000)), p)
        d[p] = e
    return rank


@kernel
def _pivot(chain, p, rank):  # type: ignore[no-untyped-def]
    """Measure what is left of every column from row p on; return the column with most, or -1 where nothing is left."""
    found, most = -1, 0.0
    for j in range(p, rank):
        if p > 0 and chain.left[j] == 0.0:
            continue
        chain.left[j] = _squares(chain.pushed, j, p)
        if not (1e-200 < chain.left[j] < 1e200):
            _rescale(chain, j, p)
        if chain.left[j] == 0.0 or _is_rounding(chain, j, p):
            chain.left[j] = 0.0
            continue
        size = 0.5 * math.log2(chain.left[j]) + (chain.shift[j] + chain.exponent[j])
        if found < 0 or size > most:
            found, most = j, size
    return found


@kernel
def _rescale(chain, j, p):  # type: ignore[no-untyped-def]
    top = 0.0
    for i in range(p, chain.norms.size):
        top = max(top, abs(chain.pushed[j, i]))
    e = exponent(top)
    if e > EMPTY:
        for i in range(p, chain.norms.size):
            chain.pushed[j, i] = math.ldexp(chain.pushed[j, i], -e)
        chain.shift[j] += e
    chain.left[j] = _squares(chain.pushed, j, p)


@kernel
def _is_rounding(chain, j, p):  # type: ignore[no-untyped-def]
    """Whether each entry that is left of a column is within the rounding of its row: then it is taken for zero."""
    N = chain.norms.size
    limit = (4.0 * N + 16.0) * EPS
    for i in range(p, N):
        if math.ldexp(abs(chain.pushed[j, i]), min(chain.shift[j], 2000)) > limit * chain.size[i]:
            return False
    return True


@kernel
def _exchange(chain, p, q):  # type: ignore[no-untyped-def]
    if p == q:
        return
    for i in range(chain.norms.size):
        chain.pushed[p, i], chain.pushed[q, i] = chain.pushed[q, i], chain.pushed[p, i]
        chain.Y[p, i], chain.Y[q, i] = chain.Y[q, i], chain.Y[p, i]
    chain.shift[p], chain.shift[q] = chain.shift[q], chain.shift[p]
    chain.left[p], chain.left[q] = chain.left[q], chain.left[p]
    chain.exponent[p], chain.exponent[q] = chain.exponent[q], chain.exponent[p]


@kernel
def _add_row(chain, j, factor, p):  # type: ignore[no-untyped-def]
    inside()
    if factor != 0.0:
        for i in range(chain.norms.size):
            chain.next[p, i] += factor * chain.Y[j, i]


@reduction
def _squares(a, row, first):  # type: ignore[no-untyped-def]
    inside()
    total = 0.0
    for i in range(first, a.shape[1]):
        total += a[row, i] * a[row, i]
    return total


@reduction
def _dot(a, row, other, first):  # type: ignore[no-untyped-def]
    inside()
    total = 0.0
    for i in range(first, a.shape[1]):
        total += a[row, i] * a[other, i]
    return total


@kernel
def _subtract(a, factor, row, other, first):  # type: ignore[no-untyped-def]
    inside()
    for i in range(first, a.shape[1]):
        a[other, i] -= factor * a[row, i]


@kernel
def _rotate_frame(chain, rank):  # type: ignore[no-untyped-def]
    """The next Q: the reflectors applied to the first unit vectors, the last reflector first."""
    N, rows, reflectors = chain.norms.size, chain.raw, chain.pushed
    for j in range(rank):
        fill(rows[j], 0.0)
        rows[j, j] = 1.0
    for p in range(rank - 1, -1, -1):
        for j in range(p, rank):
            along = chain.tau[p] * _dot_two(reflectors, p, rows, j, p)
            for i in range(p, N):
                rows[j, i] -= along * reflectors[p, i]
    for j in range(rank):
        for i in range(N):
            chain.frame[j, chain.order[i]] = rows[j, i]


@reduction
def _dot_two(a, row, b, other, first):  # type: ignore[no-untyped-def]
    inside()
    total = 0.0
    for i in range(first, a.shape[1]):
        total += a[row, i] * b[other, i]
    return total


@kernel
def _settle(chain, rank, e):  # type: ignore[no-untyped-def]
    """Take the next Y as Y, and turn its rows where they come near each other: or it would be singular in the end."""
    for p in range(rank):
        chain.exponent[p] += e
    Y = chain.Y[:rank]
    copy(chain.next[:rank], Y)
    sweep(Y, chain.exponent[:rank], chain.left[:rank], chain.frame[:rank], NEAR)
