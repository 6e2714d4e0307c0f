"""The gradient by U, lag by lag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnlab.kernels import lags, losses
from rnnlab.kernels.lags import Statistics, Totals
from rnnlab.kernels.terms import Plan
from rnnlab.networks import Networks, Trajectory
from rnnlab.networks.backpropagation import _curves, _gradient, _space, _targets
from rnnlab.networks.networks import packed
from rnnlab.networks.workspace import workspace
from rnnlab.pairs import space


@dataclass(frozen=True, eq=False)
class LagStatistics:
    """What is known of every lag l = t - k, 0..T-1, of dL/dU; nan where a network diverged.

    A pair whose h_{k-1} is exactly zero for the whole batch, as h_0 often is, has nothing to contribute and is not
    counted: its zero says nothing about the adjoint.
    """

    pairs: np.ndarray  # (G, T), pairs that count
    zeros: np.ndarray  # (G, T), those of them whose contribution is exactly zero
    rms: np.ndarray  # (G, T), log10 of the root mean square over pairs of ‖contribution‖; nan where there is none
    mean_log: np.ndarray  # (G, T), mean of log10 ‖contribution‖ where it is not zero; nan where all are
    norm: np.ndarray  # (G, T), log10 ‖G_l‖
    share: np.ndarray  # (G, T), ⟨G_l, G⟩ / ‖G‖²; nan where G is zero
    cosine: np.ndarray  # (G, T), nan where G_l is zero
    error: np.ndarray  # (G, T+1), log10 of ‖G - Σ_{l<K} G_l‖ / ‖G‖ for K = 0..T, down to rounding
    total: np.ndarray  # (G,), log10 ‖G‖
    diverged: np.ndarray  # (G,)


def lag_sweep(trajectory: Trajectory) -> LagStatistics:
    """Return the statistics of every lag of dL/dU, of the batch-mean loss: one sweep for all t."""
    n = trajectory.networks
    G, T, *_ = n.shape
    out = Statistics(  # type: ignore[call-arg]
        *(np.empty((G, T)) for _ in range(2)), np.zeros((G, T), np.int64), *(np.empty((G, T)) for _ in range(3)),
        np.empty((G, T + 1)), np.empty(G),
    )  # fmt: skip
    diverged = trajectory.diverged.copy()
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
    blank = _blank(trajectory)
    all_pairs = np.ones((G, T), np.int64) if n.loss_at == "last" else np.tile(np.arange(T, 0, -1), (G, 1))
    none = blank[:, ::-1].astype(np.int64) if n.loss_at == "last" else np.cumsum(blank, axis=1)[:, ::-1]
    pairs = all_pairs - none
    with np.errstate(divide="ignore", invalid="ignore"):
        rms = np.where(pairs > 0, out.rms + 0.5 * np.log10(all_pairs / pairs), np.nan)
    mean_log = np.where(np.isneginf(out.mean_log), np.nan, out.mean_log)
    return LagStatistics(
        pairs, np.where(diverged[:, None] > 0, 0, out.zeros - none), rms, mean_log, out.norm, out.share, out.cosine,
        out.error, out.total, diverged,
    )  # fmt: skip


def _blank(trajectory: Trajectory) -> np.ndarray:
    """Return whether h_{k-1} is exactly zero for the whole batch (G, T), k = 1..T."""
    T = trajectory.slope.shape[1]
    blank = trajectory.rms[:, :T] == 0  # which squares that underflow may also be
    for g, k in np.argwhere(blank):
        blank[g, k] = not trajectory.h[g, k].any()
    return blank


def _totals(n: Networks, p: Plan) -> Totals:
    _G, T, B, N, *_ = n.shape
    R = T * B if n.loss_at == "last" else 0
    take = workspace.take
    return Totals(
        take("lag", (N, N), n.dtype), take("whole", (N, N), n.dtype), take("missing", (N, N), np.float64),
        take("lag_sent", (R, N), n.dtype), take("lag_sent_exponent", (R,), np.int64),
        take("lag_mate", (max(R, p.steps * B) * N,), n.dtype),
    )  # fmt: skip
