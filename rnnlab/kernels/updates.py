"""One update of one network: a batch, and the steps of the optimiser that it leads to.

Time runs in windows: for t = k1, 2 k1, … and T at the end, the states of the steps after s = max(0, t - k2) are
computed with the weights as they are, from the state at s; the losses of the steps that no window had before are sent
back through this one, and the optimiser makes a step. k1 = k2 = T is BPTT, k1 = 1, k2 = T the derivation's reading
U_{i+1} = U_i - η dL⁽ⁱ⁾/dU_i, and what lies between truncated BPTT (Williams and Peng 1990). Real-time recurrent
learning has no windows: states and sensitivities go on while the weights change under them.

What few networks ask for (penalty, floss, sensitivities) is None where none does: then it is not even compiled.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels import rtrl, states
from rnnlab.kernels.backward import Curves, Gradient, Readout, Space, backward
from rnnlab.kernels.block import Packed
from rnnlab.kernels.flossing import Flossing, add_flossing
from rnnlab.kernels.linalg import copy, fill, pack_tamed, pack_transposed
from rnnlab.kernels.optimizers import Sums, add_applied, add_came, clear, step, sum_norms
from rnnlab.kernels.options import kernel
from rnnlab.kernels.scaled import add
from rnnlab.kernels.vanishing import add_penalty


class Lesson(NamedTuple):
    """One batch."""

    x: np.ndarray  # (T, B, D)
    y: np.ndarray  # (T, B, O)
    classes: np.ndarray  # (T, B); one of y and classes has no entries
    begin: np.ndarray  # (B, N), h_0
    kind: int  # code of the loss
    every: bool  # a loss at every step, or at the last


class Pull(NamedTuple):
    """What a network's gradient is made of."""

    code: int  # of the activation
    leak: float
    k1: int
    k2: int
    penalty: float  # weight of Pascanu's Omega
    flossing: float  # weight of Σ λ_i²


class Rooms(NamedTuple):
    """Scratch for one batch, and for what goes back through it."""

    h: np.ndarray  # (T+1, B, N)
    slope: np.ndarray  # (T, B, N)
    rms: np.ndarray  # (T+1,)
    loss: np.ndarray  # (T,)
    loss_exponent: np.ndarray  # (T,)
    hidden: np.ndarray  # (T+1,)
    nothing: np.ndarray  # (0, B, N)
    none: np.ndarray  # (0,)
    chunk: int
    packed: Packed
    space: Space
    gradient: Gradient
    sums: Sums


class Floss(NamedTuple):
    """Scratch of gradient flossing."""

    room: Flossing
    start: np.ndarray  # (K, N), the frame that it starts with
    rates: np.ndarray  # (S, K), the exponents that it finds


@kernel
def windows(weights, pull, how, moments, count, lesson, rooms, penalty, floss, norms, clipped):  # type: ignore[no-untyped-def]
    """Make one update in windows; return whether all was finite, the loss, and the optimiser's steps so far."""
    T, B, packed = lesson.x.shape[0], lesson.x.shape[1], rooms.packed
    m, e, done, stale = 0.0, np.int64(0), np.int64(0), False
    several = how.told and lesson.every and pull.k1 < T
    if several:
        clear(rooms.sums)
    copy(lesson.begin, rooms.h[0])
    while done < T:
        before, done = done, min(done + pull.k1, T)
        low = max(0, done - pull.k2)
        if not _forward(low if stale else before, done, weights, pull, lesson, rooms):
            return False, math.nan, count
        if not lesson.every and done < T:
            continue
        now = slice(low, done)
        h, slope, x = rooms.h[low : done + 1], rooms.slope[now], lesson.x[now]
        curves = Curves(rooms.loss[now], rooms.loss_exponent[now], rooms.hidden[low : done + 1], rooms.none, rooms.none)
        readout = _readout(weights, lesson, low, before, done, packed)
        U_exponent = pack_tamed(weights.U, packed.U)
        lost = backward(
            0, done - low, packed.U, U_exponent, pull.leak, readout, h, slope, x, rooms.chunk, rooms.space,
            rooms.gradient, curves,
        )  # fmt: skip
        if lost > 0:
            return False, math.nan, count
        m, e = _add_losses(curves, m, e)
        if penalty is not None and pull.penalty > 0.0:
            add_penalty(
                pull.penalty, packed.U, U_exponent, pull.leak, readout, h, slope, rooms.chunk, rooms.space,
                rooms.gradient, curves,
            )  # fmt: skip
        if floss is not None and not _floss(weights, pull, h, slope, x, rooms, floss):
            return False, math.nan, count
        _apply(weights, B, how, moments, count, rooms, several, norms, clipped)
        count, stale = count + 1, True
    if several:
        sum_norms(rooms.sums, B, norms, clipped)
    return True, _value(m, e), count


@kernel
def carried(weights, pull, how, moments, count, lesson, rooms, s, norms, clipped):  # type: ignore[no-untyped-def]
    """Make one update by real-time recurrent learning with the sensitivities `s`; return as `windows`."""
    T, m, e = lesson.x.shape[0], 0.0, np.int64(0)
    several = how.told and lesson.every and T > 1
    if several:
        clear(rooms.sums)
    rtrl.begin(s)
    copy(lesson.begin, rooms.h[0])
    for t in range(T):
        now = slice(t, t + 1)
        if not rtrl.step(
            pull.code, weights.U, weights.W, weights.b[0], pull.leak, lesson.x[t], rooms.h[t], rooms.h[t + 1], s
        ):
            return False, math.nan, count
        if lesson.every or t == T - 1:
            if not rtrl.gradient_at(
                weights.V, weights.c[0], rooms.h[t + 1], lesson.y[now], lesson.classes[now], lesson.kind, s,
                rooms.gradient, rooms.loss[now], rooms.loss_exponent[now],
            ):  # fmt: skip
                return False, math.nan, count
            m, e = add(m, e, rooms.loss[t], rooms.loss_exponent[t])
            _apply(weights, lesson.x.shape[1], how, moments, count, rooms, several, norms, clipped)
            count += 1
    if several:
        sum_norms(rooms.sums, lesson.x.shape[1], norms, clipped)
    return True, _value(m, e), count


@kernel
def flossed(weights, pull, how, moments, count, lesson, rooms, floss, norms, clipped):  # type: ignore[no-untyped-def]
    """Make one update on the flossing loss alone; return as `windows`, with that loss."""
    T, gradient = lesson.x.shape[0], rooms.gradient
    copy(lesson.begin, rooms.h[0])
    if not _forward(0, T, weights, pull, lesson, rooms):
        return False, math.nan, count
    for part in (gradient.U, gradient.W, gradient.V, gradient.b, gradient.c):
        fill(part, 0)
    fill(gradient.exponent, 0)
    strength = pull.flossing if pull.flossing > 0.0 else 1.0
    loss = add_flossing(
        strength, pull.code, weights.U, pull.leak, floss.start, rooms.h, rooms.slope, lesson.x, floss.room, gradient,
        floss.rates,
    )  # fmt: skip
    if math.isnan(loss):
        return False, math.nan, count
    step(weights, gradient, lesson.x.shape[1], how, moments, count, norms, clipped)
    return True, loss, count + 1


@kernel
def _forward(start, stop, weights, pull, lesson, rooms):  # type: ignore[no-untyped-def]
    """Compute the states of the steps start+1..stop; return whether they are finite."""
    lost = states.run(
        pull.code, weights.U, weights.W, weights.b[0], pull.leak, lesson.x[start:stop], rooms.nothing, rooms.nothing,
        rooms.h[start : stop + 1], rooms.slope[start:stop], rooms.rms[start : stop + 1], rooms.chunk,
        rooms.packed.recurrent, rooms.packed.inward,
    )  # fmt: skip
    return lost == 0


@kernel
def _readout(weights, lesson, low, before, done, packed):  # type: ignore[no-untyped-def]
    """What makes losses of the steps low+1..done; those up to `before` have had theirs."""
    pack_transposed(weights.V, packed.outward)
    return Readout(
        packed.V, pack_tamed(weights.V, packed.V), packed.outward, weights.c[0], lesson.y[low:done],
        lesson.classes[low:done], lesson.kind, lesson.every, before - low,
    )  # fmt: skip


@kernel
def _value(m, e):  # type: ignore[no-untyped-def]
    return math.ldexp(m, min(max(e, -4000), 4000))


@kernel
def _add_losses(curves, m, e):  # type: ignore[no-untyped-def]
    for t in range(curves.loss.size):
        m, e = add(m, e, curves.loss[t], curves.loss_exponent[t])
    return m, e


@kernel
def _floss(weights, pull, h, slope, x, rooms, floss):  # type: ignore[no-untyped-def]
    """Add the gradient of the flossing loss where a network has one; return whether it is finite."""
    if pull.flossing == 0.0:
        return True
    loss = add_flossing(
        pull.flossing, pull.code, weights.U, pull.leak, floss.start, h, slope, x, floss.room, rooms.gradient,
        floss.rates,
    )  # fmt: skip
    return not math.isnan(loss)


@kernel
def _apply(weights, batch, how, moments, count, rooms, several, norms, clipped):  # type: ignore[no-untyped-def]
    """Make a step of the optimiser; of several in an update keep the sum of their gradients."""
    if several:
        add_came(rooms.gradient, rooms.sums)
    step(weights, rooms.gradient, batch, how, moments, count, norms, clipped)
    if several:
        add_applied(rooms.gradient, rooms.sums)
