"""What a task tells of itself, so that everything but the drawing can do without knowing which it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from rnnlab.trial import Trial

MOST_BYTES = 2**28  # of the inputs and targets of one trial that are held at once


@dataclass(frozen=True, slots=True)
class Form:
    """What a trial of a task may look like; the first of several values is the one that stands where none is given."""

    losses: tuple[str, ...]
    loss_at: tuple[str, ...]
    inputs: int | None = None  # None: any number
    outputs: int | None = None
    shortest: int = 1
    lengths: tuple[int, ...] = ()  # the only ones, where there are such
    most_batch: int | None = None  # sequences that there are to make a batch of
    more_outputs: bool = False  # whether a network may have more outputs than the task needs


class Task(Protocol):
    """A module of this folder."""

    NAME: str
    FORM_OF: tuple[str, ...]  # the parameters that its form depends on: of "length" and "data"
    DRAWN_BY: tuple[str, ...]  # the parameters that its sequences depend on, beside sizes, loss and data
    SUCCESS: Mapping[str, tuple[str, float]]  # by loss: ("accuracy", least share) or ("loss", most of the baseline)
    TOLERANCE: float  # squared loss: an answer is right where every |o - y| is below it; nan: none is counted

    def form(self, length: int, data: str) -> Form:
        """Return what a trial of this length and data may look like."""

    def draw(
        self, trial: Trial, first: np.random.Generator, second: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return x (T, B, D) and y (T, B, O) in float64, or classes (T, B).

        Inputs from the first generator and targets from the second one, as far as they are not of the inputs.
        """

    def baseline(self, trial: Trial) -> float:
        """Return the loss of the best predictor that sees nothing but the time step and the input of that step.

        In the units of our loss: the sum over the steps that have one of its mean over the batch.
        """

    def scored(self, trial: Trial) -> int:
        """Return the trailing steps at which answers are counted."""


def steps_of(trial: Trial) -> int:
    """Return how many steps have a loss."""
    return trial.length if trial.loss_at == "every" else 1


def one_hot(codes: np.ndarray, kinds: int) -> np.ndarray:
    """Return codes (...) as vectors (..., kinds) of one 1 each."""
    import numpy as np

    return np.asarray(codes[..., None] == np.arange(kinds), np.float64)
