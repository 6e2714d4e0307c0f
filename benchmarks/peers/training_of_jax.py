"""JAX: value_and_grad of a scan, clipping, SGD and the norms of every update, all updates in one compiled call.

As one would write it, a scan over the updates of vmap over the networks; and as is faster on a processor, one
network after another (lax.map) through all of its updates, four steps of time unrolled, half of the networks in each of
two threads. The weights go in and out of every call; data are on the device beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.peers import Prepare, Statistics  # noqa: E402
from benchmarks.shapes import CLIP, RATE  # noqa: E402

NAMES = ("U", "W", "V")
UNROLL = 4


def loss_of(weights: tuple[Any, Any, Any], x: Any, y: Any) -> Any:
    """Return the batch-mean squared loss of one network, x and y (T,B,N)."""
    U, W, V = weights

    def step(h: Any, drive: Any) -> tuple[Any, Any]:
        h = jnp.tanh(h @ U.T + drive)
        return h, h

    _, states = jax.lax.scan(step, jnp.zeros(x.shape[1:], x.dtype), x @ W.T, unroll=UNROLL)
    return 0.5 * jnp.sum((states @ V.T - y) ** 2) / x.shape[1]


def update(weights: tuple[Any, Any, Any], data: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the weights of one network after an update, and its statistics."""
    loss, found = jax.value_and_grad(loss_of)(weights, *data)
    norms = jnp.stack([jnp.linalg.norm(d) for d in found])
    kept = jnp.minimum(1.0, CLIP / jnp.linalg.norm(norms))
    new = tuple(w - RATE * kept * d for w, d in zip(weights, found, strict=True))
    return new, (loss, jnp.log10(norms), jnp.log10(norms * kept))


def moved(weights: Any, first: Any) -> Any:
    """Return how far each weight of one network has come."""
    return jnp.stack([jnp.log10(jnp.linalg.norm(w - f)) for w, f in zip(weights, first, strict=True)])


def scan_of_vmap(weights: Any, x: Any, y: Any) -> Any:
    """All networks side by side, x (K,G,T,B,N)."""
    last, (loss, before, after) = jax.lax.scan(jax.vmap(update), weights, (x, y))
    return loss.T, before.swapaxes(0, 1), after.swapaxes(0, 1), jax.vmap(moved)(last, weights)


def map_of_scan(weights: Any, x: Any, y: Any) -> Any:
    """One network after another, x (G,K,T,B,N)."""

    def one(given: Any) -> Any:
        last, kept = jax.lax.scan(update, given[0], given[1:])
        return *kept, moved(last, given[0])

    return jax.lax.map(one, (weights, x, y))


def prepared(train: Callable[..., Any], threads: int, updates_first: bool) -> Prepare:
    """Return the peer that shares the networks among threads."""

    def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
        compiled, pool = jax.jit(train), ThreadPoolExecutor(threads)
        parts = np.array_split(np.arange(len(arrays["U"])), threads)
        given = [on_device(arrays, slice(part[0], part[-1] + 1), updates_first) for part in parts]

        def train_part(part: Any) -> list[np.ndarray]:
            return [np.asarray(value) for value in compiled(*part)]

        return lambda: statistics(list(pool.map(train_part, given)))

    return prepare


def on_device(arrays: dict[str, np.ndarray], part: slice, updates_first: bool) -> tuple[Any, ...]:
    """Return weights, x and y of some networks."""
    data = [arrays[name][part].swapaxes(0, 1) if updates_first else arrays[name][part] for name in "xy"]
    return tuple(jnp.asarray(arrays[name][part]) for name in NAMES), *(jnp.asarray(values) for values in data)


def statistics(parts: list[list[np.ndarray]]) -> Statistics:
    """Return what was kept of every update, and how far the weights have come."""
    loss, before, after, last = (np.concatenate(values) for values in zip(*parts, strict=True))
    found = {"loss": loss}
    for i, name in enumerate(NAMES):
        found |= {name: before[..., i], f"{name} clipped": after[..., i], f"{name} moved": last[..., i]}
    return found


VARIANTS = {
    "scan of vmap": prepared(scan_of_vmap, 1, True),
    "map of scan": prepared(map_of_scan, 1, False),
    "map of scan, two threads": prepared(map_of_scan, 2, False),
}
