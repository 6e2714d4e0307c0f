"""States forward in time, for one network.

Time runs in chunks: what is not recurrent is one product for a chunk. The chunk depends on the shape of the network
alone, or a network's numbers would depend on its neighbours.
"""

from __future__ import annotations

import math

import numpy as np

from rnnlab.kernels.linalg import copy, fill, pack_transposed, product
from rnnlab.kernels.options import inside, kernel
from rnnlab.kernels.scaled import exponent, largest, multiply, shifted_squares, squares
from rnnlab.kernels.vanilla import forward


@kernel
def input_drive(W, x, drive, inward, chunk):  # type: ignore[no-untyped-def]
    """drive (T, B, N) = W x_t, for networks that share W, x and all shapes; inward is scratch for Wᵀ, packed."""
    if not np.any(W):
        fill(drive, 0)
        return
    pack_transposed(W, inward)
    for start in range(0, drive.shape[0], chunk):
        _chunk_drive(x, start, min(start + chunk, drive.shape[0]), inward, drive)


@kernel
def _chunk_drive(x, start, stop, inward, out):  # type: ignore[no-untyped-def]
    rows = (stop - start) * x.shape[1]
    product(1.0, x[start:stop].reshape(rows, x.shape[2]), inward, 0.0, out[start:stop].reshape(rows, out.shape[2]))


@kernel
def run(code, U, W, b, leak, x, drive, factors, h, slope, rms, chunk, recurrent, inward):  # type: ignore[no-untyped-def]
    """Fill h[1:] (T, B, N) from h[0], phi' (T, B, N) and rms (T+1,); return the first step that is not finite, or 0.

    `drive` (T, B, N) is W x_t where networks share it, or empty: then it is computed here. Where `factors` (T, B, N) is
    not empty each state is multiplied by its own: roundings made from outside. What stands behind a step
    that is not finite means nothing, but rms there is nan. `recurrent` and `inward` are scratch
    for Uᵀ and Wᵀ, packed.
    """
    T = slope.shape[0]
    driven, biased = np.any(W), np.any(b)
    pack_transposed(U, recurrent)
    if driven and drive.size == 0:
        pack_transposed(W, inward)
    fill(rms, math.nan)
    rms[0] = _rms(h[0])
    for start in range(0, T, chunk):
        stop = min(start + chunk, T)
        if not driven:
            fill(slope[start:stop], 0)
        elif drive.size > 0:
            copy(drive[start:stop], slope[start:stop])
        else:
            _chunk_drive(x, start, stop, inward, slope)
        if biased:
            _add_bias(b, slope[start:stop])
        for t in range(start, stop):
            forward(code, recurrent, leak, h[t], slope[t], h[t + 1])
            if factors.shape[0] > 0:
                _disturb(h[t + 1], factors[t])
            rms[t + 1] = _rms(h[t + 1])
            if not math.isfinite(rms[t + 1]):
                return t + 1
    return 0


@kernel
def _disturb(state, factors):  # type: ignore[no-untyped-def]
    for s in range(state.shape[0]):
        multiply(state, factors, s)


@kernel
def _add_bias(b, rows):  # type: ignore[no-untyped-def]
    flat = rows.reshape(rows.size // b.size, b.size)
    for r in range(flat.shape[0]):
        for i in range(b.size):
            flat[r, i] += b[i]


@kernel
def _rms(state):  # type: ignore[no-untyped-def]
    """Root mean square of a state (B, N); nan or inf only where an entry is."""
    inside()
    total = 0.0
    for b in range(state.shape[0]):
        total += squares(state, b)
    if 1e-280 <= total <= 1e280:
        return math.sqrt(total / state.size)
    return _rms_of_extremes(state)


@kernel
def _rms_of_extremes(state):  # type: ignore[no-untyped-def]
    peak = 0.0
    for b in range(state.shape[0]):
        found = largest(state, b)
        if math.isnan(found):
            return found
        peak = max(peak, found)
    if peak == 0.0 or not math.isfinite(peak):
        return peak
    e, total = exponent(peak), 0.0
    for b in range(state.shape[0]):
        total += shifted_squares(state, b, e)
    return math.ldexp(math.sqrt(total / state.size), e)
