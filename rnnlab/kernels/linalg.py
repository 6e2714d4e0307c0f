"""Matrix products into place: alpha and beta let sums over time add up without a temporary.

A right operand that serves many products (a weight matrix, for all T steps) is packed once, into panels of a tile's
columns. The order of every sum depends on the shapes alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from rnnlab.kernels.options import apart, flat, kernel
from rnnlab.kernels.scaled import WINDOW_HIGH, WINDOW_LOW, exponent, largest, power
from rnnlab.kernels.tile import TALL, lanes, tile1, tile2, tile4, tile8

FAR = 2048  # bytes between rows from which their entries fight for the same places of the cache
DEPTH = 256  # inner length of a product that is summed in one go: a panel of it stays in the first cache


def packed_size(inner: int, columns: int, dtype: np.dtype) -> int:
    """Return the entries of a packed right operand (inner, columns)."""
    width = lanes(dtype)
    return inner * -(-columns // width) * width


@intrinsic
def _lanes(_context: Any, array: Any) -> Any:
    """Columns of a tile as a constant of the dtype, so that divisions by it are shifts."""
    width = lanes(str(array.dtype))
    return types.int64(array), lambda context, builder, signature, args: context.get_constant(types.int64, width)


@kernel
def copy(source, target):  # type: ignore[no-untyped-def]
    """Copy the entries of an array into another of the same size."""
    entries, places = flat(source), flat(target)
    for i in range(places.size):
        places[i] = entries[i]


@kernel
def fill(target, value):  # type: ignore[no-untyped-def]
    """Set all entries of an array; what a slice assignment does, without its errors in words."""
    places = flat(target)
    for i in range(places.size):
        places[i] = value


@kernel
def pack(matrix, panels):  # type: ignore[no-untyped-def]
    """Lay a right operand (K, N) out in panels, the last one padded with zeros."""
    for start in range(0, matrix.shape[1], _lanes(matrix)):
        _pack_panel(matrix, start, panels, start * matrix.shape[0])


@kernel
def _pack_panel(matrix, start, panels, at):  # type: ignore[no-untyped-def]
    apart()
    K, N = matrix.shape
    width = _lanes(matrix)
    columns = min(width, N - start)
    for k in range(K):
        for j in range(columns):
            panels[at + k * width + j] = matrix[k, start + j]
        for j in range(columns, width):
            panels[at + k * width + j] = 0


@kernel
def pack_transposed(matrix, panels):  # type: ignore[no-untyped-def]
    """Pack the transpose of a matrix (N, K)."""
    apart()
    N, K = matrix.shape
    width = _lanes(matrix)
    for start in range(0, N, width):
        for j in range(width):
            for k in range(K):
                panels[start * K + k * width + j] = matrix[start + j, k] if start + j < N else 0


@kernel
def pack_tamed(matrix, panels):  # type: ignore[no-untyped-def]
    """Pack a matrix times a power of two that keeps its entries far from both ends of the range; return its exponent.

    The matrix is panels · 2^exponent; the exponent is 0 but for extreme matrices.
    """
    apart()
    pack(matrix, panels)
    peak = largest(matrix.reshape(1, matrix.size), 0)
    if peak == 0.0 or WINDOW_LOW <= peak * peak <= WINDOW_HIGH:
        return 0
    e = exponent(peak)
    first, second = power(-(e // 2)), power(e // 2 - e)
    for i in range(panels.size):
        panels[i] = panels.dtype.type(float(panels[i]) * first * second)
    return e


@kernel
def product(alpha, a, panels, beta, c):  # type: ignore[no-untyped-def]
    """c = alpha a b + beta c for a (M, K), b (K, N) packed, c (M, N); beta = 0 overwrites whatever stands in c."""
    apart()
    (M, N), K, width = c.shape, a.shape[1], _lanes(c)
    alpha, beta = c.dtype.type(alpha), c.dtype.type(beta)
    left, out, one = flat(a), flat(c), np.int64(1)  # a literal 1 would compile another version of all
    for k in range(0, K, DEPTH):
        depth, keep = min(DEPTH, K - k), beta if k == 0 else c.dtype.type(1)
        for start in range(0, N - width + 1, width):
            at = start * K + k * width
            if M == 1:  # a step of a single sequence: the call would cost as much as the tile
                tile1(depth, left, k, K, one, panels, at, width, alpha, keep, out, start, N)
            else:
                _rows(M, depth, left, k, K, one, panels, at, width, alpha, keep, out, start, N)
        if N % width:
            start = N // width * width
            _edge(M, depth, left, k, K, one, panels, start * K + k * width, alpha, keep, c, start)


@kernel
def outer(alpha, a, b, beta, c):  # type: ignore[no-untyped-def]
    """c = alpha aᵀ b + beta c for a (K, M), b (K, N), c (M, N): a sum of outer products over the rows."""
    apart()
    (M, N), K, width = c.shape, a.shape[0], _lanes(c)
    alpha, beta = c.dtype.type(alpha), c.dtype.type(beta)
    left, right, out = flat(a), flat(b), flat(c)
    far, origin, one = N * b.itemsize >= FAR, np.int64(0), np.int64(1)
    panel = np.empty(min(DEPTH, K) * width if far or N % width else 0, c.dtype)
    for k in range(0, K, DEPTH):
        depth, keep = min(DEPTH, K - k), beta if k == 0 else c.dtype.type(1)
        for start in range(0, N - width + 1, width):
            if far:
                _pack_panel(b[k : k + depth], start, panel, origin)
                _rows(M, depth, left, k * M, one, M, panel, origin, width, alpha, keep, out, start, N)
            else:
                _rows(M, depth, left, k * M, one, M, right, k * N + start, N, alpha, keep, out, start, N)
        if N % width:
            start = N // width * width
            _pack_panel(b[k : k + depth], start, panel, origin)
            _edge(M, depth, left, k * M, one, M, panel, origin, alpha, keep, c, start)


@kernel
def _rows(M, K, a, a_at, a_row, a_step, b, b_at, b_step, alpha, beta, out, out_at, out_row):  # type: ignore[no-untyped-def]
    """Multiply M rows with the columns of one tile, the tallest tiles first."""
    apart()
    row = 0
    if TALL == 8:
        while row + 8 <= M:
            tile8(K, a, a_at, a_row, a_step, b, b_at, b_step, alpha, beta, out, out_at, out_row)
            row, a_at, out_at = row + 8, a_at + 8 * a_row, out_at + 8 * out_row
    while row + 4 <= M:
        tile4(K, a, a_at, a_row, a_step, b, b_at, b_step, alpha, beta, out, out_at, out_row)
        row, a_at, out_at = row + 4, a_at + 4 * a_row, out_at + 4 * out_row
    if row + 2 <= M:
        tile2(K, a, a_at, a_row, a_step, b, b_at, b_step, alpha, beta, out, out_at, out_row)
        row, a_at, out_at = row + 2, a_at + 2 * a_row, out_at + 2 * out_row
    if row < M:
        tile1(K, a, a_at, a_row, a_step, b, b_at, b_step, alpha, beta, out, out_at, out_row)


@kernel
def _edge(M, K, a, a_at, a_row, a_step, b, b_at, alpha, beta, c, start):  # type: ignore[no-untyped-def]
    """Multiply with a padded panel whose columns reach beyond c: by way of a tile of its own."""
    apart()
    width = _lanes(c)
    tile, origin = np.empty(TALL * width, c.dtype), np.int64(0)
    for row in range(0, M, TALL):
        rows = min(TALL, M - row)
        at = a_at + row * a_row
        _rows(rows, K, a, at, a_row, a_step, b, b_at, width, alpha, c.dtype.type(0), tile, origin, width)
        for i in range(rows):
            for j in range(start, c.shape[1]):
                value = tile[i * width + j - start]
                c[row + i, j] = value if beta == 0 else beta * c[row + i, j] + value
