"""rnnlab: one call; and the same without the statistics of every update, which no caller can ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partialmethod

import numpy as np

import rnnlab
from benchmarks.peers import Statistics
from benchmarks.shapes import CLIP, RATE
from rnnlab.networks.trainer import Trainer

NAMES = ("U", "W", "V")


def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
    """Return the call of rnnlab.train on these arrays."""

    def compute() -> Statistics:
        t = rnnlab.train(
            **arrays, activation="tanh", loss="squared", loss_at="every", learning_rate=RATE, clip_norm=CLIP
        )
        found = {"loss": t.loss}
        for name in NAMES:
            change = np.linalg.norm(getattr(t, name) - arrays[name], axis=(1, 2))
            clipped = t.log10_clipped_norm[name]
            found |= {name: t.log10_grad_norm[name], f"{name} clipped": clipped, f"{name} moved": np.log10(change)}
        return found

    return compute


def prepare_without(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
    """Return the same call of a trainer that is asked for losses alone."""
    train, advance = prepare(arrays), Trainer.advance

    def compute() -> Statistics:
        Trainer.advance = partialmethod(advance, told=False)  # type: ignore[assignment, method-assign]
        try:
            found = train()
        finally:
            Trainer.advance = advance  # type: ignore[method-assign]
        return {"loss": found["loss"], **{f"{name} moved": found[f"{name} moved"] for name in NAMES}}

    return compute


VARIANTS = {"train": prepare, "without statistics": prepare_without}
