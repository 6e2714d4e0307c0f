"""Norms of the temporal contributions: what the step k adds to dL_t/dU, dL_t/dW or dL_t/db.

    G_{t,k} = mean_b δ_b ⊗ z_b,   δ_b = dl_t/da_k of sample b,   z_b = h_{k-1}, x_k or 1,

    ‖G_{t,k}‖² = B^-2 Σ_{b,b'} (δ_b·δ_b') (z_b·z_b').

The products of the mates z are computed once for each k, those of the adjoints once for each pair and for all three.
Where the samples cancel, or the batch is so large that matrices are less work, the contribution itself is formed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnlab.kernels.accumulate import mated
from rnnlab.kernels.linalg import _lanes, copy, fill
from rnnlab.kernels.options import apart, borrowed, kernel, reduction
from rnnlab.kernels.pairs import gram, multiply_columns, turn
from rnnlab.kernels.scaled import EMPTY, log10, normalise, power


class Mates(NamedTuple):
    """Products of the mates of each step, of rows that were normalised, and the exponents taken out."""

    products: np.ndarray  # (K, B · stride), twice where the mirrored half is left out; (0, 0): form all contributions
    exponent: np.ndarray  # (K, B)


class Room(NamedTuple):
    """Scratch for the contributions of a pair; stride is B up to whole panels."""

    gram: np.ndarray  # (B · stride,)
    weights: np.ndarray  # (B,)
    exponent: np.ndarray  # (B,)
    mate: np.ndarray  # (B · max(N, D),) or of a block of times
    turned: np.ndarray  # (max(N, D) · stride,)
    term: np.ndarray  # (N · max(N, D),)


@kernel
def hold_room(r):  # type: ignore[no-untyped-def]
    """Return the same scratch without owners."""
    return Room(
        borrowed(r.gram), borrowed(r.weights), borrowed(r.exponent), borrowed(r.mate), borrowed(r.turned),
        borrowed(r.term),
    )  # fmt: skip


@kernel
def hold_mates(m):  # type: ignore[no-untyped-def]
    """Return the same mates without owners."""
    return Mates(borrowed(m.products), borrowed(m.exponent))


@kernel
def prepare(rows, mates, room):  # type: ignore[no-untyped-def]
    """Fill the products of the mates `rows` (at least K, B, M)."""
    apart()
    B, M, width = rows.shape[1], rows.shape[2], _lanes(room.gram)
    stride = room.gram.size // B
    own = room.mate[: B * M].reshape(B, M)
    fill(room.turned, 0)
    for k in range(mates.products.shape[0]):
        copy(rows[k], own)
        for b in range(B):
            mates.exponent[k, b], _size = normalise(own, b)
        turn(own, room.turned, np.int64(0), stride)
        fill(room.gram, 0)
        gram(room.turned, np.int64(0), B, M, stride, room.gram, stride)
        for i in range(B):
            for j in range(stride):
                times = 0.0 if j >= B or i // width < j // width else 1.0 if i // width == j // width else 2.0
                mates.products[k, i * stride + j] = times * float(room.gram[i * stride + j]) if times > 0.0 else 0.0


@kernel
def adjoint_products(columns, at, B, N, stride, room):  # type: ignore[no-untyped-def]
    """Fill room.gram with the products of the B columns from `at` on."""
    if B == 1:
        room.gram[0] = columns.weighed_size[at]
    else:
        gram(columns.weighed, at, B, N, stride, room.gram, room.gram.size // B)


@kernel
def squared_norm(columns, at, N, stride, rows, mates, k, limit, room):  # type: ignore[no-untyped-def]
    """Return ‖Σ_b δ_b ⊗ z_b‖² as (m, e) with the value m · 4^e; δ the columns from `at` on, z = `rows` (B, M).

    `rows` are those of the step k of `mates`. Below `limit` times the sum of the samples' own squares
    the digits of the sum are lost, and the matrix is formed.
    """
    apart()
    B = rows.shape[0]
    if mates.products.shape[0] == 0:
        return _formed(columns, at, N, stride, rows, room)
    products, exponents = mates.products[k], mates.exponent[k]
    top, same = EMPTY, True
    for b in range(B):
        room.exponent[b] = EMPTY
        if columns.weighed_exponent[at + b] > EMPTY and exponents[b] > EMPTY:
            e = columns.weighed_exponent[at + b] + exponents[b]
            room.exponent[b] = e
            same = same and (top == EMPTY or e == top)
            top = max(top, e)
    if top == EMPTY:
        return 0.0, EMPTY
    total, own = _sum(room.gram, products), 0.0
    stride_of_gram = room.gram.size // B
    if same:
        for b in range(B):
            own += float(room.gram[b * stride_of_gram + b]) * products[b * stride_of_gram + b]
    else:
        total, own = _weighted_sum(room, products, top)
    if B > 1 and not total > limit * own:
        return _formed(columns, at, N, stride, rows, room)
    return total, top


@reduction
def _sum(gram, products):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(gram.size):
        total += float(gram[i]) * products[i]
    return total


@reduction
def _weighted_sum(room, products, top):  # type: ignore[no-untyped-def]
    """The same where samples have different exponents; and the sum of their own squares."""
    B = room.weights.size
    stride = room.gram.size // B
    for b in range(B):
        e = room.exponent[b]
        room.weights[b] = 1.0 if e == top else power(e - top) if e > EMPTY else 0.0
    total, own = 0.0, 0.0
    for i in range(B):
        row, mates = room.gram[i * stride : i * stride + B], products[i * stride : i * stride + B]
        part = 0.0
        for j in range(B):
            part += float(row[j]) * mates[j] * room.weights[j]
        total += part * room.weights[i]
        own += float(row[i]) * mates[i] * room.weights[i] * room.weights[i]
    return total, own


@kernel
def _formed(columns, at, N, stride, rows, room):  # type: ignore[no-untyped-def]
    apart()
    B, M = rows.shape
    mates, e = mated(rows, columns.weighed_exponent[at : at + B], room.mate)
    if e == EMPTY:
        return 0.0, EMPTY
    term = room.term[: N * M].reshape(N, M)
    multiply_columns(1.0, columns.weighed, at, B, stride, mates, 0.0, term)
    total = 0.0
    for i in range(N):
        total += _wide_squares(term, i)
    return total, e


@reduction
def _wide_squares(a, row):  # type: ignore[no-untyped-def]
    """Sum of squares of a row that nobody normalised: those of float32 may leave the range of float32."""
    total = 0.0
    for i in range(a.shape[1]):
        value = np.float64(a[row, i])
        total += value * value
    return total


@kernel
def log10_contribution(m, e, B):  # type: ignore[no-untyped-def]
    """log10 of the norm of the mean over B samples, given ‖Σ‖² = m · 4^e."""
    return 0.5 * log10(m, 2 * e) - np.log10(float(B)) if m > 0.0 else -np.inf


@kernel
def log10_adjoint(columns, at, B):  # type: ignore[no-untyped-def]
    """log10 sqrt(mean_b ‖dl_t/dh_k‖²) of the B columns from `at` on."""
    m, top = 0.0, EMPTY
    for b in range(B):
        top = max(top, columns.exponent[at + b])
    if top == EMPTY:
        return -np.inf
    for b in range(B):
        e = columns.exponent[at + b]
        m += float(columns.size[at + b]) * (1.0 if e == top else power(2 * (e - top)) if e > EMPTY else 0.0)
    return 0.5 * log10(m / B, 2 * top)
