"""Training: networks of equal shape, each over many updates, with nothing between two updates but the weights.

An update is one batch. Time runs in windows: for t = k1, 2 k1, … and T at the end, the states of the steps after
s = max(0, t - k2) are computed with the weights as they are, from the state at s; the losses of the steps that no
window had before are sent back through this one, and the optimiser makes a step. k1 = k2 = T is BPTT, k1 = 1, k2 = T
the derivation's reading U_{i+1} = U_i - η dL⁽ⁱ⁾/dU_i, and what lies between truncated BPTT (Williams and Peng 1990).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels import states
from rnnlab.kernels.backward import Curves, Readout, backward
from rnnlab.kernels.block import _gradient, _packed, _space
from rnnlab.kernels.linalg import copy, fill, pack_tamed, pack_transposed
from rnnlab.kernels.optimizers import (
    How,
    Moments,
    Sums,
    Weights,
    add_applied,
    add_came,
    clear,
    step,
    sum_norms,
)
from rnnlab.kernels.options import borrowed, flat, kernel, reduction
from rnnlab.kernels.scaled import add


class Batches(NamedTuple):
    """The batches of K updates: network g sees x[source[g]] from h0[initial[g]] on, held against y[source[g]]."""

    x: np.ndarray  # (X, K, T, B, D)
    y: np.ndarray  # (X, K, T, B, O)
    classes: np.ndarray  # (X, K, T, B); one of y and classes has no entries
    source: np.ndarray  # (G,)
    h0: np.ndarray  # (H, B, N)
    initial: np.ndarray  # (G,)
    kind: int  # code of the loss
    every: bool  # a loss at every step, or at the last


class Net(NamedTuple):
    """The networks, and what their optimisers remember."""

    codes: np.ndarray  # (G,) of the activations
    U: np.ndarray  # (G, N, N)
    W: np.ndarray  # (G, N, D)
    V: np.ndarray  # (G, O, N)
    b: np.ndarray  # (G, 1, N)
    c: np.ndarray  # (G, 1, O)
    leak: np.ndarray  # (G,)
    first: np.ndarray  # (G, P), or (G, 0)
    second: np.ndarray  # (G, P), or (G, 0)
    steps: np.ndarray  # (G,), steps that the optimiser has made


class Standing(NamedTuple):
    """Where the networks stand."""

    active: np.ndarray  # (G,), whether it goes on
    updates: np.ndarray  # (G,), made so far
    diverged: np.ndarray  # (G,), the update, counted from 1, after which something is not finite; or 0
    enough: np.ndarray  # (G,), a loss at or below which it stops; -inf: none is


class Room(NamedTuple):
    """Scratch for the states of one batch, besides that of the backward pass."""

    h: np.ndarray  # (T+1, B, N)
    slope: np.ndarray  # (T, B, N)
    rms: np.ndarray  # (T+1,)
    loss: np.ndarray  # (T,)
    loss_exponent: np.ndarray  # (T,)
    hidden: np.ndarray  # (T+1,)
    before: np.ndarray  # (N, N), U before the update
    nothing: np.ndarray  # (0, B, N)
    none: np.ndarray  # (0,)


class Told(NamedTuple):
    """What every update tells; nan where none was made."""

    loss: np.ndarray  # (G, K), sum over the steps of the batch mean, inf where it overflows
    norms: np.ndarray  # (G, K, 3), log10 of those of dL/dU, dL/dW, dL/dV, summed over the steps of the optimiser
    clipped: np.ndarray  # (G, K, 3), the same after clipping
    ratio: np.ndarray  # (G, K), norm of the change of U over the norm of U


@kernel
def train(
    standing, net, regime, batches, chunk, told, room, sums, packed, space, gradient, wanted
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Train every active network on the K batches; wanted: whether norms and ratios are.

    A network of which something is not finite any more stops, and so does one whose loss is low enough.
    """
    net, batches, room, sums = _net(net), _batches(batches), _room(room), _sums(sums)
    packed, space, gradient = _packed(packed), _space(space), _gradient(gradient)
    K = batches.x.shape[1]
    for g in range(standing.active.size):
        fill(told.loss[g], math.nan)
        fill(told.norms[g], math.nan)
        fill(told.clipped[g], math.nan)
        fill(told.ratio[g], math.nan)
        if not standing.active[g]:
            continue
        weights = Weights(net.U[g], net.W[g], net.V[g], net.b[g], net.c[g])
        moments = Moments(net.first[g], net.second[g])
        how = How(
            regime.optimizer[g], regime.learning_rate[g], regime.momentum[g], regime.clip_norm[g], regime.clip_value[g],
            regime.biases[g], wanted,
        )  # fmt: skip
        seen, begin = batches.source[g], batches.h0[batches.initial[g]]
        for k in range(K):
            if wanted:
                copy(weights.U, room.before)
            finite, told.loss[g, k], net.steps[g] = _windows(
                net.codes[g], weights, net.leak[g], regime.k1[g], regime.k2[g], how, moments, net.steps[g],
                batches.x[seen, k], batches.y[seen, k], batches.classes[seen, k], batches.kind, batches.every, begin,
                chunk, room, sums, packed, space, gradient, told.norms[g, k], told.clipped[g, k],
            )  # fmt: skip
            standing.updates[g] += 1
            if wanted:
                told.ratio[g, k] = _ratio(weights.U, room.before)
            if not finite or not _finite(weights):
                standing.diverged[g] = standing.updates[g]
                standing.active[g] = False
            elif told.loss[g, k] <= standing.enough[g]:
                standing.active[g] = False
            if not standing.active[g]:
                break


@kernel
def _windows(
    code, weights, leak, k1, k2, how, moments, count, x, y, classes, kind, every, begin, chunk, room, sums, packed,
    space, gradient, norms, clipped,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Make one update; return whether all was finite, the loss, and the steps that the optimiser has made."""
    T, B = x.shape[0], x.shape[1]
    several = every and k1 < T
    if several:
        clear(sums)
    copy(begin, room.h[0])
    m, e, done, stale = 0.0, 0, 0, False
    while done < T:
        stop = min(done + k1, T)
        start = max(0, stop - k2) if stale else done
        lost = states.run(
            code, weights.U, weights.W, weights.b[0], leak, x[start:stop], room.nothing, room.nothing,
            room.h[start : stop + 1], room.slope[start:stop], room.rms[start : stop + 1], chunk, packed.recurrent,
            packed.inward,
        )  # fmt: skip
        if lost > 0:
            return False, math.nan, count
        if every or stop == T:
            low = max(0, stop - k2)
            now = slice(low, stop)
            pack_transposed(weights.V, packed.outward)
            readout = Readout(
                packed.V, pack_tamed(weights.V, packed.V), packed.outward, weights.c[0], y[now], classes[now], kind,
                every, done - low,
            )  # fmt: skip
            U_exponent = pack_tamed(weights.U, packed.U)
            curves = Curves(
                room.loss[now], room.loss_exponent[now], room.hidden[low : stop + 1], room.none, room.none
            )  # fmt: skip
            lost = backward(
                0, stop - low, packed.U, U_exponent, leak, readout, room.h[low : stop + 1], room.slope[now], x[now],
                chunk, space, gradient, curves,
            )  # fmt: skip
            if lost > 0:
                return False, math.nan, count
            m, e = _add_losses(curves, m, e)
            if several and how.told:
                add_came(gradient, sums)
            step(weights, gradient, B, how, moments, count, norms, clipped)
            if several and how.told:
                add_applied(gradient, sums)
            count, stale = count + 1, True
        done = stop
    if several and how.told:
        sum_norms(sums, B, norms, clipped)
    return True, math.ldexp(m, min(max(e, -4000), 4000)), count


@kernel
def _add_losses(curves, m, e):  # type: ignore[no-untyped-def]
    for t in range(curves.loss.size):
        m, e = add(m, e, curves.loss[t], curves.loss_exponent[t])
    return m, e


@kernel
def _finite(weights):  # type: ignore[no-untyped-def]
    total = _sum(flat(weights.U)) + _sum(flat(weights.W)) + _sum(flat(weights.V))
    return math.isfinite(total + _sum(flat(weights.b)) + _sum(flat(weights.c)))


@reduction
def _sum(entries):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(entries.size):
        total += float(entries[i])
    return total


@kernel
def _ratio(now, before):  # type: ignore[no-untyped-def]
    change, size = _squares(flat(now), flat(before))
    return math.sqrt(change / size) if size > 0.0 else math.nan


@reduction
def _squares(now, before):  # type: ignore[no-untyped-def]
    change, size = 0.0, 0.0
    for i in range(now.size):
        old = float(before[i])
        difference = float(now[i]) - old
        change += difference * difference
        size += old * old
    return change, size


@kernel
def _net(n):  # type: ignore[no-untyped-def]
    return Net(
        n.codes, borrowed(n.U), borrowed(n.W), borrowed(n.V), borrowed(n.b), borrowed(n.c), n.leak, borrowed(n.first),
        borrowed(n.second), n.steps,
    )  # fmt: skip


@kernel
def _batches(d):  # type: ignore[no-untyped-def]
    return Batches(
        borrowed(d.x), borrowed(d.y), borrowed(d.classes), d.source, borrowed(d.h0), d.initial, d.kind, d.every
    )


@kernel
def _room(r):  # type: ignore[no-untyped-def]
    return Room(
        borrowed(r.h), borrowed(r.slope), borrowed(r.rms), borrowed(r.loss), borrowed(r.loss_exponent),
        borrowed(r.hidden), borrowed(r.before), borrowed(r.nothing), borrowed(r.none),
    )  # fmt: skip


@kernel
def _sums(s):  # type: ignore[no-untyped-def]
    return Sums(
        borrowed(s.came_U), borrowed(s.came_W), borrowed(s.came_V), borrowed(s.exponent), borrowed(s.applied_U),
        borrowed(s.applied_W), borrowed(s.applied_V),
    )  # fmt: skip
