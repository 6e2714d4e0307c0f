"""One network with all that the kernels of the remedies take: states, packed weights, room and a gradient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from rnnlab import networks
from rnnlab.kernels import backward, block, linalg, losses
from rnnlab.kernels.scaled import EMPTY
from rnnlab.networks import backpropagation
from rnnlab.networks.networks import packed
from tests.cases import block_of
from tests.naive import Array, Network


class Stage(NamedTuple):
    """One network after forward and backward; arrays of this one network."""

    U: Array
    packed: block.Packed
    exponent: int  # of packed.U
    leak: float
    readout: backward.Readout
    h: Array
    slope: Array
    x: Array
    chunk: int
    space: backward.Space
    gradient: backward.Gradient
    curves: backward.Curves


def stage(network: Network, leak: float = 1.0, since: int = 0, chunk: int = 0) -> Stage:
    """Run a network forward and back."""
    n = replace(block_of(network), known_leak=np.array([leak]))
    trajectory = networks.Trajectory(n)
    assert trajectory.diverged[0] == 0
    room, chunk = packed(n), chunk or n.chunk
    exponent = int(linalg.pack_tamed(n.U[0], room.U))
    linalg.pack_transposed(n.V[0], room.outward)
    y, classes = backpropagation._targets(n)
    readout = backward.Readout(
        room.V, int(linalg.pack_tamed(n.V[0], room.V)), room.outward, n.c[0], y[0], classes[0], losses.CODES[n.loss],
        n.loss_at == "every", since,
    )  # fmt: skip
    found = Stage(
        n.U[0], room, exponent, leak, readout, trajectory.h[0], trajectory.slope[0], np.asarray(n.x[0]), chunk,
        backpropagation._space(n), backpropagation._gradient(n, True), _curves(len(n.x[0])),
    )  # fmt: skip
    back(found)
    return found


def back(s: Stage) -> None:
    """Fill the gradient of the loss."""
    T = len(s.slope)
    args = (0, T, s.packed.U, s.exponent, s.leak, s.readout, s.h, s.slope, s.x, s.chunk, s.space, s.gradient, s.curves)
    assert backward.backward(*args) == 0


def value(part: Array, exponent: Any) -> Array:
    """Return an array of a gradient, times its power of two, in float64."""
    assert exponent > EMPTY
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(part.astype(np.float64), int(np.clip(exponent, -4000, 4000)))


def _curves(length: int) -> backward.Curves:
    c = backpropagation._curves(1, length, False)
    return backward.Curves(*(part[0] for part in c))
