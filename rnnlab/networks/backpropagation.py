"""The gradients that flow back along a trajectory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rnnlab.kernels import backward, block, losses
from rnnlab.networks.networks import Networks, packed
from rnnlab.networks.trajectory import Trajectory
from rnnlab.networks.workspace import workspace


@dataclass(frozen=True, eq=False)
class Backpropagation:
    """What flows back along a trajectory: norms as log10 in float64, -inf for an exact zero, nan where it diverged."""

    diverged: np.ndarray  # (G,), first step with a state or output that is not finite, or 0
    loss: np.ndarray  # (G,), inf where it overflows
    log10_loss: np.ndarray  # (G,)
    log10_norm: np.ndarray  # (G, 6), of U, W, V, b, c (batch mean of the loss) and h0 (rms over the batch)
    step_loss: np.ndarray  # (G, T)
    hidden_log10_norm: np.ndarray  # (G, T+1), log10 sqrt(mean_b ‖dl_b/dh_t‖²), t = 0..T
    mean_log: np.ndarray  # (G, T+1), mean_b ln ‖dl_b/dh_t‖; (G, 0) where the loss is at every step
    gradient: backward.Gradient  # of the last network, summed over the batch, times 2^exponent


def backpropagate(trajectory: Trajectory, *, keep: bool = False) -> Backpropagation:
    """Return the gradients of the networks' loss.

    `keep` keeps the gradient of the last network in arrays of its own; otherwise only the norms are worth reading.
    """
    n = trajectory.networks
    G, T, *_ = n.shape
    gradient = _gradient(n, keep)
    curves = _curves(G, T, n.loss_at == "last")
    norms, loss, log10_loss = np.empty((G, 6)), np.empty(G), np.empty(G)
    diverged = trajectory.diverged.copy()
    y, classes = _targets(n)
    block.gradients(
        0, n.U, n.V, n.c, n.leak, np.asarray(n.x), n.source, y, classes, n.target, losses.CODES[n.loss],
        n.loss_at == "every", trajectory.h, trajectory.slope, diverged, n.chunk, packed(n),
        _space(n), gradient, curves, norms, loss, log10_loss,
    )  # fmt: skip
    step_loss = losses_of(curves)
    return Backpropagation(diverged, loss, log10_loss, norms, step_loss, curves.hidden, curves.mean_log, gradient)


def losses_of(curves: backward.Curves) -> np.ndarray:
    """Return the loss of every step, inf where it overflows."""
    with np.errstate(over="ignore"):
        return np.ldexp(curves.loss, np.clip(curves.loss_exponent, -4000, 4000).astype(np.int32))


def adjoint_of_last(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Return the adjoint of L_T alone: log10 rms norms and mean log norms over the batch, (G, T+1) each, t = 0..T.

    nan where a state, or the output at T, is not finite.
    """
    curves = _last(trajectory, split=False)
    return curves.hidden, curves.mean_log


def split_adjoint_of_last(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Return mean_b ln ‖dl_T/dh_t‖ (G, T+1), t = 0..T, and mean_b ln ‖dl_T/da_t‖ (G, T), t = 1..T, of L_T alone.

    -inf where an adjoint of some sample is exactly zero; nan as in `adjoint_of_last`.
    """
    curves = _last(trajectory, split=True)
    return curves.mean_log, curves.weighed


def diverged_by_the_end(trajectory: Trajectory, lost: np.ndarray) -> np.ndarray:
    """Return the first step (G,) with a state or output that is not finite; 0 where the adjoint of L_T is.

    lost: where that adjoint is nan. Outputs before the last step are looked at only where it is.
    """
    return np.where(lost, trajectory.once(backpropagate).diverged, 0) if lost.any() else np.zeros(len(lost), np.int64)


def _last(trajectory: Trajectory, *, split: bool) -> backward.Curves:
    n = trajectory.networks
    G, T, *_ = n.shape
    curves = _curves(G, T, True, split)
    y, classes = _targets(n)
    block.adjoints_of_last(
        0, n.U, n.V, n.c, n.leak, y, classes, n.target, losses.CODES[n.loss], trajectory.h, trajectory.slope,
        trajectory.diverged, packed(n), _space(n), curves,
    )  # fmt: skip
    return curves


def _targets(n: Networks) -> tuple[np.ndarray, np.ndarray]:
    return held_against(n, np.asarray(n.y))


def held_against(n: Networks, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return y (..., T, B, O) and classes (..., T, B) as the kernels take them: one of them has no entries."""
    if n.loss == "cross_entropy":
        return np.empty((*y.shape, 0), n.dtype), y
    return y, np.empty((*y.shape[:-2], 0), np.int64)


def _space(n: Networks, take: Callable[..., np.ndarray] = workspace.take) -> backward.Space:
    _G, _T, B, N, D, O = n.shape
    R = n.chunk * B
    return backward.Space(
        take("cotangent", (R, O), n.dtype),
        take("cotangent_exponent", (R,), np.int64),
        take("adjoint", (R, N), n.dtype),
        take("adjoint_exponent", (R,), np.int64),
        take("carry", (B, N), n.dtype),
        take("carry_exponent", (B,), np.int64),
        take("rows", (B, N), n.dtype),
        take("past", (B, N), n.dtype),
        take("past_exponent", (B,), np.int64),
        take("sizes", (B,), np.float64),
        take("mate", (R * max(N, D),), n.dtype),
    )


def _gradient(n: Networks, keep: bool) -> backward.Gradient:
    _G, _T, B, N, D, O = n.shape

    def room(name: str, *shape: int) -> np.ndarray:
        return np.empty(shape, n.dtype) if keep else workspace.take(name, shape, n.dtype)

    return backward.Gradient(
        room("dU", N, N), room("dW", N, D), room("dV", O, N), room("db", 1, N), room("dc", 1, O), room("dh0", B, N),
        np.empty(5 + B, np.int64),
    )  # fmt: skip


def _curves(G: int, T: int, logs: bool, split: bool = False) -> backward.Curves:
    mean_log, weighed = np.empty((G, T + 1 if logs else 0)), np.empty((G, T if split else 0))
    return backward.Curves(np.empty((G, T)), np.empty((G, T), np.int64), np.empty((G, T + 1)), mean_log, weighed)
