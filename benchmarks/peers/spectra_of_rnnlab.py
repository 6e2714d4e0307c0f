"""rnnlab: the measure `lyapunov` with all it finds besides exponents, half of the networks in each thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.peers import Prepare, Statistics
from rnnlab.measures import lyapunov
from rnnlab.networks import Networks, Trajectory


def prepared(**options: Any) -> Prepare:
    """Return the peer with these settings."""
    settings = lyapunov.Settings(burn_in=0, **options)

    def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
        G, N = arrays["U"].shape[:2]
        index, batch = np.arange(G), arrays["x"].shape[2]
        networks = Networks(
            ("tanh",) * G, arrays["U"], arrays["W"], arrays["V"], np.zeros((G, N)), np.zeros((G, N)), arrays["x"],
            index, np.zeros((1, batch, N)), np.zeros(G, np.int64), arrays["y"], index,
        )  # fmt: skip
        workers = min(G, os.cpu_count() or 1)
        cuts = np.linspace(0, G, workers + 1).astype(int)
        pool = ThreadPoolExecutor(workers)

        def part(start: int, stop: int) -> dict[str, np.ndarray]:
            block = networks.part(start, stop)
            tables = lyapunov.measure(block, Trajectory(block), settings)
            exponents = np.asarray(tables["lyapunov_by_index"]["lyapunov_exponent"]).reshape(-1, N)
            return {"exponents": exponents, "interval": np.asarray(tables["lyapunov"]["qr_interval"])}

        def compute() -> Statistics:
            parts = list(pool.map(part, cuts[:-1], cuts[1:]))
            return {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}

        return compute

    return prepare


VARIANTS = {"every step": prepared(interval=1), "auto": prepared(interval="auto")}
