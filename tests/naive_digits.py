"""The naive twin of the measure `digits`: disturb every state, back-propagate along that path, compare norms."""

from __future__ import annotations

import numpy as np

from tests import naive
from tests.naive import Array, Network


def norms(network: Network, factors: Array) -> Array:
    """Return the loss and the norms of dL/dU, W, V, b, c, h0 with every state multiplied by its factor (T, B, N)."""
    n = naive.complete(network)
    a, h, o = naive.forward(n)
    T, B = a.shape[:2]
    for s in range(B):
        for t in range(T):
            a[t, s] = n.U @ h[t, s] + n.W @ n.x[t, s] + n.b
            h[t + 1, s] = naive.value(n.activation, a[t, s]) * factors[t, s]
            o[t, s] = n.V @ h[t + 1, s] + n.c
    loss, residual = naive.losses(n, o)
    hidden = naive.adjoint(n, a, residual)
    da = naive.slope(n.activation, a) * hidden[1:]
    arrays = [
        np.einsum("tbi,tbj->ij", da, h[:-1]) / B,
        np.einsum("tbi,tbj->ij", da, n.x) / B,
        np.einsum("tbi,tbj->ij", residual, h[1:]) / B,
        da.sum(axis=(0, 1)) / B,
        residual.sum(axis=(0, 1)) / B,
        hidden[0] / B**0.5,
    ]
    return np.array([loss.sum() / B, *(np.linalg.norm(array) for array in arrays)])


def digits(base: Array, passes: Array) -> Array:
    """Return -log10 of the rms relative deviation of every number."""
    return -np.log10(np.sqrt(np.mean((passes / base - 1) ** 2, axis=0)))
