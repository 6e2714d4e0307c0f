"""The naive twin of terms, lags and horizon: for each t a backward pass of its own, every contribution a matrix.

Imports nothing of rnnlab. Works on floats and on mpmath numbers alike, as tests.naive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests import naive
from tests.naive import Array, Network


@dataclass(frozen=True)
class Terms:
    """What step k contributes to the gradient of the batch-mean L_t, by (t, k), 1 <= k <= t."""

    U: dict[tuple[int, int], Array]
    W: dict[tuple[int, int], Array]
    b: dict[tuple[int, int], Array]
    adjoint: dict[tuple[int, int], Array]  # (B,N), each sample's own dl_t/dh_k


def terms(network: Network) -> Terms:
    """Return every term, one loss after the other."""
    n = naive.complete(network)
    a, h, o = naive.forward(n)
    residual = naive.losses(n, o)[1]
    slopes = naive.slope(n.activation, a)
    length, samples = n.x.shape[:2]
    found = Terms({}, {}, {}, {})
    for t in range(1 if n.loss_at == "every" else length, length + 1):
        adjoint = np.array([n.V.T @ residual[t - 1, s] for s in range(samples)])
        for k in range(t, 0, -1):
            delta = slopes[k - 1] * adjoint
            found.adjoint[t, k] = adjoint
            found.U[t, k] = sum(np.outer(delta[s], h[k - 1, s]) for s in range(samples)) / samples
            found.W[t, k] = sum(np.outer(delta[s], n.x[k - 1, s]) for s in range(samples)) / samples
            found.b[t, k] = sum(delta[s] for s in range(samples)) / samples
            adjoint = np.array([n.U.T @ row for row in delta])
    return found


def step_jacobians(network: Network) -> Array:
    """Return every sample's dh_t/dh_{t-1} (T,B,N,N)."""
    n = naive.complete(network)
    slopes = naive.slope(n.activation, naive.forward(n)[0])
    return np.array([[s[:, None] * n.U for s in step] for step in slopes])


@dataclass(frozen=True)
class Lags:
    """Statistics of dL/dU by lag, 0..T-1; and the relative error of the sum of the first K lags, K = 0..T."""

    by_lag: list[Array]  # G_lag, the sum over t
    contributions: list[list[Any]]  # the norms over t
    share: list[Any]
    cosine: list[Any]
    error: list[Any]


def lags(network: Network) -> Lags:
    """Return the statistics, every sum taken over again."""
    found = terms(network).U
    length = len(network.x)
    of_lag = [[found[t, k] for t, k in found if t - k == lag] for lag in range(length)]
    by_lag = [sum(each[1:], start=each[0]) for each in of_lag]
    total = sum(by_lag[1:], start=by_lag[0])
    size = naive.norm(total)
    share = [np.sum(g * total) / size**2 for g in by_lag]
    cosine = [np.sum(g * total) / (size * naive.norm(g)) if naive.norm(g) != 0 else None for g in by_lag]
    tails = [sum(by_lag[K + 1 :], start=by_lag[K]) for K in range(length)]
    error = [naive.norm(tail) / size for tail in tails]
    return Lags(by_lag, [[naive.norm(g) for g in each] for each in of_lag], share, cosine, [*error, 0 * size])


def truncation_length(network: Network, tolerance: float = 0.1) -> int:
    """Return the smallest K from which on the gradient of K lags errs by less than the tolerance."""
    error = lags(network).error
    K = len(error) - 1
    while K > 0 and error[K - 1] < tolerance:
        K -= 1
    return K
