"""The gradient norms of many networks in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.arrays.given import networks_of
from rnnlab.arrays.gradients import PARTS
from rnnlab.arrays.pool import spread
from rnnlab.checks import checkpoints, threads
from rnnlab.networks import Networks, Trajectory, flow_back

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class GradientStatistics:
    """The loss and the gradient norms of G networks, as in Gradients; nan where one diverged."""

    loss: np.ndarray  #: (G,)
    log10_loss: np.ndarray  #: (G,)
    log10_norm: Mapping[str, np.ndarray]  #: (G,) each, of U, W, V, b, c, h0
    hidden_log10_norm: np.ndarray  #: (G, T)
    diverged_at: np.ndarray  #: (G,), 0 where nothing diverged


def gradient_statistics(
    U: ArrayLike, W: ArrayLike, V: ArrayLike, x: ArrayLike, y: ArrayLike | None = None, *,
    activation: str | Sequence[str], loss: str = "squared", loss_at: str = "every", cotangents: ArrayLike | None = None,
    h0: ArrayLike | None = None, b: ArrayLike | None = None, c: ArrayLike | None = None, workers: int | None = None,
    checkpoint: int | None = None, leak: ArrayLike = 1.0,
) -> GradientStatistics:  # fmt: skip
    """Return the losses and gradient norms of G networks of equal shape in one call, as `gradients` has them.

    Shapes: U (G, N, N), W (G, N, D), V (G, O, N), b (G, N), c (G, O); x, y (or cotangents) and h0 as for one network,
    shared by all, or with a leading G. One activation and one leak, or G of them. `workers` threads; default: the
    processors there are; `checkpoint` as for one network. A network's numbers do not depend on its neighbours or on
    the workers.

    >>> import numpy as np
    >>> import rnnlab
    >>> p = rnnlab.draw(activation="tanh", width=4, length=3, seed=0)
    >>> gains = np.array([0.5, 1.0, 2.0])  # three networks that differ in the gain of U
    >>> U, W, V = gains[:, None, None] * p.U, np.stack([p.W] * 3), np.stack([p.V] * 3)
    >>> s = rnnlab.gradient_statistics(U, W, V, p.x, p.y, activation="tanh")
    >>> s.log10_norm["U"].round(6).tolist()
    [0.256167, 0.310542, 0.393692]
    >>> s.hidden_log10_norm.shape  # (G, T)
    (3, 3)
    """
    number, steps = threads(workers), checkpoints(checkpoint)
    given = {"U": U, "W": W, "V": V, "x": x, "y": y, "cotangents": cotangents, "h0": h0, "b": b, "c": c}
    networks = networks_of(given, activation=activation, loss=loss, loss_at=loss_at, single=False, leak=leak)
    G, T, *_ = networks.shape
    statistics = GradientStatistics(
        np.empty(G), np.empty(G), {part: np.empty(G) for part in PARTS}, np.empty((G, T)), np.zeros(G, np.int64)
    )
    spread(partial(_fill, statistics, networks, steps), G, number)
    return statistics


def _fill(s: GradientStatistics, networks: Networks, checkpoint: int | None, start: int, stop: int) -> None:
    """Compute the networks start..stop-1 and put their statistics in place."""
    for slab in networks.part(start, stop).slabs():
        end = start + len(slab.U)
        flow = flow_back(Trajectory(slab), checkpoint=checkpoint)
        s.loss[start:end], s.log10_loss[start:end] = flow.loss, flow.log10_loss
        for i, part in enumerate(PARTS):
            s.log10_norm[part][start:end] = flow.log10_norm[:, i]
        s.hidden_log10_norm[start:end] = flow.hidden_log10_norm[:, 1:]
        s.diverged_at[start:end] = flow.diverged
        start = end
