"""The grid by JAX: a jitted function of scale and seed, lax.map over networks (at this size faster than vmap).

As one writes it, activation and length are static, which compiles 12 programs. Tuned, the activation is chosen within
the program, outside the scan: 4 programs, half the compilation.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.of_jax import statistics
from benchmarks.whole_process import grid as g

PHI = {"tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}
Part = tuple[str, int, dict[str, Any]]


def plain(grid: g.Grid) -> Iterator[Part]:
    """Yield activation, length and statistics, from one program each."""
    U, W, V, x, y = (jnp.asarray(v) for v in grid.draws().values())

    @partial(jax.jit, static_argnames="activation")
    def over_networks(scale: Any, seed: Any, x: Any, y: Any, activation: str) -> dict[str, Any]:
        def one(network: tuple[Any, Any]) -> dict[str, Any]:
            factor, s = network
            return statistics(factor * U[s], W[s], V[s], x[s], y[s], PHI[activation])

        return dict(jax.lax.map(one, (scale, seed)))

    for activation in grid.activations:
        for length in grid.lengths:
            yield activation, length, over_networks(grid.scale, grid.seed, x[:, :length], y[:, :length], activation)


def tuned(grid: g.Grid) -> Iterator[Part]:
    """Yield the same, from one program a length."""
    U, W, V, x, y = (jnp.asarray(v) for v in grid.draws().values())
    kinds, G = len(grid.activations), len(grid.scale)
    branches = [partial(statistics, phi=PHI[name]) for name in grid.activations]
    networks = (np.repeat(np.arange(kinds), G), np.tile(grid.scale, kinds), np.tile(grid.seed, kinds))

    @jax.jit
    def over_networks(networks: Any, x: Any, y: Any) -> dict[str, Any]:
        def one(network: tuple[Any, Any, Any]) -> dict[str, Any]:
            kind, factor, s = network
            return dict(jax.lax.switch(kind, branches, factor * U[s], W[s], V[s], x[s], y[s]))

        return dict(jax.lax.map(one, networks))

    for length in grid.lengths:
        found = over_networks(networks, x[:, :length], y[:, :length])
        for k, activation in enumerate(grid.activations):
            yield activation, length, {name: v[k * G : (k + 1) * G] for name, v in found.items()}


if __name__ == "__main__":
    grid, is_tuned, folder = g.arguments()
    g.write(grid, (tuned if is_tuned else plain)(grid), folder)
