"""One step of an optimiser: the norms of a gradient, clipping, and the change of the weights.

    sgd       w ← w - η g                       momentum   v ← μ v + g,  w ← w - η v
    rmsprop   s ← α s + (1-α) g²,  w ← w - η g / (√s + ε)
    adam      v ← β₁ v + (1-β₁) g,  s ← β₂ s + (1-β₂) g²,  w ← w - η v̂ / (√ŝ + ε),  v̂ = v / (1-β₁ⁿ),  ŝ = s / (1-β₂ⁿ)

as PyTorch has them (Hinton 2012, Kingma and Ba 2015). Clipping by norm is g ← g min(1, θ / ‖g‖), the norm that of all
trained arrays together (Pascanu, Mikolov, Bengio 2013, algorithm 1): before it a gradient has its exponents, so that
one of 10^900 is clipped as well as any other. Clipping by value puts every entry into ±θ.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels.linalg import copy, fill
from rnnlab.kernels.options import flat, kernel
from rnnlab.kernels.regime import ADAM, MOMENTUM, RMSPROP
from rnnlab.kernels.scaled import EMPTY, LOG10_2, add, log10, log10_norm, power, sum_of_squares

BETA_1, BETA_2, ALPHA, EPSILON = 0.9, 0.999, 0.99, 1e-8
FARTHEST = 2000  # beyond it all but 0 is inf or 0 anyway, and half of it is still finite: 0 stays 0


class How(NamedTuple):
    """A step of one network's optimiser; see `regime.Regime`."""

    optimizer: int
    rate: float
    momentum: float
    clip_norm: float
    clip_value: float
    biases: bool
    told: bool  # whether norms are wanted


class Weights(NamedTuple):
    """The weights of one network."""

    U: np.ndarray  # (N, N)
    W: np.ndarray  # (N, D)
    V: np.ndarray  # (O, N)
    b: np.ndarray  # (1, N)
    c: np.ndarray  # (1, O)


class Moments(NamedTuple):
    """What an optimiser remembers, P numbers each in the order of the weights, or none where it does not."""

    first: np.ndarray  # v
    second: np.ndarray  # s


class Sums(NamedTuple):
    """Gradients of U, W and V summed over the steps of one update, as they came and as they were applied."""

    came_U: np.ndarray
    came_W: np.ndarray
    came_V: np.ndarray
    exponent: np.ndarray  # (3,) of those that came
    applied_U: np.ndarray
    applied_W: np.ndarray
    applied_V: np.ndarray


@kernel
def step(weights, gradient, batch, how, moments, count, norms, clipped):  # type: ignore[no-untyped-def]
    """Change the weights by a gradient of the batch sum; it is left as it was applied: of the batch mean, clipped.

    count: steps that were made before. norms and clipped (3,) are log10 of those of U, W and V before and after
    clipping, where they are wanted.
    """
    factor, shift = 1.0 / batch, 0
    bounded = how.clip_norm < math.inf
    if how.told or bounded:
        factor, shift = _clipping(gradient, batch, how, norms, clipped)
    changed = _scaled(gradient.U, factor, gradient.exponent[0] + shift, how.clip_value)
    changed = _scaled(gradient.W, factor, gradient.exponent[1] + shift, how.clip_value) or changed
    changed = _scaled(gradient.V, factor, gradient.exponent[2] + shift, how.clip_value) or changed
    if how.told and changed:
        clipped[0], clipped[1], clipped[2] = (
            log10_norm(gradient.U, 0), log10_norm(gradient.W, 0), log10_norm(gradient.V, 0)
        )  # fmt: skip
    at = _descend(weights.U, gradient.U, how, moments, count, 0)
    at = _descend(weights.W, gradient.W, how, moments, count, at)
    at = _descend(weights.V, gradient.V, how, moments, count, at)
    if how.biases:
        _scaled(gradient.b, factor, gradient.exponent[3] + shift, how.clip_value)
        _scaled(gradient.c, factor, gradient.exponent[4] + shift, how.clip_value)
        at = _descend(weights.b, gradient.b, how, moments, count, at)
        _descend(weights.c, gradient.c, how, moments, count, at)


@kernel
def _clipping(gradient, batch, how, norms, clipped):  # type: ignore[no-untyped-def]
    """Write the norms down; return what turns the gradient into the clipped one of the batch mean, (factor, e)."""
    m, e = 0.0, 0
    m, e = _part(gradient.U, gradient.exponent[0], batch, norms, 0, m, e)
    m, e = _part(gradient.W, gradient.exponent[1], batch, norms, 1, m, e)
    m, e = _part(gradient.V, gradient.exponent[2], batch, norms, 2, m, e)
    if how.biases:
        m, e = _part(gradient.b, gradient.exponent[3], batch, norms, -1, m, e)
        m, e = _part(gradient.c, gradient.exponent[4], batch, norms, -1, m, e)
    copy(norms, clipped)
    if m == 0.0 or how.clip_norm == math.inf:
        return 1.0 / batch, 0
    ratio = how.clip_norm * batch / math.sqrt(m)  # times 2^(-e/2) it is θ / ‖g‖
    if ratio * power(-(e // 2)) >= 1.0:
        return 1.0 / batch, 0
    shrink = log10(ratio, -(e // 2))
    for i in range(3):
        clipped[i] += shrink
    return ratio / batch, -(e // 2)


@kernel
def _part(array, exponent, batch, norms, place, m, e):  # type: ignore[no-untyped-def]
    """Add the squares of one array to (m, e), and write its norm down."""
    size, top = sum_of_squares(array)
    if place >= 0:
        norm = 0.5 * log10(size, top) + exponent * LOG10_2 if size != 0.0 else -math.inf
        norms[place] = norm - math.log10(batch)
    return add(m, e, size, top + 2 * exponent)


@kernel
def _scaled(array, factor, e, limit):  # type: ignore[no-untyped-def]
    """Multiply an array by factor · 2^e and put its entries into ±limit; return whether one was beyond."""
    bounded = min(max(e, -FARTHEST), FARTHEST)
    first, second = factor * power(bounded // 2), power(bounded - bounded // 2)
    entries, beyond = flat(array), False
    for i in range(entries.size):
        entries[i] = array.dtype.type(float(entries[i]) * first * second)
    if limit < math.inf:
        for i in range(entries.size):
            if abs(entries[i]) > limit:
                entries[i] = math.copysign(limit, entries[i])
                beyond = True
    return beyond


@kernel
def _descend(weights, gradient, how, moments, count, at):  # type: ignore[no-untyped-def]
    """Change one array of weights; `at` is its place among the moments. Return the next array's place.

    At a rate of 0 all stands still: 0 times a gradient that is inf would be nan.
    """
    w, g = flat(weights), flat(gradient)
    end = at + w.size
    if how.rate == 0.0:
        return end
    if how.optimizer == MOMENTUM:
        _momentum(w, g, moments.first[at:end], how.rate, how.momentum)
    elif how.optimizer == ADAM:
        _adam(w, g, moments.first[at:end], moments.second[at:end], how.rate, count + 1)
    elif how.optimizer == RMSPROP:
        _rmsprop(w, g, moments.second[at:end], how.rate)
    else:
        rate = w.dtype.type(how.rate)
        for i in range(w.size):
            w[i] -= rate * g[i]
    return end


@kernel
def _momentum(w, g, v, rate, mu):  # type: ignore[no-untyped-def]
    kept, eta = w.dtype.type(mu), w.dtype.type(rate)
    for i in range(w.size):
        v[i] = kept * v[i] + g[i]
        w[i] -= eta * v[i]


@kernel
def _rmsprop(w, g, s, rate):  # type: ignore[no-untyped-def]
    kept, fresh = w.dtype.type(ALPHA), w.dtype.type(1.0 - ALPHA)
    eta, epsilon = w.dtype.type(rate), w.dtype.type(EPSILON)
    for i in range(w.size):
        s[i] = kept * s[i] + fresh * g[i] * g[i]
        w[i] -= eta * g[i] / (math.sqrt(s[i]) + epsilon)


@kernel
def _adam(w, g, v, s, rate, n):  # type: ignore[no-untyped-def]
    kind = w.dtype.type
    kept_1, fresh_1, kept_2, fresh_2 = kind(BETA_1), kind(1.0 - BETA_1), kind(BETA_2), kind(1.0 - BETA_2)
    eta, root = kind(rate / (1.0 - BETA_1**n)), kind(math.sqrt(1.0 - BETA_2**n))
    epsilon = kind(EPSILON)
    for i in range(w.size):
        v[i] = kept_1 * v[i] + fresh_1 * g[i]
        s[i] = kept_2 * s[i] + fresh_2 * g[i] * g[i]
        w[i] -= eta * v[i] / (math.sqrt(s[i]) / root + epsilon)


@kernel
def clear(sums):  # type: ignore[no-untyped-def]
    """Begin sums over the steps of an update."""
    fill(sums.exponent, EMPTY)
    fill(sums.applied_U, 0)
    fill(sums.applied_W, 0)
    fill(sums.applied_V, 0)


@kernel
def add_came(gradient, sums):  # type: ignore[no-untyped-def]
    """Add a gradient as it came, before `step`."""
    sums.exponent[0] = _add(gradient.U, gradient.exponent[0], sums.came_U, sums.exponent[0])
    sums.exponent[1] = _add(gradient.W, gradient.exponent[1], sums.came_W, sums.exponent[1])
    sums.exponent[2] = _add(gradient.V, gradient.exponent[2], sums.came_V, sums.exponent[2])


@kernel
def add_applied(gradient, sums):  # type: ignore[no-untyped-def]
    """Add a gradient as it was applied, after `step`."""
    _add(gradient.U, 0, sums.applied_U, 0)
    _add(gradient.W, 0, sums.applied_W, 0)
    _add(gradient.V, 0, sums.applied_V, 0)


@kernel
def sum_norms(sums, batch, norms, clipped):  # type: ignore[no-untyped-def]
    """Fill the norms (3,) of the sums: as they came, of the batch mean, and as they were applied."""
    shrink = math.log10(batch)
    norms[0] = _norm_of_sum(sums.came_U, sums.exponent[0]) - shrink
    norms[1] = _norm_of_sum(sums.came_W, sums.exponent[1]) - shrink
    norms[2] = _norm_of_sum(sums.came_V, sums.exponent[2]) - shrink
    clipped[0], clipped[1], clipped[2] = (
        log10_norm(sums.applied_U, 0), log10_norm(sums.applied_W, 0), log10_norm(sums.applied_V, 0)
    )  # fmt: skip


@kernel
def _norm_of_sum(total, e):  # type: ignore[no-untyped-def]
    return log10_norm(total, e) if e > EMPTY else -math.inf


@kernel
def _add(source, e, total, total_exponent):  # type: ignore[no-untyped-def]
    """Add source · 2^e to total · 2^total_exponent, EMPTY for nothing yet; return the exponent of the sum."""
    entries, sums = flat(source), flat(total)
    if not np.any(entries):  # zeros have exponent 0, beside which what is tiny would be lost
        return total_exponent
    if total_exponent == EMPTY:
        copy(source, total)
        return e
    top = max(e, total_exponent)
    fresh, kept = total.dtype.type(power(e - top)), total.dtype.type(power(total_exponent - top))
    for i in range(sums.size):
        sums[i] = kept * sums[i] + fresh * entries[i]
    return top
