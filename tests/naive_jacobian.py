"""The naive twin of the measure `jacobian`: the product as it stands, and its singular values by mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from tests import naive
from tests.naive import Array, Network


def jacobians(network: Network, sample: int = 0) -> Array:
    """Return diag(phi'(a_t)) U of one sample, (T, N, N), J_1 first."""
    a = naive.forward(naive.complete(network))[0]
    return np.array([naive.slope(network.activation, step[sample])[:, None] * network.U for step in a])


def log10_singular_values(factors: Array, digits: int = 60) -> list[float]:
    """Return log10 of the singular values of the product, the last factor leftmost; -inf for zeros."""
    with mpmath.workdps(digits):
        product = mpmath.eye(factors.shape[1])
        for factor in factors:
            product = mpmath.matrix(factor.tolist()) * product
        found = mpmath.svd_r(product, compute_uv=False)
        largest = max(found)
        floor = largest * mpmath.mpf(10) ** (10 - digits)
        return [float(mpmath.log10(v)) if v > floor else -np.inf for v in sorted(found, reverse=True)]


def isometry_variance(factors: Array) -> Any:
    """Return the variance of the squared singular values of a product that floats can hold."""
    product = np.linalg.multi_dot(factors[::-1]) if len(factors) > 1 else factors[0]
    return np.var(np.linalg.svd(product, compute_uv=False) ** 2)
