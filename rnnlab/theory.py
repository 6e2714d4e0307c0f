"""What theory says of a network before it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnnlab.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

STEEPEST_SLOPE = {"tanh": 1.0, "sigmoid": 0.25, "relu": 1.0, "identity": 1.0}


def steepest_slope(activation: str) -> float:
    """Return γ = max phi', which bounds the Jacobian: ‖diag(phi'(a)) U‖₂ <= γ ‖U‖₂."""
    try:
        return STEEPEST_SLOPE[activation]
    except KeyError:
        raise UsageError(f"activation {activation!r} is unknown.{did_you_mean(activation, STEEPEST_SLOPE)}") from None


def norm_bound(activation: str, spectral_norm: ArrayLike) -> NDArray[np.float64]:
    """Return ln(γ‖U‖₂), the growth rate that no gradient exceeds (Pascanu, Mikolov, Bengio 2013), in nats/step.

    Below 0 the gradient must vanish; above 0 it may explode, but need not. -inf where U is zero.
    """
    with np.errstate(divide="ignore"):
        return np.log(steepest_slope(activation) * np.asarray(spectral_norm, dtype=np.float64))
