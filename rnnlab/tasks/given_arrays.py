"""Sequences of the user's own, checked: x (T, S, D), y (T, S, O) or classes (T, S) or (S,), maybe x_test and y_test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnnlab.errors import did_you_mean

NAMES = ("x", "y", "x_test", "y_test")
MOST_CLASSES = 2**20


class Unfit(ValueError):
    """What a file holds does not do; the message continues the file's name."""


class Held(NamedTuple):
    """Sequences in float64; where a sequence has one class, it stands at every step."""

    x: np.ndarray  # (T, S, D)
    y: np.ndarray  # (T, S, O), or classes (T, S)
    x_test: np.ndarray
    y_test: np.ndarray
    kinds: int  # classes, 0 where there are none
    last: bool  # whether there is an answer at the last step alone


def of_arrays(given: Mapping[str, np.ndarray]) -> Held:
    """Return the sequences of a training and a test part; raises Unfit with what is wrong."""
    _check_names(given)
    x, y = _inputs("x", given["x"]), _targets("y", given["y"])
    last = y.ndim == 1
    x, y = _together("x", x, "y", y)
    if "x_test" in given:
        x_test, y_test = _together(
            "x_test", _inputs("x_test", given["x_test"]), "y_test", _targets("y_test", given["y_test"])
        )
        _check_alike(x, y, x_test, y_test)
    else:
        x, x_test = _parted(x)
        y, y_test = _parted(y)
    kinds = int(max(y.max(), y_test.max())) + 1 if y.ndim == 2 else 0
    return Held(x, y, x_test, y_test, kinds, last)


def _check_names(given: Mapping[str, np.ndarray]) -> None:
    for name in given:
        if name not in NAMES:
            raise Unfit(f"holds {name!r:.60}, which is unknown.{did_you_mean(name, NAMES)}")
    for name in ("x", "y"):
        if name not in given:
            raise Unfit(f"has no array {name}; it must have x (T, S, D) and y, and may have x_test and y_test")
    for name, other in (("x_test", "y_test"), ("y_test", "x_test")):
        if name in given and other not in given:
            raise Unfit(f"has {name} but no {other}; give both, or neither: then the last fifth is the test part")


def _inputs(name: str, values: np.ndarray) -> np.ndarray:
    if values.ndim != 3 or not values.size:
        raise Unfit(f"has {name} of shape {values.shape}; it must be (T, S, D): steps, sequences, inputs")
    return _numbers(name, values)


def _targets(name: str, values: np.ndarray) -> np.ndarray:
    whole = values.dtype.kind in "iu"
    if not values.size or (values.ndim != 3 and not (whole and values.ndim in (1, 2))):
        kind = f"of shape {values.shape} and dtype {values.dtype}"
        raise Unfit(f"has {name} {kind}; it must be (T, S, O), or classes, whole numbers, (T, S) or (S,)")
    if values.ndim == 3:
        return _numbers(name, values)
    if values.min() < 0 or values.max() >= MOST_CLASSES:
        odd = values.min() if values.min() < 0 else values.max()
        raise Unfit(f"has a class {odd} in {name}; classes count from 0, and there are at most {MOST_CLASSES}")
    return values.astype(np.int64)


def _numbers(name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "fiub":
        raise Unfit(f"has {name} of dtype {values.dtype}; it must hold real numbers")
    numbers = values.astype(np.float64)
    odd = np.argwhere(~np.isfinite(numbers))
    if len(odd):
        place = ", ".join(str(i) for i in odd[0])
        raise Unfit(f"has {numbers[tuple(odd[0])]} at {name}[{place}]; every number must be finite")
    return numbers


def _together(name: str, x: np.ndarray, other: str, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and targets of the same steps and sequences; a class for each sequence is written to every step."""
    T, S, _D = x.shape
    expected = (S,) if y.ndim == 1 else (T, S)
    if y.shape[:2] != expected:
        raise Unfit(
            f"has {name} of shape {x.shape} and {other} of shape {y.shape}; steps and sequences must be the same"
        )
    return x, np.broadcast_to(y, (T, S)) if y.ndim == 1 else y


def _check_alike(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray) -> None:
    for name, one, two in (("x", x, x_test), ("y", y, y_test)):
        if one.ndim != two.ndim or len(one) != len(two) or one.shape[2:] != two.shape[2:]:
            raise Unfit(
                f"has {name} of shape {one.shape} and {name}_test of shape {two.shape}; only the number of sequences "
                "may differ"
            )


def _parted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    S = values.shape[1]
    if S < 2:
        raise Unfit("has one sequence; a test part needs another. Give more, or x_test and y_test")
    start = S - max(1, S // 5)
    return values[:, :start], values[:, start:]
