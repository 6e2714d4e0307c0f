"""JAX: the same norms by vmap(vjp), one pull-back for each loss; over networks by lax.map.

A scan whose pre-activations and states are nudged by zeros: the pull-back of the t-th loss by them is dl_t/da_k and
dl_t/dh_k for all k. What is only zeros (k > t) is computed too: the shapes are those of the whole. Norms of terms by
Gram matrices, which beats forming them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.peers import Statistics  # noqa: E402


def norms(U: Any, W: Any, V: Any, x: Any, y: Any) -> dict[str, Any]:
    """Return log10 norms (T, T) of all terms of one network."""
    T, B, N = x.shape
    driven = x @ W.T

    def losses(before: Any, after: Any) -> tuple[Any, Any]:
        def step(h: Any, now: tuple[Any, Any, Any]) -> tuple[Any, Any]:
            drive, nudge, more = now
            h = jnp.tanh(h @ U.T + drive + nudge) + more
            return h, h

        _, h = jax.lax.scan(step, jnp.zeros((B, N), x.dtype), (driven, before, after))
        return 0.5 * jnp.sum((h @ V.T - y) ** 2, (1, 2)), h

    zeros = jnp.zeros((T, B, N), x.dtype)
    _, pull, h = jax.vjp(losses, zeros, zeros, has_aux=True)
    delta, adjoint = jax.vmap(pull)(jnp.eye(T, dtype=x.dtype))  # (t, k, B, N)
    gram = jnp.einsum("tkbn,tkcn->tkbc", delta, delta)
    states = jnp.concatenate([jnp.zeros((1, B, N), x.dtype), h[:-1]])
    squares = {
        "U": jnp.einsum("tkbc,kbc->tk", gram, jnp.einsum("kbn,kcn->kbc", states, states)),
        "W": jnp.einsum("tkbc,kbc->tk", gram, jnp.einsum("kbn,kcn->kbc", x, x)),
        "b": jnp.sum(gram, (2, 3)),
        "adjoint": B * jnp.sum(adjoint**2, (2, 3)),
    }
    return {name: 0.5 * jnp.log10(jnp.maximum(value, 0)) - jnp.log10(B) for name, value in squares.items()}


def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
    """Return the call on these arrays, and the pairs k <= t of what it gives."""
    compiled = jax.jit(lambda *given: jax.lax.map(lambda one: norms(*one), given))
    on_device = [jnp.asarray(arrays[name]) for name in "UWVxy"]
    pairs = np.tril_indices(arrays["x"].shape[1])

    def compute() -> Statistics:
        return {name: np.asarray(value)[:, *pairs] for name, value in compiled(*on_device).items()}

    return compute


VARIANTS = {"vmap(vjp)": prepare}
