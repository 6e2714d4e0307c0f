"""JAX: jax.grad of a scan, compiled; over networks by vmap or by lax.map, whichever is faster at a shape.

Hidden gradients are those of zero perturbations added to h_1 .. h_T. W x + b and V h + c stand outside the scan, where
they are one product for all times. Besides, the same with the adjoint written by hand, which needs no autodiff and
makes dU one product for all times: more than one would write, but JAX can do it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.peers import Prepare, Statistics  # noqa: E402


def loss_of(parameters: dict[str, Any], x: Any, y: Any, phi: Callable[[Any], Any] = jnp.tanh) -> Any:
    """Return the batch-mean squared loss of one network, x and y (T,B,N)."""
    p = parameters

    def step(h: Any, now: tuple[Any, Any]) -> tuple[Any, Any]:
        driven, nudge = now
        h = phi(h @ p["U"].T + driven) + nudge
        return h, h

    _, states = jax.lax.scan(step, p["h0"], (x @ p["W"].T + p["b"], p["hidden"]))
    return 0.5 * jnp.sum((states @ p["V"].T + p["c"] - y) ** 2) / x.shape[1]


def statistics(U: Any, W: Any, V: Any, x: Any, y: Any, phi: Callable[[Any], Any] = jnp.tanh) -> dict[str, Any]:
    """Return loss and log10 norms of one network."""
    (_T, B, N), O, zeros = (*x.shape[:2], len(U)), len(V), partial(jnp.zeros, dtype=x.dtype)
    extra = {"b": zeros(N), "c": zeros(O), "h0": zeros((B, N)), "hidden": zeros((len(x), B, N))}
    loss, d = jax.value_and_grad(partial(loss_of, phi=phi))({"U": U, "W": W, "V": V, **extra}, x, y)
    norms = {name: jnp.log10(jnp.linalg.norm(d[name])) for name in ("U", "W", "V", "b", "c")}
    states = {"h0": jnp.sqrt(jnp.sum(d["h0"] ** 2) * B), "hidden": jnp.sqrt(jnp.sum(d["hidden"] ** 2, (1, 2)) * B)}
    return {"loss": loss, **norms, **{name: jnp.log10(norm) for name, norm in states.items()}}


def statistics_by_hand(U: Any, W: Any, V: Any, x: Any, y: Any) -> dict[str, Any]:
    """Return the same of a tanh network with BPTT written out."""
    T, B, N = x.shape
    start = jnp.zeros((B, N), x.dtype)

    def forwards(h: Any, driven: Any) -> tuple[Any, Any]:
        h = jnp.tanh(h @ U.T + driven)
        return h, h

    def backwards(carried: Any, now: tuple[Any, Any]) -> tuple[Any, Any]:
        direct, slope = now
        total = direct + carried
        return (slope * total) @ U, (total, slope * total)

    _, h = jax.lax.scan(forwards, start, x @ W.T)
    residual = h @ V.T - y
    first, (total, delta) = jax.lax.scan(backwards, start, (residual @ V, 1 - h**2), reverse=True)
    before = jnp.concatenate([start[None], h[:-1]])
    d, r, s, b, i = (v.reshape(T * B, -1) for v in (delta, residual, h, before, x))
    mean = {"U": d.T @ b, "W": d.T @ i, "V": r.T @ s, "b": d.sum(0), "c": r.sum(0)}
    norms = {name: jnp.log10(jnp.linalg.norm(v) / B) for name, v in mean.items()}
    states = {"h0": jnp.sum(first**2), "hidden": jnp.sum(total**2, (1, 2))}
    return {"loss": 0.5 * jnp.sum(r**2) / B, **norms, **{name: 0.5 * jnp.log10(v / B) for name, v in states.items()}}


def prepared(over_networks: Callable[..., Any]) -> Prepare:
    """Return the peer that goes over the networks in this way."""

    def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
        compiled = jax.jit(over_networks)
        on_device = [jnp.asarray(arrays[name]) for name in "UWVxy"]
        return lambda: {name: np.asarray(value) for name, value in compiled(*on_device).items()}

    return prepare


def mapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function over networks one after the other."""
    return lambda *arrays: jax.lax.map(lambda one: function(*one), arrays)


VARIANTS = {
    "vmap": prepared(jax.vmap(statistics)),
    "lax.map": prepared(mapped(statistics)),
    "vmap, adjoint by hand": prepared(jax.vmap(statistics_by_hand)),
    "lax.map, adjoint by hand": prepared(mapped(statistics_by_hand)),
}
