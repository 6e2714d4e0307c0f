"""The norms of all temporal terms, pair by pair: a block of times at a time, all its lags while it is in the cache."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels.block import _packed, _readout
from rnnlab.kernels.contributions import (
    adjoint_products,
    hold_mates,
    hold_room,
    log10_adjoint,
    log10_contribution,
    prepare,
    squared_norm,
)  # fmt: skip
from rnnlab.kernels.linalg import _lanes, fill, pack_tamed
from rnnlab.kernels.options import borrowed, kernel
from rnnlab.kernels.pairs import Slopes, hold, lay_slopes, pull, send, start, weigh_columns


class Launch(NamedTuple):
    """Scratch for the adjoints of a block of times at lag 0, R rows, and for a column that needs care."""

    cotangent: np.ndarray  # (R, O)
    exponent: np.ndarray  # (R,)
    rows: np.ndarray  # (R, N)
    loss: np.ndarray  # (R,)
    loss_exponent: np.ndarray  # (R,)
    row: np.ndarray  # (2, N)


class Norms(NamedTuple):
    """log10 norms of every pair, t by t, k = 1..t of each; of t = T alone where the loss is at the last step."""

    U: np.ndarray  # (G, P)
    W: np.ndarray
    b: np.ndarray
    adjoint: np.ndarray  # log10 sqrt(mean_b ‖dl_t/dh_k‖²)


class Plan(NamedTuple):
    """Numbers that follow from the shape."""

    steps: int  # times of a block
    stride: int  # of its columns
    slope_stride: int
    limit: float  # share of the samples' own squares below which a contribution is formed


@kernel
def hold_launch(a):  # type: ignore[no-untyped-def]
    """Return the same scratch without owners."""
    return Launch(
        borrowed(a.cotangent), borrowed(a.exponent), borrowed(a.rows), borrowed(a.loss), borrowed(a.loss_exponent),
        borrowed(a.row),
    )  # fmt: skip


@kernel
def term_norms(
    U, V, c, x, source, y, classes, target, kind, every, h, slope, diverged, packed, plan, slopes, columns, launch,
    states, inputs, units, ones, room, norms,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Fill the norms of every network that did not diverge; nan for those that did.

    states, inputs and units are the Mates of U, W and b; `ones` (1, B, 1) are the mates of b themselves.
    """
    U, V, c, x, y, classes = borrowed(U), borrowed(V), borrowed(c), borrowed(x), borrowed(y), borrowed(classes)
    h, slope, slopes, ones = borrowed(h), borrowed(slope), borrowed(slopes), borrowed(ones)
    packed, columns, launch, room = _packed(packed), hold(columns), hold_launch(launch), hold_room(room)
    states, inputs, units = hold_mates(states), hold_mates(inputs), hold_mates(units)
    out = borrowed(norms.U), borrowed(norms.W), borrowed(norms.b), borrowed(norms.adjoint)
    prepare(ones, units, room)
    T = slope.shape[1]
    for g in range(diverged.size):
        if diverged[g] > 0:
            for part in out:
                fill(part[g], math.nan)
            continue
        readout = _readout(V[g], packed, c[g], y[target[g]], classes[target[g]], kind, every)
        prepare(h[g], states, room)
        prepare(x[source[g]], inputs, room)
        lay_slopes(slope[g], slopes, plan.slope_stride)
        U_exponent = pack_tamed(U[g], packed.U)
        for first in range(0 if every else T - 1, T, plan.steps):
            stop = min(first + plan.steps, T)
            _launch(first, stop, readout, h[g], columns, launch, plan.stride)
            for lag in range(stop):
                _weigh(first, stop, lag, columns, slopes, h.shape[3], h.shape[2], plan, launch.row)
                _norms(
                    first, stop, lag, every, columns, h[g], x[source[g]], ones[0], states, inputs, units, plan, room,
                    out[0][g], out[1][g], out[2][g], out[3][g],
                )  # fmt: skip
                if lag + 1 < stop:
                    low = max(lag + 1 - first, 0) * h.shape[2]
                    last = (stop - first) * h.shape[2]
                    pull(columns, low, last, packed.U, U_exponent, h.shape[3], plan.stride)


@kernel
def _launch(first, stop, readout, h, columns, launch, stride):  # type: ignore[no-untyped-def]
    """Begin with the adjoints of the losses at t = first+1..stop."""
    size = (stop - first) * h.shape[1]
    exponents, rows = launch.exponent[:size], launch.rows[:size]
    send(
        first, stop, readout, h, launch.cotangent[:size], exponents, rows, launch.loss[: stop - first],
        launch.loss_exponent[: stop - first],
    )  # fmt: skip
    start(columns, rows, exponents, stride)


@kernel
def _weigh(first, stop, lag, columns, slopes, N, B, plan, row):  # type: ignore[no-untyped-def]
    low, last = max(lag - first, 0) * B, (stop - first) * B
    at = _lanes(slopes) + (first - lag) * B
    weigh_columns(columns, low, last, Slopes(slopes, plan.slope_stride), at, N, plan.stride, row)


@kernel
def _norms(
    first, stop, lag, every, columns, h, x, ones, states, inputs, units, plan, room, out_U, out_W, out_b, out_adjoint
):  # type: ignore[no-untyped-def]  # fmt: skip
    B, N, zero = h.shape[1], h.shape[2], np.int64(0)
    for t in range(max(first, lag), stop):
        k, at = t - lag, (t - first) * B
        place = (t * (t + 1) // 2 if every else 0) + k
        if states.products.shape[0] > 0:
            adjoint_products(columns, at, B, N, plan.stride, room)
        m, e = squared_norm(columns, at, N, plan.stride, h[k], states, k, plan.limit, room)
        out_U[place] = log10_contribution(m, e, B)
        m, e = squared_norm(columns, at, N, plan.stride, x[k], inputs, k, plan.limit, room)
        out_W[place] = log10_contribution(m, e, B)
        m, e = squared_norm(columns, at, N, plan.stride, ones, units, zero, plan.limit, room)
        out_b[place] = log10_contribution(m, e, B)
        out_adjoint[place] = log10_adjoint(columns, at, B)
