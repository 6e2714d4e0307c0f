"""Lyapunov spectra: a frame is carried along by the Jacobians, and what Gram-Schmidt takes out is its growth.

    A_t = J_t Q_{t-1} = Q_t R_t,        lambda_i = lim 1/T Σ_t ln R_t,ii

(Benettin, Galgani, Giorgilli, Strelcyn 1980, Meccanica 15; Shimada, Nagashima 1979, Prog. Theor. Phys. 61) with
J_t = diag(phi'(a_t)) U. Several steps may pass between two factorisations while the frame is well conditioned.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels.linalg import DEPTH, _lanes, _rows
from rnnlab.kernels.options import borrowed, flat, kernel
from rnnlab.kernels.orthonormal import Space, orthonormalise
from rnnlab.kernels.panel import weigh
from rnnlab.kernels.scaled import LN_2, exponent, power

LONGEST = 16  # most steps between two factorisations where it is chosen here
SPREAD = math.log(1e5)  # of the frame's condition number that is let grow until the next
EARLY = 1e10  # ratio of squared norms of columns from which it comes at once
FAR_LOW, FAR_HIGH = 1e-60, 1e60  # squared norms beyond which it comes at once
TINY, HUGE = 1e-100, 1e100
PLACES = 6

AGE, TURN, LIVE, BLOCK, COUNT, WHICH = range(PLACES)  # in Run.state


class Run(NamedTuple):
    """A frame on its way, carried from one piece of time to the next."""

    norms: np.ndarray  # (M, N) of the rows of the Jacobians
    frames: np.ndarray  # (2, room for K columns in panels), one of them is the frame
    state: np.ndarray  # steps since, between, live columns, block, count and place: see above
    pace: np.ndarray  # (3,): growth of ln of the condition number per step; ln of what was taken out of the slopes; and
    # ln of how far slopes have drawn the rows of the frame apart since it was orthonormal
    held: np.ndarray  # (K,) products of squared norms that are not in the sums yet
    sums: np.ndarray  # (blocks, K) sums of ln R_ii
    slopes: np.ndarray  # (blocks,) sums over steps and units of ln |phi'|
    windows: np.ndarray  # (W,) sums of ln R_11 over windows of time
    space: Space


@kernel
def advance(jacobian, slope, start, ends, window, interval, run):  # type: ignore[no-untyped-def]
    """Carry the frame from t = start over the slopes (n, N); Jacobians are diag(slope[t]) jacobian[t mod M].

    jacobian (M, N, N). Block i of the sums ends with step ends[i] (ascending; the first ends the burn-in), windows of
    `window` steps follow the burn-in; interval 0: steps between factorisations are chosen here.
    """
    M, N, _ = jacobian.shape
    matrix, gain = flat(jacobian), flat(slope)
    frames, space, state = borrowed(run.frames), _space(run.space), run.state
    for n in range(slope.shape[0]):
        t = start + n + 1
        total, factor, dead = _volume(gain, n * N, N, run)
        while t > ends[state[BLOCK]]:
            state[BLOCK] += 1
        run.slopes[state[BLOCK]] += total
        source, target = frames[state[WHICH]], frames[1 - state[WHICH]]
        _grow(matrix, (start + n) % M * N * N, N, gain, n * N, factor, source, target, state[LIVE], space)
        state[WHICH] = 1 - state[WHICH]
        state[AGE] += 1
        boundary = t == ends[state[BLOCK]] or (window > 0 and t > ends[0] and (t - ends[0]) % window == 0)
        # A direction that dies or nearly does must be found at once: the next step would lose it among rounding errors.
        weak = dead or run.pace[2] > SPREAD
        if boundary or weak or state[AGE] >= state[TURN] or _strained(space.before, state[LIVE]):
            _scale(run.norms[(start + n) % M], gain, n * N, state[LIVE], space)
            orthonormalise(target, N, state[LIVE], space)
            _collect(t, ends, window, interval, run)


@kernel
def _space(s):  # type: ignore[no-untyped-def]
    return Space(
        borrowed(s.block), borrowed(s.sums), borrowed(s.factors), borrowed(s.line), borrowed(s.before),
        borrowed(s.size), borrowed(s.extra), borrowed(s.scale),
    )  # fmt: skip


@kernel
def _volume(gain, at, N, run):  # type: ignore[no-untyped-def]
    """Return Σ ln |slope| of a step, and the power of two that brings the largest slope near 1 where it is far off.

    Besides, whether a slope is zero.
    """
    total, product, peak, least, dead = 0.0, 1.0, 0.0, math.inf, False
    for i in range(at, at + N):
        size = abs(gain[i])
        peak, least = max(peak, size), min(least, size)
        dead = dead or size == 0.0
        product *= size
        if not (TINY < product < HUGE):
            total += math.log(product / size) + math.log(size) if size > 0.0 else -math.inf
            product = 1.0
    total += math.log(product)
    run.pace[2] += math.log(peak / least) if least > 0.0 else 0.0
    if peak == 0.0 or 2.0**-40 < peak < 2.0**40:
        return total, 1.0, dead
    e = exponent(peak)
    run.pace[1] += e * LN_2
    return total, power(-e), dead


@kernel
def _grow(matrix, at, N, gain, gain_at, factor, source, target, columns, space):  # type: ignore[no-untyped-def]
    """target = factor · diag(gain) matrix · source, panel by panel; space.before becomes the squared norms."""
    width, one = _lanes(source), np.int64(1)
    for first in range(0, columns, width):
        panel = first * N
        for k in range(0, N, DEPTH):
            beta = 0.0 if k == 0 else 1.0
            inner = min(DEPTH, N - k)
            _rows(N, inner, matrix, at + k, N, one, source, panel + k * width, width, 1.0, beta, target, panel, width)
        weigh(N, target, panel, gain, gain_at, factor, space.before, first)


@kernel
def _scale(norms, gain, at, columns, space):  # type: ignore[no-untyped-def]
    """Fill space.scale: the slopes by the norms of the rows of U, by how far the frame had grown before this step."""
    peak, longest = 0.0, 0.0
    for k in range(norms.size):
        space.scale[k] = abs(gain[at + k]) * norms[k]
        peak = max(peak, space.scale[k])
    for i in range(columns):
        longest = max(longest, space.before[i])
    stretch = math.sqrt(longest) / peak if peak > 0.0 else 0.0
    for k in range(norms.size):
        space.scale[k] *= stretch


@kernel
def _strained(size, columns):  # type: ignore[no-untyped-def]
    """Whether columns differ in length, or have grown or shrunk, so far that it is time to factorise."""
    low, high = math.inf, 0.0
    for i in range(columns):
        if size[i] > 0.0:
            low, high = min(low, size[i]), max(high, size[i])
    return not (high <= EARLY * low and low > FAR_LOW and high < FAR_HIGH)


@kernel
def _collect(t, ends, window, interval, run):  # type: ignore[no-untyped-def]
    """Add the growth that a factorisation found to the sums, and settle when the next one comes."""
    space, state, block = run.space, run.state, run.state[BLOCK]
    sums, age, taken = run.sums[block], state[AGE], run.pace[1]
    if t > ends[0] and window > 0 and (t - ends[0] - 1) // window < run.windows.size:
        run.windows[(t - ends[0] - 1) // window] += 0.5 * math.log(space.size[0]) + space.extra[0] + taken
    low, high, live = math.inf, 0.0, 0
    for i in range(sums.size):
        size = space.size[i] if i < state[LIVE] else 0.0
        if size == 0.0:
            sums[i] = -math.inf
            continue
        live, full = i + 1, size * math.exp(2.0 * space.extra[i]) if space.extra[i] != 0.0 else size
        low, high = min(low, full), max(high, full)
        sums[i] += space.extra[i] + taken
        run.held[i] *= size
        if not (TINY < run.held[i] < HUGE):
            sums[i] += 0.5 * (math.log(run.held[i] / size) + math.log(size))
            run.held[i] = 1.0
    if t == ends[block]:
        for i in range(live):
            sums[i] += 0.5 * math.log(run.held[i])
            run.held[i] = 1.0
    state[LIVE], state[AGE], run.pace[1], run.pace[2] = live, 0, 0.0, 0.0
    state[COUNT] += 1 if t > ends[0] else 0
    pace = min(0.5 * math.log(high / low) / age, SPREAD) if live > 0 else 0.0
    run.pace[0] = max(0.9 * run.pace[0], pace)
    state[TURN] = interval if interval > 0 else max(1, int(min(SPREAD / (run.pace[0] + 1e-3), LONGEST)))
