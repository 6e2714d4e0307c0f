"""Sequences that are too long to hold: drawn piece by piece when they are read."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class Sequences(Protocol):
    """Inputs or targets (X, T, B, ...) of X trials; `numpy.asarray` of it holds all of them at once."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(X, T, B, ...)."""

    def read(self, source: int, start: int, stop: int) -> np.ndarray:
        """Return the steps start..stop-1 of one trial; fast where it goes on from what was read last."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return the whole."""
