"""The norm bound: what no gradient exceeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnnlab.errors import UsageError
from rnnlab.kernels.activation_table import LARGEST_SLOPE
from rnnlab.plugins import largest_slope
from rnnlab.theory.arguments import known

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

STEEPEST_SLOPE = LARGEST_SLOPE


def steepest_slope(activation: str) -> float:
    """Return γ = max |phi'|, which bounds the Jacobian: ‖diag(phi'(a)) U‖₂ <= γ ‖U‖₂.

    >>> steepest_slope("sigmoid")
    0.25
    """
    return largest_slope(known(activation))


def norm_bound(activation: str, spectral_norm: ArrayLike) -> NDArray[np.float64]:
    """Return ln(γ‖U‖₂), the growth rate that no gradient exceeds (Pascanu, Mikolov, Bengio 2013), in nats/step.

    Below 0 the gradient must vanish; above 0 it may explode, but need not. -inf where U is zero, nan where a norm is.
    Raises UsageError for a norm that is negative.

    >>> norm_bound("sigmoid", [2.0, 4.0, 8.0]).round(6).tolist()
    [-0.693147, 0.0, 0.693147]
    """
    norms = np.asarray(spectral_norm, dtype=np.float64)
    if np.any(norms < 0):
        raise UsageError(f"spectral_norm = {float(norms.min())!r} is no norm: give 0 or more")
    with np.errstate(divide="ignore"):
        return np.log(steepest_slope(activation) * norms)
