"""What the training of networks needs beside the networks: how, on which sequences, and what counts as success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rnnlab.kernels.regime import Regime


class Lessons(Protocol):
    """Fresh sequences to train on and others to test with; `source` is an index as in `Networks.source`."""

    def batches(self, source: int, start: int, stop: int, stream: str = "training") -> tuple[np.ndarray, np.ndarray]:
        """Return x (K, T, B, D) and y (K, T, B, O) or classes (K, T, B) of the updates start..stop-1, 0-based.

        stream: `training`, or `flossing` for those before, on the flossing loss alone.
        In the dtype of the work; every update has a stream of its own, so that no order of asking changes a number.
        """

    def test(self, source: int, sequences: int) -> tuple[np.ndarray, np.ndarray]:
        """Return x (T, S, D) and y (T, S, O) or classes (T, S) of up to S sequences that no update ever sees."""


@dataclass(frozen=True, eq=False)
class Training:
    """The training of G networks on one task."""

    regime: Regime
    lessons: Lessons
    flossing_updates: np.ndarray  # (G,), updates on the flossing loss alone before training starts
    baseline: np.ndarray  # (G,), loss of the best predictor without memory: sum over the steps of the batch mean
    scored: int  # trailing steps at which answers are counted
    tolerance: float  # squared loss: an answer is right where every |o - y| is below it; nan: answers are not counted
    success: tuple[str, float]  # ("accuracy", least share of right answers) or ("loss", largest share of the baseline)

    def part(self, start: int, stop: int) -> Training:
        """Return the training of the networks start..stop-1."""
        here = slice(start, stop)
        return Training(
            regime_of_part(self.regime, here), self.lessons, self.flossing_updates[here],
            self.baseline[here], self.scored, self.tolerance, self.success,
        )  # fmt: skip


def regime_of_part(regime: Regime, here: slice) -> Regime:
    """Return the regime of some of the networks."""
    return Regime(*(values[here] for values in regime))
