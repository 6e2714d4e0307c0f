"""JAX: a scan with jnp.linalg.qr in each step, compiled; over networks by vmap or by lax.map."""

from __future__ import annotations

from collections.abc import Callable
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


def prepared(over_networks: Callable[..., Any]) -> Prepare:
    """Return the peer that goes over the networks in this way."""

    def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
        compiled = jax.jit(over_networks)
        on_device = tuple(jnp.asarray(arrays[name]) for name in "UWx")
        return lambda: {"exponents": descending(np.asarray(compiled(*on_device)))}

    return prepare


VARIANTS = {
    "vmap": prepared(jax.vmap(spectrum)),
    "lax.map": prepared(mapped(spectrum)),
}
