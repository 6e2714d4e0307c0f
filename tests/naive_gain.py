"""The naive twin of the measure `gain`: both factors of every step, one sample at a time."""

from __future__ import annotations

import numpy as np

from tests import naive
from tests.naive import Array, Network


def gains(network: Network) -> tuple[Array, Array]:
    """Return the mean over samples of ln(‖Dδ‖/‖δ‖) and ln(‖Uᵀ Dδ‖/‖Dδ‖), (T,) each, of the adjoint of L_T."""
    n = naive.complete(network)
    a = naive.forward(n)[0]
    adjoint = naive.adjoint_of_last(n)
    T, B = a.shape[:2]
    slope, recurrent = np.empty((T, B)), np.empty((T, B))
    for t in range(T):
        for s in range(B):
            delta = adjoint[t + 1, s]
            weighed = naive.slope(n.activation, a[t, s]) * delta
            back = n.U.T @ weighed
            sizes = [naive.log_of(naive.norm(v)) for v in (delta, weighed, back)]
            with np.errstate(invalid="ignore"):
                slope[t, s], recurrent[t, s] = float(sizes[1] - sizes[0]), float(sizes[2] - sizes[1])
    return slope.mean(axis=1), recurrent.mean(axis=1)
