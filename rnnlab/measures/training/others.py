"""The other measures, of networks as they are in the middle of their training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from rnnlab.measures import registry
from rnnlab.networks import Networks, Trajectory

# column -> (measure, its settings, whether it knows leaky units)
_CALLS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "growth_rate": ("gradients", {"steps": False}, True),
    "truncation_length": ("lags", {"lags": 1}, False),
    "lyapunov_max": ("lyapunov", {"exponents": 1}, False),
}


def measured(networks: Networks) -> dict[str, np.ndarray]:
    """Return what the other measures say of these networks on their sequences, (n,) each; nan where it is null."""
    leaky = networks.leak != 1.0
    found = {name: np.full(len(leaky), np.nan) for name in _CALLS}
    for knows in (True, False):
        some = np.flatnonzero(~leaky | knows)
        for at, slab in _slabs(networks, some):
            trajectory = Trajectory(slab)
            for name, (measure, settings, able) in _CALLS.items():
                if able == knows:
                    found[name][at] = _column(measure, settings, name, slab, trajectory)
    return found


def _slabs(networks: Networks, some: np.ndarray) -> Iterator[tuple[np.ndarray, Networks]]:
    start = 0
    for slab in chosen(networks, some).slabs() if len(some) else ():
        yield some[start : start + slab.shape[0]], slab
        start += slab.shape[0]


def _column(measure: str, settings: dict[str, Any], name: str, networks: Networks, trajectory: Trajectory) -> Any:
    module = registry()[measure]
    values = module.measure(networks, trajectory, module.Settings(**settings))[measure][name]
    return np.ma.filled(np.ma.asarray(values, np.float64), np.nan)


def chosen(networks: Networks, some: np.ndarray) -> Networks:
    """Return some of the networks, of which nothing is known but their arrays."""
    n = networks
    return replace(
        n, activation=tuple(n.activation[i] for i in some), U=n.U[some], W=n.W[some], V=n.V[some], b=n.b[some],
        c=n.c[some], source=n.source[some], initial=n.initial[some], target=n.target[some], known_leak=n.leak[some],
        drive=None, known_gain=None, known_spectra=None, known_init=None, known_drive=None, training=None,
    )  # fmt: skip


def radii(U: np.ndarray) -> np.ndarray:
    """Return the spectral radius of each matrix (n,)."""
    return np.array([np.abs(np.linalg.eigvals(each.astype(np.float64))).max() for each in U])
