"""Statistics of the slopes phi' along a trajectory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.kernels import activations, block
from rnnlab.networks.trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class SlopeStatistics:
    """Statistics of phi'(a_t) at every step before a divergence, nan from there on."""

    mean: np.ndarray  # (G, T)
    mean_square: np.ndarray  # (G, T)
    below: np.ndarray  # (G, T), share under the threshold
    zero: np.ndarray  # (G, T), share of units that are zero for the whole batch
    always_zero: np.ndarray  # (G,), share of units that are so at all steps
    unbounded: np.ndarray  # (G,), whether phi is unbounded, so that `below` says nothing


def slope_statistics(trajectory: Trajectory, share: float) -> SlopeStatistics:
    """Return statistics of the slopes; the threshold of `below` is this share of the activation's largest slope."""
    n = trajectory.networks
    G, T, *_ = n.shape
    curves: tuple[Any, ...] = tuple(np.empty((G, T)) for _ in range(4))
    always = np.empty(G)
    threshold = np.array([share * activations.LARGEST_SLOPE[name] for name in n.activation])
    block.slopes(trajectory.slope, threshold, trajectory.diverged, *curves, always)
    unbounded = np.array([name not in activations.BOUNDED for name in n.activation])
    return SlopeStatistics(*curves, always, unbounded)  # type: ignore[call-arg]
