"""What networks make of test sequences: their loss, and the share of right answers. Memory is flat in time."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels.linalg import copy, pack_transposed, product
from rnnlab.kernels.losses import CROSS_ENTROPY, read_out
from rnnlab.kernels.options import borrowed, kernel
from rnnlab.kernels.scaled import add
from rnnlab.kernels.vanilla import forward


class Desk(NamedTuple):
    """Scratch for S sequences."""

    state: np.ndarray  # (2, S, N)
    drive: np.ndarray  # (S, N)
    outputs: np.ndarray  # (S, O)
    cotangent: np.ndarray  # (S, O)
    exponent: np.ndarray  # (S,)
    loss: np.ndarray  # (1,)
    loss_exponent: np.ndarray  # (1,)
    recurrent: np.ndarray  # Uᵀ, packed
    inward: np.ndarray  # Wᵀ, packed
    outward: np.ndarray  # Vᵀ, packed


@kernel
def evaluate(
    wanted, codes, U, W, V, b, c, leak, x, y, classes, source, h0, initial, kind, every, scored, tolerance, desk, loss,
    accuracy,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Fill loss and accuracy (G,) of the wanted networks, nan where something is not finite.

    x (X, T, S, D), y (X, T, S, O) or classes (X, T, S); sequence s starts at row s mod B of h0 (H, B, N). The loss is
    the sum over the steps that have one of the mean over sequences. An answer at one of the last `scored` steps with
    a loss is right where the largest output is that of the class, or every |o - y| below the tolerance.
    """
    U, W, V, b, c, x = borrowed(U), borrowed(W), borrowed(V), borrowed(b), borrowed(c), borrowed(x)
    y, classes, h0 = borrowed(y), borrowed(classes), borrowed(h0)
    for g in range(codes.size):
        loss[g], accuracy[g] = math.nan, math.nan
        if wanted[g]:
            seen = source[g]
            loss[g], accuracy[g] = _one(
                codes[g], U[g], W[g], V[g], b[g], c[g], leak[g], x[seen], y[seen], classes[seen], h0[initial[g]], kind,
                every, scored, tolerance, desk,
            )  # fmt: skip


@kernel
def _one(code, U, W, V, b, c, leak, x, y, classes, begin, kind, every, scored, tolerance, desk):  # type: ignore[no-untyped-def]
    T, S = x.shape[0], x.shape[1]
    pack_transposed(U, desk.recurrent)
    pack_transposed(W, desk.inward)
    pack_transposed(V, desk.outward)
    for s in range(S):
        copy(begin[s % begin.shape[0]], desk.state[0, s])
    m, e, right, answers = 0.0, 0, 0, 0
    for t in range(T):
        before, after = desk.state[t % 2], desk.state[(t + 1) % 2]
        product(1.0, x[t], desk.inward, 0.0, desk.drive)
        for s in range(S):
            for i in range(b.shape[1]):
                desk.drive[s, i] += b[0, i]
        forward(code, desk.recurrent, leak, before, desk.drive, after)
        if not every and t < T - 1:
            continue
        now = slice(t, t + 1)
        if t >= T - scored:
            right += _right(after, c[0], y[now], classes[now], kind, tolerance, desk)
            answers += S
        lost = read_out(
            desk.state[(t + 1) % 2 : (t + 1) % 2 + 1], desk.outward, c[0], y[now], classes[now], kind, desk.cotangent,
            desk.exponent, desk.loss, desk.loss_exponent,
        )  # fmt: skip
        if lost > 0:
            return math.nan, math.nan
        m, e = add(m, e, desk.loss[0], desk.loss_exponent[0])
    told = kind == CROSS_ENTROPY or tolerance > 0.0
    return math.ldexp(m, min(max(e, -4000), 4000)), right / answers if told and answers > 0 else math.nan


@kernel
def _right(state, c, y, classes, kind, tolerance, desk):  # type: ignore[no-untyped-def]
    """Count right answers (S of them) at one step."""
    product(1.0, state, desk.outward, 0.0, desk.outputs)
    right = 0
    for s in range(state.shape[0]):
        good = True
        if kind == CROSS_ENTROPY:
            own = desk.outputs[s, classes[0, s]] + c[classes[0, s]]
            for i in range(c.size):
                good = good and (i == classes[0, s] or desk.outputs[s, i] + c[i] < own)
        else:
            for i in range(c.size):
                good = good and abs(desk.outputs[s, i] + c[i] - y[0, s, i]) < tolerance
        right += 1 if good else 0
    return right
