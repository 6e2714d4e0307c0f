"""dL/dU by lag: G_l = Σ_t G_{t,t-l}, beside the total G = Σ_l G_l and what is missing of it after K lags.

With a loss at every step all times go through a lag together, block by block, and the lags ascend: what is missing is
G - Σ_{l<K} G_l, with G from back-propagation, and is told down to the rounding of G. With the loss at the last step the
adjoints of all lags fit into memory: the lags descend, and what is missing is a sum from its small end.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels import backward
from rnnlab.kernels.accumulate import add_outer, mated
from rnnlab.kernels.block import _curve, _curves, _gradient, _packed, _readout, _space, _until
from rnnlab.kernels.contributions import (
    adjoint_products,
    hold_mates,
    hold_room,
    log10_contribution,
    prepare,
    squared_norm,
)
from rnnlab.kernels.linalg import _lanes, copy, fill, pack_tamed
from rnnlab.kernels.options import apart, borrowed, flat, kernel, reduction
from rnnlab.kernels.pairs import Columns, Slopes, hold, lay_slopes, multiply_columns, pull, send, weigh_columns
from rnnlab.kernels.scaled import EMPTY, add, log10, power
from rnnlab.kernels.terms import _launch, hold_launch
from rnnlab.kernels.vanilla import settle, vjp, weigh_slopes


class Statistics(NamedTuple):
    """What is known of every lag l = 0..T-1 of G networks; nan where one diverged."""

    rms: np.ndarray  # (G, T), log10 of the root mean square over t of ‖G_{t,t-l}‖
    mean_log: np.ndarray  # (G, T), mean of log10 ‖G_{t,t-l}‖ over the pairs where it is not zero
    zeros: np.ndarray  # (G, T), pairs whose contribution is exactly zero
    norm: np.ndarray  # (G, T), log10 ‖G_l‖
    share: np.ndarray  # (G, T), ⟨G_l, G⟩ / ‖G‖²
    cosine: np.ndarray  # (G, T), nan where G_l is zero
    error: np.ndarray  # (G, T+1), log10 of ‖G - Σ_{l<K} G_l‖ / ‖G‖ for K = 0..T
    total: np.ndarray  # (G,), log10 ‖G‖


class Totals(NamedTuple):
    """The gradient by U in the making."""

    lag: np.ndarray  # (N, N), G_l
    whole: np.ndarray  # (N, N), G
    missing: np.ndarray  # (N, N), float64
    sent: np.ndarray  # (T·B, N), adjoints of all lags where the loss is at the last step
    sent_exponent: np.ndarray  # (T·B,)
    mate: np.ndarray  # (T·B·N,) there, else that of a block


@kernel
def hold_totals(t):  # type: ignore[no-untyped-def]
    """Return the same arrays without owners."""
    return Totals(
        borrowed(t.lag), borrowed(t.whole), borrowed(t.missing), borrowed(t.sent), borrowed(t.sent_exponent),
        borrowed(t.mate),
    )  # fmt: skip


@kernel
def hold_statistics(s):  # type: ignore[no-untyped-def]
    """Return the same statistics without owners."""
    return Statistics(
        borrowed(s.rms), borrowed(s.mean_log), borrowed(s.zeros), borrowed(s.norm), borrowed(s.share),
        borrowed(s.cosine), borrowed(s.error), borrowed(s.total),
    )  # fmt: skip


@kernel
def lose(out, g):  # type: ignore[no-untyped-def]
    """Say that nothing is known of a network."""
    for part in (out.rms, out.mean_log, out.norm, out.share, out.cosine, out.error):
        fill(part[g], math.nan)
    fill(out.zeros[g], 0)
    out.total[g] = math.nan


@kernel
def compare(lag, e, whole, whole_e, size, missing, missing_e, sign):  # type: ignore[no-untyped-def]
    """Add sign · G_l to what is missing; return (⟨G_l, G⟩, ‖G_l‖², ‖missing‖²; the new exponent of what is missing).

    The first three without exponents; G_l has the exponent e, EMPTY where it is zero.
    """
    apart()
    a, b, c = flat(lag), flat(whole), flat(missing)
    if e == EMPTY:
        return 0.0, 0.0, _squares(c), missing_e
    top = max(e, missing_e)
    if top > missing_e:
        _shrink(c, power(missing_e - top) if missing_e > EMPTY else 0.0)
    dot, own, left = _compare(a, b, c, sign * power(e - top))
    return dot, own, left, top


@reduction
def _compare(lag, whole, missing, factor):  # type: ignore[no-untyped-def]
    dot, own, left = 0.0, 0.0, 0.0
    for i in range(lag.size):
        value = np.float64(lag[i])  # float() of a float32 stays one, and its square may leave the range
        rest = missing[i] + factor * value
        missing[i] = rest
        dot += value * np.float64(whole[i])
        own += value * value
        left += rest * rest
    return dot, own, left


@kernel
def _shrink(values, factor):  # type: ignore[no-untyped-def]
    for i in range(values.size):
        values[i] *= factor


@reduction
def _squares(values):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(values.size):
        value = np.float64(values[i])
        total += value * value
    return total


@kernel
def note(l, e, K, lag, whole, whole_e, size, missing, missing_e, sign, B, out, g):  # type: ignore[no-untyped-def]
    """Write down what G_l is beside G, and how much is missing of K lags; return the exponent of what is missing."""
    dot, own, left, missing_e = compare(lag, e, whole, whole_e, size, missing, missing_e, sign)
    shrink = math.log10(float(B))
    out.norm[g, l] = 0.5 * log10(own, 2 * e) - shrink if own > 0.0 else -math.inf
    out.share[g, l] = math.nan if size == 0.0 else dot / size * power(e - whole_e) if own > 0.0 else 0.0
    out.cosine[g, l] = dot / (math.sqrt(own) * math.sqrt(size)) if own > 0.0 and size > 0.0 else math.nan
    whole_log = 0.5 * log10(size, 2 * whole_e) if size > 0.0 else math.nan
    out.error[g, K] = (0.5 * log10(left, 2 * missing_e) if left > 0.0 else -math.inf) - whole_log
    return missing_e


@kernel
def begin(whole, e, missing, out, g, B):  # type: ignore[no-untyped-def]
    """Write down ‖G‖; return its square without the exponent."""
    size = _squares(flat(whole)) if e > EMPTY else 0.0
    out.total[g] = 0.5 * log10(size, 2 * e) - math.log10(float(B)) if size > 0.0 else -math.inf
    return size


@kernel
def lags_of_every(
    U, V, c, x, source, y, classes, target, kind, h, slope, diverged, chunk, packed, space, gradient, curves, plan,
    slopes, columns, launch, states, room, totals, out,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Fill the statistics of networks with a loss at every step, and `diverged`; `columns` is of all blocks."""
    U, V, c, x, y, classes = borrowed(U), borrowed(V), borrowed(c), borrowed(x), borrowed(y), borrowed(classes)
    h, slope, slopes = borrowed(h), borrowed(slope), borrowed(slopes)
    packed, space, gradient, curves = _packed(packed), _space(space), _gradient(gradient), _curves(curves)
    launch, room, states = hold_launch(launch), hold_room(room), hold_mates(states)
    columns, totals, out = hold(columns), hold_totals(totals), hold_statistics(out)
    T, B, N = slope.shape[1:]
    for g in range(diverged.size):
        curve = _curve(curves, 0)
        readout = _readout(V[g], packed, c[g], y[target[g]], classes[target[g]], kind, True)
        U_exponent = pack_tamed(U[g], packed.U)
        if diverged[g] > 0:
            diverged[g] = _until(diverged[g], readout, h[g], space, curve)
        else:
            diverged[g] = backward.backward(
                0, T, packed.U, U_exponent, 1.0, readout, h[g], slope[g], x[source[g]], chunk, space, gradient, curve
            )
        if diverged[g] > 0:
            lose(out, g)
            continue
        whole_e = gradient.exponent[0]
        _whole(gradient.U, whole_e, totals)
        size = begin(totals.whole, whole_e, totals.missing, out, g, B)
        out.error[g, 0] = 0.0 if size > 0.0 else math.nan
        missing_e = whole_e
        prepare(h[g], states, room)
        lay_slopes(slope[g], slopes, plan.slope_stride)
        for first in range(0, T, plan.steps):
            stop, block = min(first + plan.steps, T), _block(columns, first // plan.steps)
            _launch(first, stop, readout, h[g], block, launch, plan.stride)
        for lag in range(T):
            e = _one_lag(lag, T, B, N, columns, h[g], slopes, launch.row, states, room, totals, plan, out, g)
            missing_e = note(
                lag, e, lag + 1, totals.lag, totals.whole, whole_e, size, totals.missing, missing_e, -1.0, B, out, g
            )
            for first in range(lag // plan.steps * plan.steps, T, plan.steps):
                low, last = max(lag + 1 - first, 0) * B, (min(first + plan.steps, T) - first) * B
                if low < last:
                    pull(_block(columns, first // plan.steps), low, last, packed.U, U_exponent, N, plan.stride)


@kernel
def _whole(gradient, e, totals):  # type: ignore[no-untyped-def]
    copy(gradient, totals.whole)
    source, target = flat(gradient), flat(totals.missing)
    for i in range(source.size):
        target[i] = float(source[i])


@kernel
def _block(columns, place):  # type: ignore[no-untyped-def]
    return Columns(
        columns.adjoint[place], columns.weighed[place], columns.exponent[place], columns.weighed_exponent[place],
        columns.size[place], columns.weighed_size[place],
    )  # fmt: skip


@kernel
def _one_lag(lag, T, B, N, columns, h, slopes, row, states, room, totals, plan, out, g):  # type: ignore[no-untyped-def]
    """Weigh all adjoints at this lag, measure every contribution and add them up in totals.lag; return its exponent."""
    m, top, logs, zeros, total_e = 0.0, 0, 0.0, 0, EMPTY
    for first in range(lag // plan.steps * plan.steps, T, plan.steps):
        block, stop = _block(columns, first // plan.steps), min(first + plan.steps, T)
        low = max(lag - first, 0)
        at = _lanes(slopes) + (first - lag) * B
        weigh_columns(block, low * B, (stop - first) * B, Slopes(slopes, plan.slope_stride), at, N, plan.stride, row)
        for t in range(first + low, stop):
            column = (t - first) * B
            if states.products.shape[0] > 0:
                adjoint_products(block, column, B, N, plan.stride, room)
            n, f = squared_norm(block, column, N, plan.stride, h[t - lag], states, t - lag, plan.limit, room)
            if n > 0.0:
                m, top = add(m, top, n, 2 * f)
                logs += log10_contribution(n, f, B)
            else:
                zeros += 1
        total_e = _add_block(first, low, stop, lag, block, h, N, plan.stride, totals, total_e)
    pairs = T - lag
    out.rms[g, lag] = 0.5 * log10(m / pairs, top) - math.log10(float(B)) if m > 0.0 else -math.inf
    out.mean_log[g, lag] = logs / (pairs - zeros) if zeros < pairs else -math.inf
    out.zeros[g, lag] = zeros
    return total_e


@kernel
def _add_block(first, low, stop, lag, block, h, N, stride, totals, total_e):  # type: ignore[no-untyped-def]
    B = h.shape[1]
    K = (stop - first - low) * B
    begin = first + low - lag
    rows = h[begin : begin + stop - first - low].reshape(K, N)
    mates, e = mated(rows, block.weighed_exponent[low * B : low * B + K], totals.mate)
    if e == EMPTY:
        return total_e
    top = max(e, total_e)
    keep = 0.0 if total_e == EMPTY else power(total_e - top)
    multiply_columns(power(e - top), block.weighed, low * B, K, stride, mates, keep, totals.lag)
    return top


@kernel
def lags_of_last(
    U, V, c, y, classes, target, kind, h, slope, diverged, packed, space, launch, totals, out
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Fill the statistics of networks with the loss at the last step, where a lag is one contribution."""
    U, V, c, y, classes = borrowed(U), borrowed(V), borrowed(c), borrowed(y), borrowed(classes)
    h, slope = borrowed(h), borrowed(slope)
    packed, space, launch = _packed(packed), _space(space), hold_launch(launch)
    totals, out = hold_totals(totals), hold_statistics(out)
    T, B, N = slope.shape[1:]
    for g in range(diverged.size):
        readout = _readout(V[g], packed, c[g], y[target[g]], classes[target[g]], kind, False)
        U_exponent = pack_tamed(U[g], packed.U)
        if diverged[g] == 0:
            diverged[g] = _send_back(packed.U, U_exponent, readout, h[g], slope[g], space, launch, totals)
        if diverged[g] > 0:
            lose(out, g)
            continue
        rows, e = mated(h[g, :T].reshape(T * B, N), totals.sent_exponent, totals.mate)
        whole_e = add_outer(totals.sent, rows, e, totals.whole, EMPTY)
        if whole_e == EMPTY:
            fill(totals.whole, 0)
        size = begin(totals.whole, whole_e, totals.missing, out, g, B)
        fill(totals.missing, 0.0)
        missing_e = EMPTY
        out.error[g, T] = -math.inf if size > 0.0 else math.nan
        for lag in range(T - 1, -1, -1):
            low = (T - 1 - lag) * B
            rows, e = mated(h[g, T - 1 - lag], totals.sent_exponent[low : low + B], totals.mate)
            e = add_outer(totals.sent[low : low + B], rows, e, totals.lag, EMPTY)
            missing_e = note(
                lag, e, lag, totals.lag, totals.whole, whole_e, size, totals.missing, missing_e, 1.0, B, out, g
            )
            out.rms[g, lag] = out.mean_log[g, lag] = out.norm[g, lag]
            out.zeros[g, lag] = 1 if e == EMPTY or out.norm[g, lag] == -math.inf else 0


@kernel
def _send_back(U, U_exponent, readout, h, slope, space, launch, totals):  # type: ignore[no-untyped-def]
    """Fill totals.sent with the adjoints of L_T at all a_k, row (k-1)·B + b; return T if the output is not finite."""
    T, B, N = slope.shape
    rows, exponents = space.rows, totals.sent_exponent[(T - 1) * B :]
    carry = space.carry
    found = send(T - 1, T, readout, h, launch.cotangent, exponents, carry, launch.loss, launch.loss_exponent)
    if found > 0:
        return found
    for k in range(T - 1, -1, -1):
        here, exponents = totals.sent[k * B : k * B + B], totals.sent_exponent[k * B : k * B + B]
        if k < T - 1:
            fill(exponents, EMPTY)
            before = slice((k + 1) * B, (k + 2) * B)
            vjp(U, U_exponent, totals.sent[before], totals.sent_exponent[before], here, exponents, rows)
        else:
            copy(carry, here)
        settle(here, exponents, space.sizes)
        weigh_slopes(here, slope[k], exponents)
    return 0
