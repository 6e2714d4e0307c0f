"""rnnlab: one call for each rule of updating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import rnnlab
from benchmarks.peers import Prepare, Statistics
from benchmarks.shapes import CLIP, RATE


def by(**rule: Any) -> Prepare:
    """Return the peer that trains by this rule."""

    def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
        options = {"activation": "tanh", "loss": "squared", "loss_at": "every"}
        return lambda: {"loss": rnnlab.train(**arrays, **options, learning_rate=RATE, clip_norm=CLIP, **rule).loss}

    return prepare


VARIANTS = {
    "full": by(),
    "full, Adam": by(optimizer="adam"),
    "truncated, k1 = k2 = 10": by(k1=10, k2=10),
    "truncated, k1 = 10, k2 = 20": by(k1=10, k2=20),
    "online": by(update_rule="online"),
    "rtrl": by(update_rule="rtrl"),
}
