"""The regulariser against vanishing gradients of Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063), equations 9 and 10.

    Omega = mean_b Σ_k ( ‖δ_{k+1} J_{k+1}‖ / ‖δ_{k+1}‖ - 1 )²,    J_k = dh_k/dh_{k-1} = (1-α) I + α diag(phi'(a_k)) U

with δ_k = dl_b/dh_k in total, of the sample's own loss: an adjoint shall keep its norm on every step back. Only the
immediate derivative by U is taken, as there: δ and phi' stand still. With v = α phi' ∘ δ and u = Uᵀ v + (1-α) δ,

    d‖u‖/dU = v uᵀ / ‖u‖.
"""

from __future__ import annotations

import math

import numpy as np

from rnnlab.kernels.accumulate import add_outer, close, mated
from rnnlab.kernels.backward import direct
from rnnlab.kernels.linalg import copy, fill
from rnnlab.kernels.options import apart, inside, kernel
from rnnlab.kernels.scaled import EMPTY, add, exponent, normalise, power
from rnnlab.kernels.vanilla import add_past, keep_past, settle, vjp, weigh_leak, weigh_slopes


@kernel
def add_penalty(strength, U, U_exponent, leak, readout, h, slope, chunk, space, gradient, curves):  # type: ignore[no-untyped-def]
    """Add strength · B · dOmega/dU to the finished gradient of a window, U packed; return Omega.

    The sum is over all steps k = 0..T-1 of the window with δ_{k+1} != 0; that out of h_0 counts too, for U acts there.
    Where u is exactly 0 the term is 1 and its gradient 0. The space and the losses in `curves` are written over.
    """
    apart()
    B, N = slope.shape[1], slope.shape[2]
    total = gradient.exponent[0] if np.any(gradient.U) else EMPTY
    omega, stop = 0.0, slope.shape[0]
    fill(space.carry_exponent, EMPTY)
    while stop > 0:
        start = (stop - 1) // chunk * chunk
        size = (stop - start) * B
        adjoint, exponents = space.adjoint[:size], space.adjoint_exponent[:size]
        mates = space.mate[: size * N].reshape(size, N)
        fill(adjoint, 0)
        fill(exponents, EMPTY)
        if (readout.every and stop > readout.since) or stop == slope.shape[0]:
            direct(start, stop, readout, h, space, curves)
        for t in range(stop - 1, start - 1, -1):
            omega += _pull(t, (t - start) * B, strength, U, U_exponent, leak, slope, mates, space)
        scaled, e = mated(mates, exponents, space.mate)
        total = add_outer(adjoint, scaled, e, gradient.U, total)
        stop = start
    gradient.exponent[0] = close(gradient.U, total)
    return omega / B


@kernel
def _pull(t, low, strength, U, U_exponent, leak, slope, mates, space):  # type: ignore[no-untyped-def]
    """Turn what reaches h_{t+1} (0-based t) directly into v, and `carry` into u; return the terms of the step."""
    B = slope.shape[1]
    rows, exponents = space.adjoint[low : low + B], space.adjoint_exponent[low : low + B]
    before = space.cotangent_exponent[:B]  # free once the cotangents of a chunk have become adjoints
    add_past(space.carry, space.carry_exponent, rows, exponents)
    settle(rows, exponents, space.sizes)
    copy(exponents, before)
    if leak != 1.0:
        keep_past(leak, rows, exponents, space.past, space.past_exponent)
    weigh_slopes(rows, slope[t], exponents)
    if leak != 1.0:
        weigh_leak(leak, rows)
    fill(space.carry_exponent, EMPTY)
    vjp(U, U_exponent, rows, exponents, space.carry, space.carry_exponent, space.rows)
    if leak != 1.0:
        add_past(space.past, space.past_exponent, space.carry, space.carry_exponent)
    found = 0.0
    for b in range(B):
        found += _term(b, strength, before[b], mates, exponents, low, space)
    return found


@kernel
def _term(b, strength, before, mates, exponents, low, space):  # type: ignore[no-untyped-def]
    """Make a row of mates, with what is now the exponent of v, the right side of the term's gradient; return the term.

    That is 2 strength (r - 1) uᵀ / (‖u‖ ‖δ‖), with r = ‖u‖ / ‖δ‖.
    """
    inside()
    row, u, place = low + b, space.carry, space.carry_exponent
    e, size = normalise(u, b) if place[b] > EMPTY else (EMPTY, 0.0)
    place[b] = place[b] + e if e > EMPTY else EMPTY
    if before == EMPTY or place[b] == EMPTY:
        exponents[b] = EMPTY
        fill(mates[row], 0)
        return 0.0 if before == EMPTY else 1.0
    m, f = add(math.sqrt(size / space.sizes[b]), place[b] - before, -1.0, 0)
    factor = 2.0 * strength * m / math.sqrt(size * space.sizes[b])
    shift = exponent(factor) if factor != 0.0 else 0
    factor = mates.dtype.type(factor * power(-shift))
    for i in range(u.shape[1]):
        mates[row, i] = factor * u[b, i]
    if exponents[b] > EMPTY:
        exponents[b] += f + shift - before
    return math.ldexp(m * m, min(max(2 * f, -4000), 4000))
