"""Digits: handwritten digits of 8x8 pixels, one pixel a step or one row a step; the class at the end is the digit.

The sequential digits of Le, Jaitly and Hinton 2015 in small: the UCI set inside scikit-learn, kept beside this file
(README.md names source and licence). Pixels in 0..1. A batch is drawn from four fifths of it without replacement, the
last fifth is for tests.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnnlab.tasks import predictors
from rnnlab.tasks.contract import Form
from rnnlab.trial import Trial

NAME = "digits"
FORM_OF = ("length",)
DRAWN_BY = ("seed",)
SUCCESS = {"cross_entropy": ("accuracy", 0.9)}
TOLERANCE = math.nan
FILE = Path(__file__).with_name("digits.parquet")
SIDE, KINDS, TRAINING = 8, 10, 1442


class Digits(NamedTuple):
    """Images (S, 64), row by row, and which digits they are (S,)."""

    pixels: np.ndarray
    digits: np.ndarray


def form(length: int, data: str) -> Form:
    """Return the form: 64 steps of a pixel each, or 8 steps of a row."""
    return Form(
        losses=("cross_entropy",), loss_at=("last",), inputs=SIDE if length == SIDE else 1, outputs=KINDS,
        lengths=(SIDE**2, SIDE), most_batch=TRAINING,
    )  # fmt: skip


def draw(trial: Trial, first: np.random.Generator, second: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels x (T, B, D) of random digits of the training part, and the class (T, B) at every step."""
    part = kept(False)
    chosen = first.permutation(len(part.digits))[: trial.batch]
    return _sequences(trial, part.pixels[chosen], part.digits[chosen])


def test(trial: Trial, sequences: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first sequences of the test part, all of them where it has no more."""
    part = kept(True)
    return _sequences(trial, part.pixels[:sequences], part.digits[:sequences])


def _sequences(trial: Trial, pixels: np.ndarray, digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    T = trial.length
    x = pixels.reshape(len(pixels), T, -1).transpose(1, 0, 2)
    return np.ascontiguousarray(x), np.broadcast_to(digits, (T, len(digits)))


@cache
def kept(test: bool) -> Digits:
    """Return the part for tests, or that for training."""
    import pyarrow.parquet as pq

    table = pq.read_table(FILE)
    here = table["test"].to_numpy() == test
    pixels = table["pixels"].combine_chunks().flatten().to_numpy().reshape(-1, SIDE**2)
    return Digits(pixels[here] / 16.0, table["digit"].to_numpy()[here].astype(np.int64))


@cache
def _of_last_input(inputs: int) -> float:
    part = kept(False)
    return predictors.cross_entropy(part.pixels[:, -inputs:], part.digits, KINDS)


def baseline(trial: Trial) -> float:
    """Return the loss of the best softmax of a linear function of the last pixel or row, on the training part."""
    return _of_last_input(trial.inputs)


def scored(trial: Trial) -> int:
    """Return the last step."""
    return 1
