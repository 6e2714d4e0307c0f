"""JAX: a scan with jnp.linalg.qr in each step, compiled; over networks by vmap, by lax.map, or by vmap in threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.peers import Prepare, Statistics  # noqa: E402
from benchmarks.peers.frames import descending, start  # noqa: E402
from benchmarks.peers.of_jax import mapped  # noqa: E402


def spectrum(U: Any, W: Any, x: Any) -> Any:
    """Return the exponents (N,) of one tanh network, x (T, 1, N)."""

    def step(carried: tuple[Any, Any], driven: Any) -> tuple[tuple[Any, Any], Any]:
        h, Q = carried
        h = jnp.tanh(U @ h + driven)
        Q, R = jnp.linalg.qr((1 - h * h)[:, None] * (U @ Q))
        return (h, Q), jnp.log(jnp.abs(jnp.diag(R)))

    _, logs = jax.lax.scan(step, (jnp.zeros(len(U)), jnp.asarray(start(len(U)))), x[:, 0] @ W.T)
    return logs.mean(axis=0)


def prepared(over_networks: Callable[..., Any], threads: int = 1) -> Prepare:
    """Return the peer that goes over the networks in this way, each thread over a part."""

    def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
        compiled, pool = jax.jit(over_networks), ThreadPoolExecutor(threads)
        pieces = [np.array_split(arrays[name], min(threads, len(arrays["U"]))) for name in "UWx"]
        on_device = [tuple(jnp.asarray(array) for array in part) for part in zip(*pieces, strict=True)]

        def compute() -> Statistics:
            parts = list(pool.map(lambda part: np.asarray(compiled(*part)), on_device))
            return {"exponents": descending(np.concatenate(parts))}

        return compute

    return prepare


VARIANTS = {
    "vmap": prepared(jax.vmap(spectrum)),
    "lax.map": prepared(mapped(spectrum)),
    "vmap in threads": prepared(jax.vmap(spectrum), os.cpu_count() or 1),
}
