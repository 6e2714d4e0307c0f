"""Lessons and networks for the tests of training: small, and drawn without any task of rnnlab."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnlab.kernels.regime import OPTIMIZERS, RULES, Regime
from rnnlab.networks import Networks, Training

T, B, N, D, O = 6, 4, 5, 2, 2
X = 3  # sources


class Echo:
    """The answer is what the first input was, or noise (`learnable` false)."""

    def __init__(self, dtype: str = "float64", learnable: bool = True) -> None:
        self.dtype, self.learnable = dtype, learnable
        self.asked: list[tuple[int, int, int]] = []

    def batches(self, source: int, start: int, stop: int, stream: str = "training") -> tuple[np.ndarray, np.ndarray]:
        self.asked.append((source, start, stop))
        kind = {"training": 1, "flossing": 3}[stream]
        drawn = [self._drawn([source, kind, u], B) for u in range(start, stop)]
        return tuple(np.stack(each) for each in zip(*drawn, strict=True))

    def test(self, source: int, sequences: int) -> tuple[np.ndarray, np.ndarray]:
        return self._drawn([source, 2], sequences)

    def _drawn(self, seed: list[int], count: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((T, count, D))
        x[1:] *= 0.1
        y = np.repeat(x[:1, :, :O], T, axis=0) if self.learnable else rng.standard_normal((T, count, O))
        return x.astype(self.dtype), y.astype(self.dtype)


def networks(
    G: int = 4, *, dtype: str = "float64", learnable: bool = True, success: Any = ("loss", 0.05),
    flossing_updates: Any = 0, **regime: Any,
) -> Networks:  # fmt: skip
    """Return G networks in training; regime: values for all of them, or (G,)."""
    rng = np.random.default_rng(7)
    source = np.arange(G) % X

    def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
        return (scale * rng.standard_normal((G, *shape))).astype(dtype)

    x, y = (np.zeros((X, T, B, n), dtype) for n in (D, O))
    zeros = np.zeros(G, np.int64)
    return Networks(
        ("tanh", "relu") * (G // 2), normal(N, N, scale=N**-0.5), normal(N, D), normal(O, N, scale=N**-0.5),
        normal(N, scale=0.1), normal(O, scale=0.1), x, source, np.zeros((1, B, N), dtype), zeros, y, source,
        "squared", "last", training=training(G, Echo(dtype, learnable), success, flossing_updates, **regime),
    )  # fmt: skip


def training(G: int, lessons: Any, success: Any, flossing_updates: Any = 0, **regime: Any) -> Training:
    given = {
        "optimizer": OPTIMIZERS["sgd"], "learning_rate": 0.05, "momentum": 0.9, "rule": RULES["full"],
        "clip_norm": np.inf, "clip_value": np.inf, "k1": T, "k2": T, "biases": False, "leak": 1.0, "penalty": 0.0,
        "flossing": 0.0, "flossing_exponents": 1, **regime,
    }  # fmt: skip
    kinds = {name: np.asarray(value).dtype for name, value in given.items()}
    filled = {name: np.broadcast_to(value, G).astype(kinds[name]).copy() for name, value in given.items()}
    return Training(
        Regime(**{name: filled[name] for name in Regime._fields}), lessons,
        np.broadcast_to(flossing_updates, G).astype(np.int64), np.full(G, 0.5 * O), 1, 0.2, success,
    )  # fmt: skip
