"""The gradient by U, lag by lag."""

from __future__ import annotations

import numpy as np

from rnnlab.kernels import lags, losses
from rnnlab.kernels.lags import Statistics, Totals
from rnnlab.kernels.terms import Plan
from rnnlab.networks import Networks, Trajectory, backpropagate
from rnnlab.networks.backpropagation import _curves, _gradient, _space, _targets
from rnnlab.networks.networks import packed
from rnnlab.networks.workspace import workspace
from rnnlab.pairs import space


def lag_sweep(trajectory: Trajectory) -> Statistics:
    """Return the statistics of every lag l = t - k of dL/dU, of the batch-mean loss: one sweep for all t."""
    n = trajectory.networks
    G, T, *_ = n.shape
    out = Statistics(
        *(np.empty((G, T)) for _ in range(2)), np.zeros((G, T), np.int64), *(np.empty((G, T)) for _ in range(3)),
        np.empty((G, T + 1)), np.empty(G),
    )  # fmt: skip
    diverged = trajectory.once(backpropagate).diverged
    y, classes = _targets(n)
    p, kind = space.plan(n), losses.CODES[n.loss]
    if n.loss_at == "last":
        lags.lags_of_last(
            n.U, n.V, n.c, y, classes, n.target, kind, trajectory.h, trajectory.slope, diverged, packed(n), _space(n),
            space.launch(n, p), _totals(n, p), out,
        )  # fmt: skip
    else:
        lags.lags_of_every(
            n.U, n.V, n.c, np.asarray(n.x), n.source, y, classes, n.target, kind, trajectory.h, trajectory.slope,
            diverged, n.chunk, packed(n), _space(n), _gradient(n, False), _curves(1, T, False), p, space.slopes(n, p),
            space.columns(n, p, "lags", -(-T // p.steps)), space.launch(n, p), space.mates(n, "state", T),
            space.room(n, p), _totals(n, p), out,
        )  # fmt: skip
    return out


def _totals(n: Networks, p: Plan) -> Totals:
    _G, T, B, N, *_ = n.shape
    R = T * B if n.loss_at == "last" else 0
    take = workspace.take
    return Totals(
        take("lag", (N, N), n.dtype), take("whole", (N, N), n.dtype), take("missing", (N, N), np.float64),
        take("lag_sent", (R, N), n.dtype), take("lag_sent_exponent", (R,), np.int64),
        take("lag_mate", (max(R, p.steps * B) * N,), n.dtype),
    )  # fmt: skip
