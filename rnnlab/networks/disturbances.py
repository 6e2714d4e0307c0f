"""Trajectories whose states are rounded from outside at every step: what follows them is not better known than that."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rnnlab.networks.networks import Networks
from rnnlab.networks.trajectory import Trajectory

_SEED = 20_131_211_5063  # part of the numbers: never change it


def disturbed(networks: Networks, passes: int) -> Iterator[Trajectory]:
    """Yield trajectories with h_t ← h_t (1 + eps·ξ) at every step, ξ uniform in ±1, eps of the dtype of the work.

    ξ is the same for all networks of one shape, and for every run. A trajectory is valid until the next one.
    """
    _G, T, B, N, *_ = networks.shape
    eps = np.finfo(networks.dtype).eps
    for number in range(passes):
        generator = np.random.Generator(np.random.PCG64([_SEED, number]))
        factors = generator.random((T, B, N), dtype=np.float32).astype(networks.dtype, copy=False)
        factors *= 2 * eps
        factors += 1 - eps
        yield Trajectory(networks, factors)
