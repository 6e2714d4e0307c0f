"""A = QR of a frame, and the derivative of a function of R's diagonal by A.

Frames stand as rows: row i of (K, N) is column i of the frame. From Qbar, the derivative by Q, and w, that by ln R_ii,

    Abar = (Qbar + Q (diag(w) - C)) R^-T,        C_ij = qbar_max(i,j) · q_min(i,j)

(Walter, Lehmann 2012, Optim. Methods Softw. 27; Engelken 2023). A direction that depends on those before it has
R_ii = 0 and a row q of zeros, for good: nothing is carried back through it.
"""

from __future__ import annotations

import math

from rnnlab.kernels.linalg import _lanes, copy, fill, pack_transposed
from rnnlab.kernels.options import apart, kernel, reduction
from rnnlab.kernels.orthonormal import orthonormalise
from rnnlab.kernels.scaled import squares


@kernel
def factorise(frame, triangle, logs, panels, fresh, space):  # type: ignore[no-untyped-def]
    """Replace A (K, N) by Q, fill R (K, K), and add ln R_ii to `logs` (K,); -inf for a direction that dies.

    panels and fresh (K, N) are scratch; space.scale says by what rounding in the rows of A is measured.
    """
    apart()
    (K, N), width = frame.shape, _lanes(frame)
    pack_transposed(frame, panels)
    fill(space.before, 0.0)
    for i in range(K):
        space.before[i] = squares(frame, i)
    orthonormalise(panels, N, K, space)
    fill(triangle, 0.0)
    for i in range(K):
        at = i // width * width * N + i % width
        for k in range(N):
            fresh[i, k] = panels[at + k * width]
        size = space.size[i]
        if size > 0.0:
            logs[i] += 0.5 * math.log(size) + space.extra[i]
            triangle[i, i] = math.sqrt(size) * math.exp(space.extra[i])
            for j in range(i + 1, K):
                triangle[i, j] = _dot(fresh, i, frame, j)
        else:
            logs[i] = -math.inf
    copy(fresh, frame)


@kernel
def pull_back(frame, triangle, weights, back, out, inner):  # type: ignore[no-untyped-def]
    """Fill Abar (K, N) from Q, R, w (K,) and Qbar `back` (K, N); inner (K, K) is scratch."""
    apart()
    K = frame.shape[0]
    for i in range(K):
        for j in range(i + 1):
            inner[i, j] = -_dot(back, i, frame, j)
            inner[j, i] = inner[i, j]
        inner[i, i] += weights[i]
    copy(back, out)
    for i in range(K):
        for j in range(K):
            _take(inner[j, i], frame, j, out, i)
    for i in range(K - 1, -1, -1):
        if triangle[i, i] == 0.0:
            fill(out[i], 0.0)
            continue
        for j in range(i + 1, K):
            _take(-triangle[i, j], out, j, out, i)
        inverse = 1.0 / triangle[i, i]
        for k in range(out.shape[1]):
            out[i, k] *= inverse


@reduction
def _dot(a, i, b, j):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[j, k]
    return total


@kernel
def _take(factor, source, j, target, i):  # type: ignore[no-untyped-def]
    for k in range(target.shape[1]):
        target[i, k] += factor * source[j, k]
