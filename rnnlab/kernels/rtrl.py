"""Real-time recurrent learning (Williams, Zipser 1989, Neural Computation 1): the gradient carried forward in time.

    P_t = (1-α) P_{t-1} + α diag(phi'(a_t)) (U P_{t-1} + d⁺a_t/dθ),        dL_t/dθ = Σ_b dl_b/dh_t P_t,

P = dh/dθ for θ the entries of U, then W, then b. Nothing of the past is stored, so that weights may change at every
step; P then still holds what earlier weights made of earlier states, and is stale at the order of the learning rate.
Frozen weights give the gradient of BPTT. A step costs B N² (N² + ND + N) multiplications, N⁴ for a sequence; P takes
B N (N² + ND + N) numbers. They are plain floats: a step at which one is no longer finite says so.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels.accumulate import add_outer, add_rows, close, mated
from rnnlab.kernels.linalg import copy, fill, outer, pack_tamed, pack_transposed, product
from rnnlab.kernels.losses import read_out
from rnnlab.kernels.options import apart, flat, kernel
from rnnlab.kernels.scaled import EMPTY, exponent, largest, scale
from rnnlab.kernels.vanilla import forward

FAR = 64  # exponent of P, either way, beyond which adjoints scaled against it would leave the range of float32


class Sensitivities(NamedTuple):
    """dh_t/dθ of one network and the scratch to carry it, M = N² + ND + N."""

    P: np.ndarray  # (B, N, M): by the entries of U, of W, of b
    size: np.ndarray  # (B,), exponent of the largest entry of P, EMPTY where all are 0
    moved: np.ndarray  # (N, M), U P of one sample
    summed: np.ndarray  # (1, M)
    turned: np.ndarray  # (N, N), Uᵀ
    slope: np.ndarray  # (B, N), phi'(a_t)
    recurrent: np.ndarray  # Uᵀ, packed
    inward: np.ndarray  # Wᵀ, packed
    outward: np.ndarray  # Vᵀ, packed
    V: np.ndarray  # packed
    cotangent: np.ndarray  # (B, O)
    cotangent_exponent: np.ndarray  # (B,)
    adjoint: np.ndarray  # (B, N)
    mate: np.ndarray  # (B · N,)


@kernel
def begin(s):  # type: ignore[no-untyped-def]
    """Set the sensitivities to those of h_0, which depends on no weight."""
    fill(s.P, 0)
    fill(s.size, EMPTY)


@kernel
def step(code, U, W, b, leak, x, h, following, s):  # type: ignore[no-untyped-def]
    """Go from h (B, N) to `following` on inputs x (B, D) with these weights, and carry the sensitivities along.

    Return whether all states and sensitivities are finite.
    """
    apart()
    pack_transposed(U, s.recurrent)
    pack_transposed(W, s.inward)
    product(1.0, x, s.inward, 0.0, s.slope)
    for r in range(h.shape[0]):
        for i in range(b.size):
            s.slope[r, i] += b[i]
    forward(code, s.recurrent, leak, h, s.slope, following)
    for i in range(U.shape[0]):
        for j in range(U.shape[0]):
            s.turned[j, i] = U[i, j]
    finite = True
    for r in range(h.shape[0]):
        finite = _carry(r, leak, x, h, s) and math.isfinite(largest(following, r)) and finite
    return finite


@kernel
def _carry(r, leak, x, h, s):  # type: ignore[no-untyped-def]
    """Carry the sensitivities of one sample; return whether all are finite."""
    apart()
    P, moved, N, D = s.P[r], s.moved, h.shape[1], x.shape[1]
    kept, fresh, M = P.dtype.type(1.0 - leak), P.dtype.type(leak), P.shape[1]
    outer(1.0, s.turned, P, 0.0, moved)
    for i in range(N):
        for j in range(N):
            moved[i, i * N + j] += h[r, j]
        for j in range(D):
            moved[i, N * N + i * D + j] += x[r, j]
        moved[i, N * (N + D) + i] += P.dtype.type(1)
        gain = fresh * s.slope[r, i]
        if leak == 1.0:
            for m in range(M):
                P[i, m] = gain * moved[i, m]
        else:
            for m in range(M):
                P[i, m] = kept * P[i, m] + gain * moved[i, m]
    peak = 0.0
    for i in range(N):
        found = largest(P, i)
        peak = found if not (found <= peak) else peak
        if not math.isfinite(peak):
            return False
    s.size[r] = exponent(peak)
    return True


@kernel
def gradient_at(V, c, h, y, classes, kind, s, gradient, loss, loss_exponent):  # type: ignore[no-untyped-def]
    """Fill a gradient with that of the loss at one step, with these output weights; that of h_0 is left out.

    h (B, N), y (1, B, O), classes (1, B). loss (1,) becomes the mean over the batch. Return whether the outputs are
    finite.
    """
    apart()
    B, N = h.shape
    pack_transposed(V, s.outward)
    V_exponent = pack_tamed(V, s.V)
    rows, exponents, totals = s.cotangent, s.cotangent_exponent, gradient.exponent
    states = h.reshape(1, B, N)
    if read_out(states, s.outward, c, y, classes, kind, rows, exponents, loss, loss_exponent) > 0:
        return False
    after, e = mated(h, exponents, s.mate)
    totals[2] = close(gradient.V, add_outer(rows, after, e, gradient.V, EMPTY))
    totals[4] = close(gradient.c, add_rows(rows, exponents, gradient.c, EMPTY))
    product(1.0, rows, s.V, 0.0, s.adjoint)
    top = _common(exponents, V_exponent, s)
    _share_out(top, s, gradient)
    fill(gradient.h0, 0)
    fill(totals[5:], 0)
    return True


@kernel
def _common(exponents, shift, s):  # type: ignore[no-untyped-def]
    """Bring the adjoints to a common exponent, by which their products with P neither overflow nor underflow."""
    top = EMPTY
    for r in range(exponents.size):
        own = exponent(largest(s.adjoint, r))
        if exponents[r] > EMPTY and s.size[r] > EMPTY and own > EMPTY:
            top = max(top, exponents[r] + shift + own + min(max(s.size[r], -FAR), FAR))
    for r in range(exponents.size):
        if exponents[r] > EMPTY and s.size[r] > EMPTY and top > EMPTY:
            scale(s.adjoint, r, exponents[r] + shift - top)
        else:
            fill(s.adjoint[r], 0)
    return top


@kernel
def _share_out(top, s, gradient):  # type: ignore[no-untyped-def]
    """dL/dθ = Σ over samples and units of adjoint times P, cut into the gradients of U, W and b."""
    rows, (B, N, M) = flat(s.adjoint), s.P.shape
    outer(1.0, rows.reshape(B * N, 1), s.P.reshape(B * N, M), 0.0, s.summed)
    U, W, whole = gradient.U.size, gradient.W.size, flat(s.summed)
    copy(whole[:U], gradient.U)
    copy(whole[U : U + W], gradient.W)
    copy(whole[U + W :], gradient.b)
    e = top if top > EMPTY else 0
    gradient.exponent[0], gradient.exponent[1], gradient.exponent[3] = e, e, e
