"""Statistics of the slopes phi' along a trajectory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnlab.kernels import block
from rnnlab.networks.networks import Networks
from rnnlab.networks.trajectory import Trajectory
from rnnlab.plugins import is_bounded, largest_slope


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
    found = room_for_slopes(trajectory.networks)
    block.slopes(
        trajectory.slope, thresholds(trajectory.networks, share), trajectory.diverged, found.mean, found.mean_square,
        found.below, found.zero, found.always_zero,
    )  # fmt: skip
    return found


def room_for_slopes(n: Networks) -> SlopeStatistics:
    """Return statistics that nothing is known of."""
    G, T, *_ = n.shape
    curves: tuple[Any, ...] = tuple(np.full((G, T), np.nan) for _ in range(4))
    unbounded = np.array([not is_bounded(name) for name in n.activation])
    return SlopeStatistics(*curves, np.full(G, np.nan), unbounded)  # type: ignore[call-arg]


def thresholds(n: Networks, share: float) -> np.ndarray:
    """Return this share of the largest slope of every network's activation (G,)."""
    return np.array([share * largest_slope(name) for name in n.activation])
