"""Training: networks of equal shape, each over many updates, with nothing between two updates but the weights."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels.block import _gradient, _packed, _space
from rnnlab.kernels.linalg import copy, fill
from rnnlab.kernels.optimizers import How, Moments, Sums, Weights
from rnnlab.kernels.options import borrowed, flat, kernel, reduction
from rnnlab.kernels.updates import Lesson, Pull, Rooms, carried, flossed, windows


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


class Told(NamedTuple):
    """What every update tells; nan where none was made."""

    loss: np.ndarray  # (G, K), sum over the steps of the batch mean, inf where it overflows
    norms: np.ndarray  # (G, K, 3), log10 of those of dL/dU, dL/dW, dL/dV, summed over the steps of the optimiser
    clipped: np.ndarray  # (G, K, 3), the same after clipping
    ratio: np.ndarray  # (G, K), norm of the change of U over the norm of U


@kernel
def train(standing, net, regime, batches, told, before, rooms, sensitivities, penalty, floss, wanted, alone):  # type: ignore[no-untyped-def]
    """Train every active network on the K batches; wanted: whether norms and ratios are.

    sensitivities: of real-time recurrent learning, or None where windows are the rule; penalty: the weights of the
    regulariser (G,), or None; floss: scratch of gradient flossing, or None; alone: on its loss alone. before (N, N) is
    scratch. A network of which something is not finite any more stops, and so does one whose loss is low enough.
    """
    net, batches, rooms, before = _net(net), _batches(batches), _rooms(rooms), borrowed(before)
    for g in range(standing.active.size):
        _nothing(told, g)
        weights = Weights(net.U[g], net.W[g], net.V[g], net.b[g], net.c[g])
        moments, seen = Moments(net.first[g], net.second[g]), batches.source[g]
        how, pull = _how(regime, g, wanted), _pull(net, regime, penalty, g)
        for k in range(batches.x.shape[1]):
            if not standing.active[g]:
                break
            lesson = Lesson(
                batches.x[seen, k], batches.y[seen, k], batches.classes[seen, k], batches.h0[batches.initial[g]],
                batches.kind, batches.every,
            )  # fmt: skip
            norms, clipped, count = told.norms[g, k], told.clipped[g, k], net.steps[g]
            if wanted:
                copy(weights.U, before)
            if sensitivities is not None:
                found = carried(weights, pull, how, moments, count, lesson, rooms, sensitivities, norms, clipped)
            elif floss is not None and alone:
                found = flossed(weights, pull, how, moments, count, lesson, rooms, floss, norms, clipped)
            else:
                found = windows(weights, pull, how, moments, count, lesson, rooms, penalty, floss, norms, clipped)
            finite, told.loss[g, k], net.steps[g] = found
            if not finite:  # what some of its windows told is not of the update
                fill(norms, math.nan)
                fill(clipped, math.nan)
            elif wanted:
                told.ratio[g, k] = _ratio(weights.U, before)
            _note(standing, g, finite and _finite(weights, moments), told.loss[g, k])


@kernel
def _nothing(told, g):  # type: ignore[no-untyped-def]
    fill(told.loss[g], math.nan)
    fill(told.norms[g], math.nan)
    fill(told.clipped[g], math.nan)
    fill(told.ratio[g], math.nan)


@kernel
def _how(regime, g, wanted):  # type: ignore[no-untyped-def]
    return How(
        regime.optimizer[g], regime.learning_rate[g], regime.momentum[g], regime.clip_norm[g], regime.clip_value[g],
        regime.biases[g], wanted,
    )  # fmt: skip


@kernel
def _pull(net, regime, penalty, g):  # type: ignore[no-untyped-def]
    strength = 0.0 if penalty is None else penalty[g]
    return Pull(net.codes[g], net.leak[g], regime.k1[g], regime.k2[g], strength, regime.flossing[g])


@kernel
def _note(standing, g, finite, loss):  # type: ignore[no-untyped-def]
    """Count an update, and stop after one that diverged or was good enough."""
    standing.updates[g] += 1
    if not finite:
        standing.diverged[g] = standing.updates[g]
    standing.active[g] = finite and loss > standing.enough[g]


@kernel
def _finite(weights, moments):  # type: ignore[no-untyped-def]
    """Return whether the weights are finite, and what the optimiser remembers: a mean of g² that is inf stays so."""
    total = _sum(moments.first) + _sum(moments.second)
    total += _sum(flat(weights.U)) + _sum(flat(weights.W)) + _sum(flat(weights.V))
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
def _rooms(r):  # type: ignore[no-untyped-def]
    return Rooms(
        borrowed(r.h), borrowed(r.slope), borrowed(r.rms), borrowed(r.loss), borrowed(r.loss_exponent),
        borrowed(r.hidden), borrowed(r.nothing), borrowed(r.none), r.chunk, _packed(r.packed), _space(r.space),
        _gradient(r.gradient), _sums(r.sums),
    )  # fmt: skip


@kernel
def _sums(s):  # type: ignore[no-untyped-def]
    return Sums(
        borrowed(s.came_U), borrowed(s.came_W), borrowed(s.came_V), borrowed(s.exponent), borrowed(s.applied_U),
        borrowed(s.applied_W), borrowed(s.applied_V),
    )  # fmt: skip
