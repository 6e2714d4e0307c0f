"""The naive twin of Lyapunov spectra: one QR by LAPACK, or one Gram-Schmidt in mpmath, for every step.

Imports nothing of rnnlab. A frame is (N, K), Jacobians (T, N, N).
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np

from tests import naive
from tests.naive import Array, Network


def jacobians(network: Network, sample: int = 0) -> Array:
    """Return diag(phi'(a_t)) U (T,N,N) of one sample."""
    n = naive.complete(network)
    a, _, _ = naive.forward(n)
    return naive.slope(n.activation, a[:, sample])[:, :, None] * n.U


def growth(steps: Array, frame: Array) -> Array:
    """Return ln |R_ii| (T,K) of the QR of every step, by LAPACK."""
    found = np.empty((len(steps), frame.shape[1]))
    for t, jacobian in enumerate(steps):
        frame, triangle = np.linalg.qr(jacobian @ frame)
        with np.errstate(divide="ignore"):
            found[t] = np.log(np.abs(np.diag(triangle)))
    return found


def exact_growth(steps: Array, frame: Array) -> Array:
    """Return the same in numbers of many digits: rows of a Jacobian may differ by as many orders of magnitude."""
    with mpmath.workdps(300):
        columns = [mpmath.matrix(column.tolist()) for column in frame.T]
        found = np.empty((len(steps), len(columns)))
        for t, jacobian in enumerate(steps):
            matrix, done = mpmath.matrix(jacobian.tolist()), []
            for i, column in enumerate(columns):
                moved = matrix * column
                for other in done:
                    moved = moved - other * (other.T * moved)[0]
                norm = mpmath.norm(moved)
                found[t, i] = float(mpmath.log(norm))
                done.append(moved / norm)
            columns = done
    return found


def log_volume(steps: Array) -> float:
    """Return the mean of ln |det J_t|."""
    return float(np.mean([np.linalg.slogdet(jacobian)[1] for jacobian in steps]))


def along(step: Callable[[Array], tuple[Array, Array]], start: Array, length: int) -> Array:
    """Return the Jacobians (T,N,N) along the orbit of a map x -> (next x, Jacobian at x)."""
    found, x = [], np.asarray(start, float)
    for _ in range(length):
        x, jacobian = step(x)
        found.append(jacobian)
    return np.array(found, float)


def henon(x: Array) -> tuple[Array, Array]:
    """Return the next point and the Jacobian of the Hénon map (1.4, 0.3)."""
    return np.array([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]]), np.array([[-2.8 * x[0], 1.0], [0.3, 0.0]])


def logistic(x: Array) -> tuple[Array, Array]:
    """Return the next point and the Jacobian of the logistic map at r = 4."""
    return 4 * x * (1 - x), np.array([[4 - 8 * x[0]]])


def cat(x: Array) -> tuple[Array, Array]:
    """Return the next point and the Jacobian of Arnold's cat map."""
    matrix = np.array([[2.0, 1.0], [1.0, 1.0]])
    return matrix @ x % 1.0, matrix
