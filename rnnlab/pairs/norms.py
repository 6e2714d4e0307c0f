"""The norms of all temporal terms of networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnlab.kernels import losses, terms
from rnnlab.networks import Trajectory, backpropagate
from rnnlab.networks.backpropagation import _targets
from rnnlab.networks.networks import packed
from rnnlab.pairs import space


@dataclass(frozen=True, eq=False)
class TermNorms:
    """log10 norms (G, P) of every pair, -inf for an exact zero, nan where a network diverged.

    The pairs come t by t, each with k = 1..t; of t = T alone where the loss is at the last step.
    """

    t: np.ndarray  # (P,)
    k: np.ndarray  # (P,)
    U: np.ndarray  # of the batch-mean loss
    W: np.ndarray
    b: np.ndarray
    adjoint: np.ndarray  # log10 sqrt(mean_b ‖dl_t/dh_k‖²)
    diverged: np.ndarray  # (G,)


def pairs(T: int, loss_at: str) -> tuple[np.ndarray, np.ndarray]:
    """Return t and k of every pair."""
    if loss_at == "last":
        return np.full(T, T), np.arange(1, T + 1)
    t, k = np.tril_indices(T)
    return t + 1, k + 1


def term_norms(trajectory: Trajectory) -> TermNorms:
    """Return the norms of what every step k <= t contributes to dL_t/dU, dL_t/dW, dL_t/db: one sweep for all t."""
    n = trajectory.networks
    G, T, B, *_ = n.shape
    diverged = trajectory.once(backpropagate).diverged
    t, k = pairs(T, n.loss_at)
    norms = terms.Norms(*(np.empty((G, len(t))) for _ in range(4)))
    p = space.plan(n)
    terms.term_norms(
        n.U, n.V, n.c, np.asarray(n.x), n.source, *_targets(n), n.target, losses.CODES[n.loss], n.loss_at == "every",
        trajectory.h, trajectory.slope, diverged, packed(n), p, space.slopes(n, p), space.columns(n, p, "pairs"),
        space.launch(n, p), space.mates(n, "state", T), space.mates(n, "input", T), space.mates(n, "unit", 1),
        np.ones((1, B, 1), n.dtype), space.room(n, p), norms,
    )  # fmt: skip
    return TermNorms(t, k, *norms, diverged)


def log10_sum(logs: np.ndarray) -> np.ndarray:
    """Return log10 of the sums of 10^logs over the last axis."""
    top = logs.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.log10(np.sum(10.0 ** (logs - top), axis=-1)) + top[..., 0]
