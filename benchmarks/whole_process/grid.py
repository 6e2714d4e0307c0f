"""What the JAX and the PyTorch script share: the grid, draws that are made once per seed, and the two tables."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("grid.toml")
NORMS = ("U", "W", "V", "b", "c", "h0")


@dataclass(frozen=True)
class Grid:
    """The axes, and for every network of one activation and length its scale and its seed."""

    activations: list[str]
    lengths: list[int]
    scales: np.ndarray
    seeds: int
    width: int
    batch: int

    @property
    def scale(self) -> np.ndarray:
        """The scale of each network, (G,)."""
        return np.repeat(self.scales, self.seeds)

    @property
    def seed(self) -> np.ndarray:
        """The seed of each network, (G,)."""
        return np.tile(np.arange(self.seeds), len(self.scales))

    def draws(self) -> dict[str, np.ndarray]:
        """Return U, W, V (S,N,N) at scale 1 and x, y (S,T,B,N) at the largest length, once per seed."""
        N, T, B = self.width, max(self.lengths), self.batch
        shapes = {"U": (N, N), "W": (N, N), "V": (N, N), "x": (T, B, N), "y": (T, B, N)}
        scales = {"U": N**-0.5, "W": N**-0.5, "V": N**-0.5, "x": 1.0, "y": 1.0}
        rngs = [np.random.default_rng(seed) for seed in range(self.seeds)]
        return {name: np.stack([scales[name] * rng.standard_normal(shapes[name]) for rng in rngs]) for name in shapes}


def read(quick: bool = False) -> Grid:
    """Read the grid of the experiment file; `quick` keeps a corner of it."""
    g = tomllib.loads(FILE.read_text(encoding="utf-8"))["grid"]
    r = g["recurrent_scale"]
    scales = np.geomspace(r["start"], r["stop"], r["num"])
    if quick:
        return Grid(g["activation"], [5, 10], scales[[0, -1]], 2, 8, 2)
    return Grid(g["activation"], g["length"], scales, g["seed"]["range"], g["width"], g["batch"])


def write(grid: Grid, parts: Iterator[tuple[str, int, dict[str, Any]]], folder: Path) -> None:
    """Write one row per trial, and one per trial and step, from (activation, length, statistics)."""
    import pandas as pd

    trials, steps, first = [], [], 0
    for activation, length, found in parts:
        s = {name: np.asarray(value) for name, value in found.items()}
        G = len(s["loss"])
        parameters = {"activation": activation, "recurrent_scale": grid.scale, "length": length, "seed": grid.seed}
        norms = {f"log10_grad_norm_{name}": s[name] for name in NORMS}
        key = first + np.arange(G)
        trials.append(pd.DataFrame({"key": key, **parameters, "loss": s["loss"], **norms}))
        columns = {"key": np.repeat(key, length), "t": np.tile(np.arange(1, length + 1), G)}
        steps.append(pd.DataFrame({**columns, "log10_grad_norm_h": s["hidden"].ravel()}))
        first += G
    folder.mkdir(parents=True, exist_ok=True)
    pd.concat(trials).to_parquet(folder / "gradients.parquet", compression="zstd", index=False)
    pd.concat(steps).to_parquet(folder / "gradients_by_step.parquet", compression="zstd", index=False)


def arguments() -> tuple[Grid, bool, Path]:
    """Return what a script is called with: the grid, whether it is tuned, and the folder for its tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tuned", action="store_true")
    parser.add_argument("--into", type=Path, required=True)
    given = parser.parse_args()
    return read(given.quick), given.tuned, given.into
