"""The loops over the networks of a block: G networks of equal shape, one after another, each on its own."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels import backward, states
from rnnlab.kernels.backward import Curves, Gradient, Readout, Space
from rnnlab.kernels.linalg import copy, fill, pack_tamed, pack_transposed
from rnnlab.kernels.losses import read_out
from rnnlab.kernels.options import borrowed, inside, kernel, reduction
from rnnlab.kernels.scaled import add, log10, log10_norm


class Packed(NamedTuple):
    """Scratch for the packed weights of one network."""

    recurrent: np.ndarray  # Uᵀ
    inward: np.ndarray  # Wᵀ
    outward: np.ndarray  # Vᵀ
    U: np.ndarray
    V: np.ndarray


@kernel
def _packed(p):  # type: ignore[no-untyped-def]
    return Packed(borrowed(p.recurrent), borrowed(p.inward), borrowed(p.outward), borrowed(p.U), borrowed(p.V))


@kernel
def _space(s):  # type: ignore[no-untyped-def]
    return Space(
        borrowed(s.cotangent), borrowed(s.cotangent_exponent), borrowed(s.adjoint), borrowed(s.adjoint_exponent),
        borrowed(s.carry), borrowed(s.carry_exponent), borrowed(s.rows), borrowed(s.past), borrowed(s.past_exponent),
        borrowed(s.sizes), borrowed(s.mate),
    )  # fmt: skip


@kernel
def _gradient(g):  # type: ignore[no-untyped-def]
    return Gradient(
        borrowed(g.U), borrowed(g.W), borrowed(g.V), borrowed(g.b), borrowed(g.c), borrowed(g.h0), borrowed(g.exponent)
    )


@kernel
def _curves(c):  # type: ignore[no-untyped-def]
    return Curves(
        borrowed(c.loss), borrowed(c.loss_exponent), borrowed(c.hidden), borrowed(c.mean_log), borrowed(c.weighed)
    )


@kernel
def _curve(c, g):  # type: ignore[no-untyped-def]
    """The curves of one network."""
    inside()
    return Curves(c.loss[g], c.loss_exponent[g], c.hidden[g], c.mean_log[g], c.weighed[g])


@kernel
def _part(c, first, steps):  # type: ignore[no-untyped-def]
    """The curves of these steps after the first."""
    stop = first + steps
    return Curves(
        c.loss[first:stop], c.loss_exponent[first:stop], c.hidden[first : stop + 1], c.mean_log[first : stop + 1],
        c.weighed[first:stop],
    )  # fmt: skip


@kernel
def input_drives(W, x, first, source, drives, chunk, inward):  # type: ignore[no-untyped-def]
    """Fill drives (n, T, B, N) with W x of the networks `first` (n,); network g sees the inputs x[source[g]]."""
    for n in range(first.size):
        states.input_drive(W[first[n]], x[source[first[n]]], drives[n], inward, chunk)


@kernel
def forward(
    codes, U, W, b, leak, x, source, h0, initial, drives, drive, factors, h, slope, rms, diverged, chunk, packed
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Fill states h (G, T+1, B, N), slopes (G, T, B, N), rms (G, T+1) and the first step not finite, diverged (G,).

    factors (T, B, N), or (0, B, N), are those of `states.run`, the same for every network.
    """
    U, W, b, x, h0, drives = borrowed(U), borrowed(W), borrowed(b), borrowed(x), borrowed(h0), borrowed(drives)
    h, slope, rms, factors = borrowed(h), borrowed(slope), borrowed(rms), borrowed(factors)
    recurrent, inward = borrowed(packed.recurrent), borrowed(packed.inward)
    for g in range(codes.size):
        copy(h0[initial[g]], h[g, 0])
        shared = drives[drive[g]] if drive[g] >= 0 else drives[0, :0]
        diverged[g] = states.run(
            codes[g], U[g], W[g], b[g], leak[g], x[source[g]], shared, factors, h[g], slope[g], rms[g], chunk,
            recurrent, inward,
        )  # fmt: skip


@kernel
def gradients(
    first, U, V, c, leak, x, source, y, classes, target, kind, every, h, slope, diverged, chunk, packed, space,
    gradient, curves, log10_norms, loss, log10_loss,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Back-propagate every network that did not diverge; `gradient` is left with that of the last one.

    h, slope, x, y, classes and diverged may be of a piece of time after the first steps, of one network alone: pieces
    of whole chunks, the last one first. The curves are of all steps; the rest is there when `first` is 0.
    `log10_norms` (G, 6) are those of U, W, V, b, c (of the batch mean of the loss) and h0 (root mean square over the
    batch); nan where a network diverged.
    """
    U, V, c, x, y, classes = borrowed(U), borrowed(V), borrowed(c), borrowed(x), borrowed(y), borrowed(classes)
    h, slope = borrowed(h), borrowed(slope)
    packed, space, gradient, curves = _packed(packed), _space(space), _gradient(gradient), _curves(curves)
    T = curves.loss.shape[1]
    for g in range(diverged.size):
        whole = _curve(curves, g)
        curve = _part(whole, first, slope.shape[1])
        readout = _readout(V[g], packed, c[g], y[target[g]], classes[target[g]], kind, every)
        if diverged[g] == 0:
            U_exponent = pack_tamed(U[g], packed.U)
            diverged[g] = backward.backward(
                first, T, packed.U, U_exponent, leak[g], readout, h[g], slope[g], x[source[g]], chunk, space, gradient,
                curve,
            )  # fmt: skip
        if diverged[g] == 0:
            if first == 0:
                loss[g], log10_loss[g] = _total(whole)
                _norms(gradient, whole, h.shape[2], log10_norms[g])
        else:
            loss[g], log10_loss[g] = math.nan, math.nan
            fill(log10_norms[g], math.nan)
            diverged[g] = _until(diverged[g], readout, h[g], space, curve)


@kernel
def _readout(V, packed, c, y, classes, kind, every):  # type: ignore[no-untyped-def]
    pack_transposed(V, packed.outward)
    return Readout(packed.V, pack_tamed(V, packed.V), packed.outward, c, y, classes, kind, every, 0)


@kernel
def _total(curve):  # type: ignore[no-untyped-def]
    m, e = 0.0, 0
    for t in range(curve.loss.size):
        m, e = add(m, e, curve.loss[t], curve.loss_exponent[t])
    return math.ldexp(m, min(max(e, -4000), 4000)), log10(m, e)


@kernel
def _norms(gradient, curve, batch, out):  # type: ignore[no-untyped-def]
    shrink = math.log10(batch)
    out[0] = log10_norm(gradient.U, gradient.exponent[0]) - shrink
    out[1] = log10_norm(gradient.W, gradient.exponent[1]) - shrink
    out[2] = log10_norm(gradient.V, gradient.exponent[2]) - shrink
    out[3] = log10_norm(gradient.b, gradient.exponent[3]) - shrink
    out[4] = log10_norm(gradient.c, gradient.exponent[4]) - shrink
    out[5] = curve.hidden[0]


@kernel
def _until(step, readout, h, space, curve):  # type: ignore[no-untyped-def]
    """Of a network that diverged keep the losses of the steps before; return the first step that is not finite.

    Outputs may leave the range before the states do.
    """
    fill(curve.hidden, math.nan)
    fill(curve.mean_log, math.nan)
    fill(curve.loss, math.nan)
    if not readout.every:
        return step
    rows = h.shape[1]
    for t in range(step - 1):
        now = slice(t, t + 1)
        found = read_out(
            h[t + 1 : t + 2], readout.outward, readout.c, readout.y[now], readout.classes[now], readout.kind,
            space.cotangent[:rows], space.cotangent_exponent[:rows], curve.loss[now], curve.loss_exponent[now],
        )  # fmt: skip
        if found > 0:
            return t + 1
    return step


@kernel
def adjoints_of_last(
    first, U, V, c, leak, y, classes, target, kind, h, slope, diverged, packed, space, curves
):  # type: ignore[no-untyped-def]  # fmt: skip
    """The curves of the adjoint of L_T alone of every network that did not diverge, in pieces as `gradients`."""
    U, V, c, y, classes = borrowed(U), borrowed(V), borrowed(c), borrowed(y), borrowed(classes)
    h, slope = borrowed(h), borrowed(slope)
    packed, space, curves = _packed(packed), _space(space), _curves(curves)
    T = curves.loss.shape[1]
    for g in range(diverged.size):
        curve = _part(_curve(curves, g), first, slope.shape[1])
        if diverged[g] > 0:
            fill(curve.hidden, math.nan)
            fill(curve.mean_log, math.nan)
            fill(curve.weighed, math.nan)
            continue
        readout = _readout(V[g], packed, c[g], y[target[g]], classes[target[g]], kind, False)
        U_exponent = pack_tamed(U[g], packed.U)
        backward.adjoint_of_last(first, T, packed.U, U_exponent, leak[g], readout, h[g], slope[g], space, curve)


@reduction
def slopes(slope, threshold, diverged, mean, mean_square, below, zero, always_zero):  # type: ignore[no-untyped-def]
    """Statistics of phi' (G, T, B, N) at every step before a divergence, nan from there on.

    (G, T): mean, mean square, share of |phi'| below the threshold, share of units that are zero for the whole batch;
    (G,): share of units that are so at all steps.
    """
    G, T, B, N = slope.shape
    for g in range(G):
        steps = diverged[g] - 1 if diverged[g] > 0 else T
        for t in range(T):
            total, square, few = 0.0, 0.0, 0
            if t >= steps:
                mean[g, t] = mean_square[g, t] = below[g, t] = zero[g, t] = math.nan
                continue
            flat = slope[g, t].reshape(B * N)
            for i in range(B * N):
                value = float(flat[i])
                total += value
                square += value * value
                few += 1 if abs(value) < threshold[g] else 0
            mean[g, t], mean_square[g, t], below[g, t] = total / (B * N), square / (B * N), few / (B * N)
            zero[g, t] = 0.0 if total == B * N and square == total else _silent(slope[g], t, t + 1)
        always_zero[g] = _silent(slope[g], 0, steps) if steps > 0 else math.nan


@kernel
def waken(slope, alive):  # type: ignore[no-untyped-def]
    """Mark the units (N,) with a slope (T, B, N) that is not zero."""
    for t in range(slope.shape[0]):
        for b in range(slope.shape[1]):
            for i in range(alive.size):
                alive[i] |= slope[t, b, i] != 0


@kernel
def _silent(slope, start, stop):  # type: ignore[no-untyped-def]
    """Share of units whose slope is zero in every step start..stop-1 and every sequence of the batch."""
    _T, B, N = slope.shape
    count = 0
    for i in range(N):
        alive = False
        for t in range(start, stop):
            for b in range(B):
                if slope[t, b, i] != 0:
                    alive = True
                    break
            if alive:
                break
        count += 0 if alive else 1
    return count / N
