"""The batches that a caller gives to train on: checked as a whole, read piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from rnnlab.arrays.pool import spread
from rnnlab.checks import arrays, classes, finite
from rnnlab.errors import UsageError
from rnnlab.networks import Networks


@dataclass(frozen=True, eq=False)
class Batches:
    """x (X, updates, T, B, D) and y (X, updates, T, B, O) or classes (X, updates, T, B); X is G or 1, all share one."""

    x: np.ndarray
    y: np.ndarray
    x_own: bool  # whether the caller sees the leading axis
    y_own: bool

    @property
    def updates(self) -> int:
        """How many batches there are."""
        return self.x.shape[1]

    @property
    def sources(self) -> int:
        """How many sequences of batches there are."""
        return max(len(self.x), len(self.y))

    def of(self, start: int, stop: int) -> Batches:
        """Return the batches of the networks start..stop-1."""
        x, y = (whole[start:stop] if len(whole) > 1 else whole for whole in (self.x, self.y))
        return Batches(x, y, self.x_own, self.y_own)

    def source(self, count: int) -> np.ndarray:
        """Return which of the sequences of batches each of `count` networks sees, as `read` returns them."""
        return np.arange(count) if self.sources > 1 else np.zeros(count, np.int64)

    @property
    def x_of_one(self) -> np.ndarray:
        """Inputs of one update in shape and dtype, as the caller of `gradients` gives them; all 0: see `check`."""
        return np.zeros_like(self.x[:, 0] if self.x_own else self.x[0, 0])

    @property
    def y_of_one(self) -> np.ndarray:
        """Targets of one update, all 0."""
        return np.zeros_like(self.y[:, 0] if self.y_own else self.y[0, 0])

    def check(self, networks: Networks, workers: int) -> None:
        """Raise where an entry of any update cannot be used; updates are looked at one by one, on so many threads."""
        for name, whole, own in (("x", self.x, self.x_own), ("y", self.y, self.y_own)):
            spread(partial(_check_all, name, whole, own, networks), len(whole) * self.updates, workers)

    def read(self, first: int, last: int, networks: Networks) -> tuple[np.ndarray, np.ndarray]:
        """Return the batches of the updates first..last-1 as the kernels take them, (X, K, ...) each."""
        kinds = (networks.dtype, np.dtype(np.int64) if networks.loss == "cross_entropy" else networks.dtype)
        pieces = []
        for whole, kind in zip((self.x, self.y), kinds, strict=True):
            piece = np.require(whole[:, first:last], kind, ["C", "A", "W"])
            if len(piece) < self.sources:
                piece = np.repeat(piece, self.sources, axis=0)
            pieces.append(piece)
        return pieces[0], pieces[1]


def batches_of(x: Any, y: Any, loss: str, single: bool) -> Batches:
    """Return the batches, whose axes are those of training; what is in them `check` looks at."""
    ready = arrays({"x": x, "y": y}, optional=())
    wanted = {"x": ("T", "B", "D"), "y": ("T", "B") if loss == "cross_entropy" else ("T", "B", "O")}
    full, own = {}, {}
    for name, array in ready.items():
        axes = ("updates", *wanted[name])
        own[name] = not single and array.ndim == len(axes) + 1
        full[name] = array if own[name] else array[None]
        if full[name].ndim != len(axes) + 1 or 0 in array.shape:
            raise UsageError(f"{name} has shape {array.shape}: expected ({', '.join(axes)}), no axis of length 0")
    updates = {name: array.shape[1] for name, array in full.items()}
    if updates["x"] != updates["y"]:
        raise UsageError(f"x has {updates['x']} updates and y has {updates['y']}: give one batch of both for each")
    return Batches(full["x"], full["y"], own["x"], own["y"])


def _check_all(name: str, whole: np.ndarray, own: bool, networks: Networks, start: int, stop: int) -> None:
    for number in range(start, stop):
        source, update = divmod(number, whole.shape[1])
        _check(name, whole[source, update], networks, (source, update) if own else (update,))


def _check(name: str, array: np.ndarray, networks: Networks, place: tuple[int, ...]) -> None:
    """Check one batch; the message names the place in the array of the caller."""
    try:
        if name == "y" and networks.loss == "cross_entropy":
            classes(array, networks.V.shape[1], 0)
        else:
            finite(name, array, networks.dtype, 0)
    except UsageError as error:
        where = ", ".join(map(str, place))
        raise UsageError(str(error).replace(f"{name}[", f"{name}[{where}, ", 1)) from None
