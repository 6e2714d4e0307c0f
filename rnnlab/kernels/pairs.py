"""The adjoints of many losses at once, ordered by lag: l_t for every t, each travelling back on its own.

At lag l the adjoint of l_t stands at h_k, k = t - l, for all t at the same time:

    dl_t/da_k = phi'(a_k) ∘ dl_t/dh_k,    dl_t/dh_{k-1} = Uᵀ dl_t/da_k.

A column is one (t, sequence), matrices are (N, columns): one product carries a whole block of times, the slopes of the
next lag are the same matrix one step further, and the samples of one t stand side by side, so that their Gram matrix is
a product too. Every column has exponents of its own. Panels are whole: what is beyond a block, or has already reached
h_0, meets slopes of zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnlab.kernels.columns import weigh_panel
from rnnlab.kernels.linalg import DEPTH, _edge, _lanes, _pack_panel, _rows, fill, product
from rnnlab.kernels.losses import read_out
from rnnlab.kernels.options import apart, borrowed, flat, kernel
from rnnlab.kernels.scaled import EMPTY, WINDOW_HIGH, WINDOW_LOW, normalise, weigh


class Columns(NamedTuple):
    """Adjoints of a block of times on their way, (N, stride) each, flat, with room for a panel behind."""

    adjoint: np.ndarray  # dl_t/dh_k
    weighed: np.ndarray  # dl_t/da_k
    exponent: np.ndarray  # (columns,)
    weighed_exponent: np.ndarray  # (columns,)
    size: np.ndarray  # (columns,), squared norms without their exponents
    weighed_size: np.ndarray  # (columns,)


class Slopes(NamedTuple):
    """phi'(a_k) of all steps and samples, (N, stride), flat: `lanes` zeros, T·B columns, and zeros again."""

    entries: np.ndarray
    stride: int


@kernel
def turn(rows, target, at, stride):  # type: ignore[no-untyped-def]
    """Lay rows (R, N) down as columns at, at + 1, ... of a flat matrix with this stride."""
    apart()
    R, N = rows.shape
    for start in range(0, R, 8):
        for i in range(N):
            for r in range(start, min(start + 8, R)):
                target[i * stride + at + r] = rows[r, i]


@kernel
def lay_slopes(slope, target, stride):  # type: ignore[no-untyped-def]
    """Lay the slopes (T, B, N) down as columns between zeros."""
    T, B, N = slope.shape
    fill(target, 0)
    turn(slope.reshape(T * B, N), target, np.int64(_lanes(target)), stride)


@kernel
def send(first, stop, readout, h, cotangent, exponents, rows, loss, loss_exponent):  # type: ignore[no-untyped-def]
    """Fill `rows` ((stop - first)·B, N) with dl_t/dh_t of each t's own loss, times 2^exponents.

    t runs over first+1..stop. Return the first step (1-based) at which an output is not finite, or 0.
    """
    found = read_out(
        h[first + 1 : stop + 1], readout.outward, readout.c, readout.y[first:stop], readout.classes[first:stop],
        readout.kind, cotangent, exponents, loss, loss_exponent,
    )  # fmt: skip
    if found > 0:
        return first + found
    product(1.0, cotangent, readout.V, 0.0, rows)
    for r in range(exponents.size):
        if exponents[r] > EMPTY:
            exponents[r] += readout.exponent
    return 0


@kernel
def start(columns, rows, exponents, stride):  # type: ignore[no-untyped-def]
    """Begin with these rows (R, N); all that is not theirs becomes zero."""
    fill(columns.adjoint, 0)
    fill(columns.weighed, 0)
    turn(rows, columns.adjoint, np.int64(0), stride)
    for r in range(exponents.size):
        columns.exponent[r] = exponents[r]


@kernel
def weigh_columns(columns, first, last, slopes, at, N, stride, row):  # type: ignore[no-untyped-def]
    """Weigh the columns first..last-1 by the slopes from column `at` + first on; adjoints and result normalised.

    `at` counts the zeros before the slopes of the first step.
    """
    apart()
    width = _lanes(columns.adjoint)
    for panel in range(first // width * width, last, width):
        weigh_panel(
            N, columns.adjoint, panel, stride, slopes.entries, at + panel, slopes.stride, columns.weighed,
            columns.size, columns.weighed_size, panel,
        )  # fmt: skip
    for c in range(first, last):
        columns.weighed_exponent[c] = columns.exponent[c]
        size, after = float(columns.size[c]), float(columns.weighed_size[c])
        if not (WINDOW_LOW <= size <= WINDOW_HIGH and WINDOW_LOW <= after <= WINDOW_HIGH):
            _settle_column(columns, c, slopes, at, N, stride, row)


@kernel
def _settle_column(columns, c, slopes, at, N, stride, row):  # type: ignore[no-untyped-def]
    """The same for a column that leaves the window, as a row: exactly what is done to rows elsewhere."""
    apart()
    e, after, size, weighed_size = columns.exponent[c], EMPTY, 0.0, 0.0
    for i in range(N):
        row[0, i] = columns.adjoint[i * stride + c] if e > EMPTY else 0
        row[1, i] = slopes.entries[i * slopes.stride + at + c]
    shift, size = normalise(row[:1], 0)
    e = e + shift if shift > EMPTY and e > EMPTY else EMPTY
    columns.exponent[c], columns.size[c] = e, size
    if e > EMPTY:
        shift = weigh(row[:1], row[1:], 0)
        if shift > EMPTY:
            more, weighed_size = normalise(row[:1], 0)
            after = e + shift + more
    columns.weighed_exponent[c], columns.weighed_size[c] = after, weighed_size
    for i in range(N):
        columns.weighed[i * stride + c] = row[0, i] if after > EMPTY else 0


@kernel
def pull(columns, first, last, U, U_exponent, N, stride):  # type: ignore[no-untyped-def]
    """Replace the adjoints in the columns first..last-1 by those one step earlier; U is packed, 2^U_exponent apart."""
    apart()
    width, one = _lanes(columns.adjoint), np.int64(1)
    kind = columns.adjoint.dtype.type
    for panel in range(first // width * width, last, width):
        for k in range(0, N, DEPTH):
            depth, keep = min(DEPTH, N - k), kind(0 if k == 0 else 1)
            for i in range(0, N, width):
                _rows(
                    min(width, N - i), depth, U, i * N + k * width, one, width, columns.weighed, k * stride + panel,
                    stride, kind(1), keep, columns.adjoint, i * stride + panel, stride,
                )  # fmt: skip
    for c in range(first, last):
        e = columns.weighed_exponent[c]
        columns.exponent[c] = e + U_exponent if e > EMPTY else EMPTY


@kernel
def gram(matrix, at, B, N, stride, out, out_stride):  # type: ignore[no-untyped-def]
    """Products of the columns at..at+B-1 of a flat matrix with each other: the lower triangle, in whole panels."""
    apart()
    width, one = _lanes(out), np.int64(1)
    kind = out.dtype.type
    for panel in range(0, B, width):
        for k in range(0, N, DEPTH):
            depth, keep = min(DEPTH, N - k), kind(0 if k == 0 else 1)
            here = k * stride + at + panel
            _rows(
                B - panel, depth, matrix, here, one, stride, matrix, here, stride, kind(1), keep, out,
                panel * out_stride + panel, out_stride,
            )  # fmt: skip


@kernel
def multiply_columns(alpha, matrix, first, K, stride, mates, beta, out):  # type: ignore[no-untyped-def]
    """out = alpha Σ_c column_c ⊗ mates_c + beta out, for the columns first..first+K-1 and mates (K, M), out (N, M)."""
    apart()
    (N, M), width, one = out.shape, _lanes(out), np.int64(1)
    kind = out.dtype.type
    alpha, beta = kind(alpha), kind(beta)
    panel = np.empty(min(DEPTH, K) * width, out.dtype)
    for k in range(0, K, DEPTH):
        depth, keep = min(DEPTH, K - k), beta if k == 0 else kind(1)
        for start in range(0, M, width):
            _pack_panel(mates[k : k + depth], start, panel, np.int64(0))
            at = first + k
            if start + width <= M:
                _rows(N, depth, matrix, at, stride, one, panel, np.int64(0), width, alpha, keep, flat(out), start, M)
            else:
                _edge(N, depth, matrix, at, stride, one, panel, np.int64(0), alpha, keep, out, start)


@kernel
def hold(columns):  # type: ignore[no-untyped-def]
    """Return the same columns without owners."""
    return Columns(
        borrowed(columns.adjoint), borrowed(columns.weighed), borrowed(columns.exponent),
        borrowed(columns.weighed_exponent), borrowed(columns.size), borrowed(columns.weighed_size),
    )  # fmt: skip
