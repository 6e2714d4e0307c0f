"""Back-propagation through time for one network: adjoints, gradients, and the adjoint of L_T alone.

    dl/da_t = phi'(a_t) ∘ dl/dh_t,    dl/dh_{t-1} = Vᵀ dl/do_{t-1} + Uᵀ dl/da_t,
    dL/dU = Σ_t dl/da_t h_{t-1}ᵀ,     dL/dW = Σ_t dl/da_t x_tᵀ,     dL/dV = Σ_t dl/do_t h_tᵀ.

Every row of an adjoint (one sequence of the batch) has an exponent of its own. Time runs in chunks, as forward. It may
come in pieces of whole chunks, the last one first: what the next one goes on from stays in the scratch.

Of leaky units, h_t = (1 - α) h_{t-1} + α phi(a_t), dl/da_t has a factor α and dl/dh_{t-1} one more term,
(1 - α) dl/dh_t; α = 1 are the units above.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnlab.kernels.accumulate import add_outer, add_rows, close, mated
from rnnlab.kernels.linalg import copy, fill, product
from rnnlab.kernels.losses import read_out
from rnnlab.kernels.options import inside, kernel
from rnnlab.kernels.scaled import EMPTY, LN_10, log10_rms, mean_log, squares
from rnnlab.kernels.vanilla import add_past, keep_past, settle, vjp, weigh_leak, weigh_slopes


class Readout(NamedTuple):
    """What turns states into losses; one of y and classes is empty."""

    V: np.ndarray  # packed; the true one is V · 2^exponent
    exponent: int
    outward: np.ndarray  # Vᵀ, packed
    c: np.ndarray  # (O,)
    y: np.ndarray  # (T, B, O)
    classes: np.ndarray  # (T, B)
    kind: int  # code of the loss
    every: bool  # a loss at every step, or at the last
    since: int  # the first step (0-based, of those at hand) that has one where it is at every step


class Space(NamedTuple):
    """Scratch for a chunk of K steps, R = K·B rows."""

    cotangent: np.ndarray  # (R, O)
    cotangent_exponent: np.ndarray  # (R,)
    adjoint: np.ndarray  # (R, N)
    adjoint_exponent: np.ndarray  # (R,)
    carry: np.ndarray  # (B, N), the adjoint of a at the first step of the chunk that follows in time
    carry_exponent: np.ndarray  # (B,)
    rows: np.ndarray  # (B, N)
    past: np.ndarray  # (B, N), what a leaky unit sends back past its step
    past_exponent: np.ndarray  # (B,)
    sizes: np.ndarray  # (B,)
    mate: np.ndarray  # (R · max(N, D),)


class Gradient(NamedTuple):
    """The gradient of the batch sum of the loss, each array times 2^exponent (U, W, V, b, c, then the rows of h0)."""

    U: np.ndarray  # (N, N)
    W: np.ndarray  # (N, D)
    V: np.ndarray  # (O, N)
    b: np.ndarray  # (1, N)
    c: np.ndarray  # (1, O)
    h0: np.ndarray  # (B, N)
    exponent: np.ndarray  # (5 + B,)


class Curves(NamedTuple):
    """What is measured on the way."""

    loss: np.ndarray  # (T,), mean over the batch, with an exponent
    loss_exponent: np.ndarray  # (T,)
    hidden: np.ndarray  # (T+1,), log10 sqrt(mean_b ‖dl/dh_t‖²), t = 0..T
    mean_log: np.ndarray  # (T+1,), mean_b ln ‖dl/dh_t‖; or empty, where nobody asks
    weighed: np.ndarray  # (T,), mean_b ln ‖dl_T/da_t‖, t = 1..T, of the adjoint of L_T alone; or empty


@kernel
def backward(first, T, U, U_exponent, leak, readout, h, slope, x, chunk, space, gradient, curves):  # type: ignore[no-untyped-def]
    """Fill the gradient and the curves, U packed; return the first step at which an output is not finite, or 0.

    All are of the steps after `first`, a multiple of the chunk; the gradient is whole where that is 0.
    """
    length, B, N = slope.shape
    totals, end = gradient.exponent, T - first
    if length == end:
        fill(totals, EMPTY)
        fill(space.carry_exponent, EMPTY)
    diverged, stop = 0, length
    fill(curves.loss, 0.0)
    fill(curves.loss_exponent, 0)
    while stop > 0:
        start = (stop - 1) // chunk * chunk
        size = (stop - start) * B
        adjoint, exponents = space.adjoint[:size], space.adjoint_exponent[:size]
        fill(exponents, EMPTY)
        if (readout.every and stop > readout.since) or stop == end:
            found = _cotangents(start, stop, readout, h, space, gradient, curves)
            diverged = found if found > 0 else diverged
        for t in range(stop - 1, start - 1, -1):
            _pull(t, end, start, stop, U, U_exponent, leak, slope, space, curves)
        copy(adjoint[:B], space.carry)
        copy(exponents[:B], space.carry_exponent)
        before, e = mated(h[start:stop].reshape(size, N), exponents, space.mate)
        totals[0] = add_outer(adjoint, before, e, gradient.U, totals[0])
        inputs, e = mated(x[start:stop].reshape(size, x.shape[2]), exponents, space.mate)
        totals[1] = add_outer(adjoint, inputs, e, gradient.W, totals[1])
        totals[3] = add_rows(adjoint, exponents, gradient.b, totals[3])
        stop = start
    if first == 0:
        _initial(U, U_exponent, leak, space, gradient.h0, totals[5:], curves)
        _finish(gradient)
    return diverged


@kernel
def _cotangents(start, stop, readout, h, space, gradient, curves):  # type: ignore[no-untyped-def]
    """Read out the steps of a chunk that have a loss: their share of dV and dc, and of the adjoints of h."""
    found = direct(start, stop, readout, h, space, curves)
    if found > 0:
        return found
    first = _first_loss(start, stop, readout)
    size = (stop - first) * h.shape[1]
    cotangent, exponents, totals = space.cotangent[:size], space.cotangent_exponent[:size], gradient.exponent
    after, e = mated(h[first + 1 : stop + 1].reshape(size, h.shape[2]), exponents, space.mate)
    totals[2] = add_outer(cotangent, after, e, gradient.V, totals[2])
    totals[4] = add_rows(cotangent, exponents, gradient.c, totals[4])
    return 0


@kernel
def _first_loss(start, stop, readout):  # type: ignore[no-untyped-def]
    """The first step of a chunk with a loss."""
    inside()
    return max(start, readout.since) if readout.every else stop - 1


@kernel
def direct(start, stop, readout, h, space, curves):  # type: ignore[no-untyped-def]
    """Fill the cotangents dl/do of the steps of a chunk that have a loss, and Vᵀ dl/do, those steps' rows of adjoints.

    Return the first step at which an output is not finite, or 0.
    """
    first = _first_loss(start, stop, readout)
    size, offset = (stop - first) * h.shape[1], (first - start) * h.shape[1]
    cotangent, exponents = space.cotangent[:size], space.cotangent_exponent[:size]
    found = read_out(
        h[first + 1 : stop + 1],
        readout.outward,
        readout.c,
        readout.y[first:stop],
        readout.classes[first:stop],
        readout.kind,
        cotangent,
        exponents,
        curves.loss[first:stop],
        curves.loss_exponent[first:stop],
    )
    if found > 0:
        return first + found
    product(1.0, cotangent, readout.V, 0.0, space.adjoint[offset : offset + size])
    for r in range(size):
        empty = exponents[r] == EMPTY
        space.adjoint_exponent[offset + r] = EMPTY if empty else exponents[r] + readout.exponent
    return 0


@kernel
def _pull(t, end, start, stop, U, U_exponent, leak, slope, space, curves):  # type: ignore[no-untyped-def]
    """Make the rows of step t of a chunk the total adjoint of h_{t+1} (0-based t), measure it, and weigh it by phi'."""
    inside()
    B = slope.shape[1]
    low = (t - start) * B
    rows, exponents = space.adjoint[low : low + B], space.adjoint_exponent[low : low + B]
    if t + 1 < stop:
        after = space.adjoint[low + B : low + 2 * B]
        vjp(U, U_exponent, after, space.adjoint_exponent[low + B : low + 2 * B], rows, exponents, space.rows)
    elif t + 1 < end:
        vjp(U, U_exponent, space.carry, space.carry_exponent, rows, exponents, space.rows)
    if leak != 1.0 and t + 1 < end:
        add_past(space.past, space.past_exponent, rows, exponents)
    _measure(t + 1, rows, exponents, space, curves)
    if leak != 1.0:
        keep_past(leak, rows, exponents, space.past, space.past_exponent)
    weigh_slopes(rows, slope[t], exponents)
    if leak != 1.0:
        weigh_leak(leak, rows)


@kernel
def _measure(t, rows, exponents, space, curves):  # type: ignore[no-untyped-def]
    """Normalise the adjoints of h_t and write their norms down; the mean of logs only where it has room."""
    inside()
    settle(rows, exponents, space.sizes)
    curves.hidden[t] = log10_rms(space.sizes, exponents)
    if curves.mean_log.size > 0:
        curves.mean_log[t] = curves.hidden[t] * LN_10 if rows.shape[0] == 1 else mean_log(space.sizes, exponents)


@kernel
def _initial(U, U_exponent, leak, space, out, exponents, curves):  # type: ignore[no-untyped-def]
    """The adjoint of h_0: one more pull, with no loss and no slope of its own."""
    fill(exponents, EMPTY)
    vjp(U, U_exponent, space.carry, space.carry_exponent, out, exponents, space.rows)
    if leak != 1.0:
        add_past(space.past, space.past_exponent, out, exponents)
    _measure(0, out, exponents, space, curves)
    for b in range(exponents.size):
        if exponents[b] == EMPTY:
            fill(out[b], 0)
            exponents[b] = 0


@kernel
def _finish(gradient):  # type: ignore[no-untyped-def]
    totals = gradient.exponent
    totals[0] = close(gradient.U, totals[0])
    totals[1] = close(gradient.W, totals[1])
    totals[2] = close(gradient.V, totals[2])
    totals[3] = close(gradient.b, totals[3])
    totals[4] = close(gradient.c, totals[4])


@kernel
def adjoint_of_last(first, T, U, U_exponent, leak, readout, h, slope, space, curves):  # type: ignore[no-untyped-def]
    """The curves of the adjoint of L_T alone, t = 0..T: what the loss at the last step sends back, and no gradient."""
    length, B, _N = slope.shape
    rows, row_exponents = space.adjoint[:B], space.adjoint_exponent[:B]
    if length == T - first and _adjoint_of_end(readout, h, rows, row_exponents, space, curves) > 0:
        fill(curves.hidden, np.nan)
        fill(curves.mean_log, np.nan)
        fill(curves.weighed, np.nan)
        return
    for t in range(length - 1, -1, -1):
        _measure(t + 1, rows, row_exponents, space, curves)
        if leak != 1.0:
            keep_past(leak, rows, row_exponents, space.past, space.past_exponent)
        weigh_slopes(rows, slope[t], row_exponents)
        if leak != 1.0:
            weigh_leak(leak, rows)
        if curves.weighed.size > 0:
            curves.weighed[t] = _mean_log(rows, row_exponents, space.sizes)
        copy(rows, space.carry)
        copy(row_exponents, space.carry_exponent)
        fill(row_exponents, EMPTY)
        vjp(U, U_exponent, space.carry, space.carry_exponent, rows, row_exponents, space.rows)
        if leak != 1.0:
            add_past(space.past, space.past_exponent, rows, row_exponents)
    if first == 0:
        _measure(0, rows, row_exponents, space, curves)


@kernel
def _adjoint_of_end(readout, h, rows, row_exponents, space, curves):  # type: ignore[no-untyped-def]
    """Fill the rows with the adjoint of h_T; return whether an output is not finite."""
    B, end = rows.shape[0], h.shape[0] - 1
    cotangent, exponents = space.cotangent[:B], space.cotangent_exponent[:B]
    found = read_out(
        h[end:],
        readout.outward,
        readout.c,
        readout.y[end - 1 :],
        readout.classes[end - 1 :],
        readout.kind,
        cotangent,
        exponents,
        curves.loss[end - 1 :],
        curves.loss_exponent[end - 1 :],
    )
    product(1.0, cotangent, readout.V, 0.0, rows)
    for b in range(B):
        row_exponents[b] = EMPTY if exponents[b] == EMPTY else exponents[b] + readout.exponent
    return found


@kernel
def _mean_log(rows, exponents, sizes):  # type: ignore[no-untyped-def]
    """Mean over rows of ln of their norms; -inf where one is zero."""
    for b in range(sizes.size):
        sizes[b] = squares(rows, b) if exponents[b] > EMPTY else 0.0
    return mean_log(sizes, exponents)
