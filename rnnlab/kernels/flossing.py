"""Gradient flossing (Engelken 2023, NeurIPS, arXiv 2312.17306): hold the leading Lyapunov exponents near 0.

    loss_F = mean_s Σ_{i<=K} λ_i²,        λ_i = 1/T Σ_t ln R_t,ii,        Q_t R_t = J_t Q_{t-1},

J_t = (1-α) I + α diag(phi'(a_t)) U along the sample's own trajectory, Q_0 given. The derivative is the whole one: by U
in J_t, and by a_t, which depends on U, W and b through all steps before:

    dl/da_t = phi''(a_t) ∘ (share of J_t)  +  α phi'(a_t) ∘ dl/dh_t.

Worked on in float64 whatever the dtype of the network. The derivative by a_t, which grows backward as any adjoint
does, has exponents. An exponent is -inf where a direction dies (R_t,ii = 0): no step of a gradient brings it back, so
that loss_F and its gradient are of the others, and it is told.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels.accumulate import add_outer, add_rows, mated
from rnnlab.kernels.activation_table import ELU, HARDTANH, IDENTITY, LEAKY_RELU, RELU, SIGMOID, SOFTPLUS, TANH
from rnnlab.kernels.linalg import fill, outer, pack, pack_transposed, product
from rnnlab.kernels.options import apart, inside, kernel
from rnnlab.kernels.orthonormal import Space
from rnnlab.kernels.scaled import EMPTY, exponent, largest, power, squares
from rnnlab.kernels.triangles import factorise, pull_back
from rnnlab.kernels.vanilla import add_past, keep_past, settle, vjp, weigh_leak, weigh_slopes


class Flossing(NamedTuple):
    """Scratch in float64 for S samples with K exponents each, rows R = S·K, of up to T steps."""

    frames: np.ndarray  # (T+1, R, N), frames as rows
    pushed: np.ndarray  # (T, R, N), U times them; on the way back the derivative by that
    triangle: np.ndarray  # (T, R, K)
    logs: np.ndarray  # (R,), Σ_t ln R_ii
    weights: np.ndarray  # (R,), d loss_F / d ln R_t,ii
    back: np.ndarray  # (R, N), derivative by Q
    out: np.ndarray  # (R, N), and by A
    fresh: np.ndarray  # (K, N)
    inner: np.ndarray  # (K, K)
    panels: np.ndarray  # room for K columns, packed
    space: Space
    U: np.ndarray  # (N, N)
    norms: np.ndarray  # (N,), of the rows of U
    recurrent: np.ndarray  # Uᵀ, packed
    packed: np.ndarray  # U, packed
    h: np.ndarray  # (T+1, S, N)
    slope: np.ndarray  # (T, S, N)
    x: np.ndarray  # (T, S, D)
    source: np.ndarray  # (T, S, N), the share of J_t in the derivative by a_t
    source_exponent: np.ndarray  # (S,)
    adjoint: np.ndarray  # (T, S, N)
    adjoint_exponent: np.ndarray  # (T·S,)
    past: np.ndarray  # (S, N)
    past_exponent: np.ndarray  # (S,)
    rows: np.ndarray  # (S, N)
    sizes: np.ndarray  # (S,)
    mate: np.ndarray  # (T · S · max(N, D),)
    dU: np.ndarray  # (N, N)
    dW: np.ndarray  # (N, D)
    db: np.ndarray  # (1, N)


@kernel
def add_flossing(strength, code, U, leak, start, h, slope, x, f, gradient, rates):  # type: ignore[no-untyped-def]
    """Add strength · B · d loss_F to the finished gradient of U, W and b; return loss_F, and λ in `rates` (S, K).

    U (N, N); start (K, N), the orthonormal rows of Q_0; h (T+1, B, N), slope (T, B, N), x (T, B, D) of one window, of
    which the first S samples are looked at. Where a number leaves the range: nan, and nothing is added.
    """
    apart()
    T, S, K = slope.shape[0], rates.shape[0], rates.shape[1]
    _take_in(U, h, slope, x, f)
    for s in range(S):
        for i in range(K):
            for k in range(U.shape[0]):
                f.frames[0, s * K + i, k] = start[i, k]
    fill(f.logs, 0.0)
    for t in range(T):
        _push(t, leak, f)
    loss = _weigh(T, f, rates)
    fill(f.back, 0.0)
    for t in range(T - 1, -1, -1):
        _pull(t, code, leak, f)
    e, inputs, biases = _gather(T, leak, f)
    if not (math.isfinite(loss) and _finite(f.dU) and _finite(f.dW) and _finite(f.db)):
        return math.nan
    totals, factor = gradient.exponent, strength * slope.shape[1]
    totals[0] = _merge(factor, f.dU, e, gradient.U, totals[0])
    totals[1] = _merge(factor, f.dW, inputs, gradient.W, totals[1])
    totals[3] = _merge(factor, f.db, biases, gradient.b, totals[3])
    return loss


@kernel
def _take_in(U, h, slope, x, f):  # type: ignore[no-untyped-def]
    """Copy what is needed of a network into float64."""
    for i in range(U.shape[0]):
        for j in range(U.shape[1]):
            f.U[i, j] = U[i, j]
        f.norms[i] = math.sqrt(squares(U, i))
    pack_transposed(f.U, f.recurrent)
    pack(f.U, f.packed)
    _head(h, f.h)
    _head(slope, f.slope)
    _head(x, f.x)


@kernel
def _head(source, target):  # type: ignore[no-untyped-def]
    """Copy the first samples of all steps there are."""
    for t in range(source.shape[0]):
        for s in range(target.shape[1]):
            for i in range(target.shape[2]):
                target[t, s, i] = source[t, s, i]


@kernel
def _push(t, leak, f):  # type: ignore[no-untyped-def]
    """Carry the frames over a step (0-based t) and factorise them."""
    before, after, pushed = f.frames[t], f.frames[t + 1], f.pushed[t]
    K, N = f.fresh.shape
    product(1.0, before, f.recurrent, 0.0, pushed)
    for s in range(f.slope.shape[1]):
        for i in range(s * K, s * K + K):
            for k in range(N):
                after[i, k] = leak * f.slope[t, s, k] * pushed[i, k] + (1.0 - leak) * before[i, k]
        for k in range(N):
            f.space.scale[k] = leak * abs(f.slope[t, s, k]) * f.norms[k] + (1.0 - leak)
        here = slice(s * K, s * K + K)
        factorise(after[here], f.triangle[t, here], f.logs[here], f.panels, f.fresh, f.space)


@kernel
def _weigh(T, f, rates):  # type: ignore[no-untyped-def]
    """Fill the exponents and how loss_F depends on every ln R_t,ii; return loss_F."""
    S, K = rates.shape
    loss = 0.0
    for s in range(S):
        for i in range(K):
            rate = f.logs[s * K + i] / T
            rates[s, i] = rate
            alive = rate != -math.inf
            loss += rate * rate / S if alive else 0.0
            f.weights[s * K + i] = 2.0 * rate / (S * T) if alive else 0.0
    return loss


@kernel
def _pull(t, code, leak, f):  # type: ignore[no-untyped-def]
    """Carry the derivative back over a step, and leave behind those by U Q_{t-1} and by a_t through phi'."""
    (K, N), pushed, out = f.fresh.shape, f.pushed[t], f.out
    for s in range(f.slope.shape[1]):
        here = slice(s * K, s * K + K)
        pull_back(f.frames[t + 1, here], f.triangle[t, here], f.weights[here], f.back[here], out[here], f.inner)
        for k in range(N):
            total, gain = 0.0, f.slope[t, s, k]
            for i in range(s * K, s * K + K):
                total += out[i, k] * pushed[i, k]
                pushed[i, k] = leak * gain * out[i, k]
            value = (f.h[t + 1, s, k] - (1.0 - leak) * f.h[t, s, k]) / leak
            f.source[t, s, k] = leak * total * _curvature(code, value, gain)
    product(1.0, pushed, f.packed, 0.0, f.back)
    if leak != 1.0:
        for i in range(out.shape[0]):
            for k in range(N):
                f.back[i, k] += (1.0 - leak) * out[i, k]


@kernel
def _curvature(code, value, slope):  # type: ignore[no-untyped-def]
    """phi'' from phi and phi'; 0 at a kink."""
    inside()
    if code == TANH:
        return -2.0 * value * slope
    if code == SIGMOID:
        return slope * (1.0 - 2.0 * value)
    if code == SOFTPLUS:
        return slope * (1.0 - slope)
    if code == ELU:
        return slope if value < 0.0 else 0.0
    return 0.0 if code in (RELU, IDENTITY, LEAKY_RELU, HARDTANH) else math.nan


@kernel
def _gather(T, leak, f):  # type: ignore[no-untyped-def]
    """Fill the derivatives by U, W and b; return their exponents, EMPTY where nothing was added."""
    (S, N), R = f.rows.shape, f.out.shape[0]
    adjoint, exponents = f.adjoint[:T].reshape(T * S, N), f.adjoint_exponent[: T * S]
    outer(1.0, f.pushed[:T].reshape(T * R, N), f.frames[:T].reshape(T * R, N), 0.0, f.dU)
    fill(f.dW, 0.0)
    fill(f.db, 0.0)
    _through_time(T, leak, f)
    before, e = mated(f.h[:T].reshape(T * S, N), exponents, f.mate)
    recurrent = add_outer(adjoint, before, e, f.dU, 0)
    inputs, e = mated(f.x[:T].reshape(T * S, f.x.shape[2]), exponents, f.mate)
    return recurrent, add_outer(adjoint, inputs, e, f.dW, EMPTY), add_rows(adjoint, exponents, f.db, EMPTY)


@kernel
def _through_time(T, leak, f):  # type: ignore[no-untyped-def]
    """Fill the normalised derivatives by a_t, t = 1..T: those through phi', and those through all later states."""
    S = f.sizes.size
    for t in range(T - 1, -1, -1):
        rows, exponents = f.adjoint[t], f.adjoint_exponent[t * S : t * S + S]
        fill(exponents, EMPTY)
        fill(rows, 0.0)
        if t + 1 < T:
            later = f.adjoint_exponent[t * S + S : t * S + 2 * S]
            vjp(f.packed, 0, f.adjoint[t + 1], later, rows, exponents, f.rows)
            if leak != 1.0:
                add_past(f.past, f.past_exponent, rows, exponents)
        settle(rows, exponents, f.sizes)
        if leak != 1.0:
            keep_past(leak, rows, exponents, f.past, f.past_exponent)
        weigh_slopes(rows, f.slope[t], exponents)
        if leak != 1.0:
            weigh_leak(leak, rows)
        fill(f.source_exponent, 0)
        settle(f.source[t], f.source_exponent, f.sizes)
        add_past(f.source[t], f.source_exponent, rows, exponents)
        settle(rows, exponents, f.sizes)


@kernel
def _finite(part):  # type: ignore[no-untyped-def]
    return math.isfinite(largest(part.reshape(1, part.size), 0))


@kernel
def _merge(factor, part, e, total, total_exponent):  # type: ignore[no-untyped-def]
    """Add factor · 2^e part to a finished total, in its dtype; return its new exponent."""
    own = exponent(factor * largest(part.reshape(1, part.size), 0))
    if e == EMPTY or own == EMPTY:
        return total_exponent
    top = max(e + own, total_exponent) if np.any(total) else e + own
    kept, added = power(total_exponent - top), factor * power(-own)
    rest = power(e + own - top)
    for i in range(total.shape[0]):
        for j in range(total.shape[1]):
            value = added * part[i, j] * rest
            total[i, j] = total.dtype.type(kept * float(total[i, j]) + value)
    return top
