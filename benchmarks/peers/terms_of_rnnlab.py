"""rnnlab: the norms of all temporal terms, and the gradient by lag, of G networks on threads of their own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.peers import Prepare, Statistics
from rnnlab.arrays import networks_of
from rnnlab.machine import processors
from rnnlab.networks import Networks, Trajectory, backpropagate
from rnnlab.pairs import lag_sweep, term_norms


def networks(arrays: dict[str, np.ndarray], loss_at: str) -> list[Networks]:
    """Return the networks, one by one."""
    given = dict.fromkeys(("b", "c", "h0", "cotangents")) | arrays
    block = networks_of(given, activation="tanh", loss="squared", loss_at=loss_at, single=False)
    return [block.part(g, g + 1) for g in range(len(block.U))]


def prepared(compute: Callable[[Trajectory], Any], loss_at: str, names: tuple[str, ...] = ()) -> Prepare:
    """Return the peer that computes this of every network, and of what it found these names."""

    def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
        parts, pool = networks(arrays, loss_at), ThreadPoolExecutor(processors())

        def all_networks() -> Statistics:
            found = list(pool.map(lambda one: compute(Trajectory(one)), parts))
            return {name: np.concatenate([getattr(each, name) for each in found]) for name in names}

        return all_networks

    return prepare


VARIANTS = {
    "terms": prepared(term_norms, "every", ("U", "W", "b", "adjoint")),
    "lags": prepared(lag_sweep, "every"),
    "lags, loss at last": prepared(lag_sweep, "last"),
    "gradients, loss at last": prepared(backpropagate, "last"),
}
