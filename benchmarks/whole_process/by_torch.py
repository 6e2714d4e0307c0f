"""The grid by PyTorch: networks batched with baddbmm, hidden gradients retained.

As one writes it, all networks of one activation and length are one batch. Tuned, a batch is 8 networks, whose states
stay in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.peers.of_torch import leaves, statistics
from benchmarks.whole_process import grid as g

PHI = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}


def parts(grid: g.Grid, together: int) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield activation, length and statistics."""
    draws = {name: torch.from_numpy(array) for name, array in grid.draws().items()}
    starts = range(0, len(grid.scale), together)
    for activation in grid.activations:
        for length in grid.lengths:
            batches = [batch(grid, draws, PHI[activation], length, slice(i, i + together)) for i in starts]
            yield activation, length, {name: np.concatenate([b[name] for b in batches]) for name in batches[0]}


def batch(grid: g.Grid, draws: dict[str, Any], phi: Any, length: int, part: slice) -> dict[str, np.ndarray]:
    """Return the statistics of some networks."""
    scale, seed = torch.from_numpy(grid.scale[part]), torch.from_numpy(grid.seed[part])
    U, W, V = (draws[name][seed] for name in "UWV")
    x, y = (draws[name][:, :length][seed] for name in "xy")
    return statistics(*leaves(scale[:, None, None] * U, W, V, x), x, y, phi)


if __name__ == "__main__":
    grid, is_tuned, folder = g.arguments()
    g.write(grid, parts(grid, 8 if is_tuned else len(grid.scale)), folder)
