"""Mean field over finite time: from a network's own initial state, step by step; also where all units share few inputs.

q_{t+1} = σw² E φ(√q_t z)² + d_{t+1}, where d is the variance of what comes from outside: one number for an i.i.d.
drive, or the mean over units of (W x_t + b)² at each step, which fluctuates where inputs are few.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.theory.averages import FOURTH, SLOPE, SQUARE, Averages, averages
from rnnlab.theory.functions import FUNCTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_SETTLED = 1e-11  # relative change in a step
_FAR = 1e16  # from here on a state that grows without bound is one of ReLU, to 8 digits
_LONGEST = 100_000  # steps of a course that does not settle
_PIECE = 4096
_TURNS, _FOUND = 12, 1e-8  # of the secant method


@dataclass(frozen=True)
class Course:
    """Mean field at the steps t = 1, 2, ... (n,), or (n, m) of m networks or samples; what follows is as the last."""

    q: Array  # variance of the pre-activation
    square: Array  # E φ², the mean square of the state
    slope: Array  # E φ'²
    fourth: Array  # E φ'⁴


@lru_cache(maxsize=4096)
def course(activation: str, w: float, b: float, start: float, steps: int) -> Course:
    """Return the course of a network with an i.i.d. drive until it has settled; start: the mean square of h_0."""
    of = averages(activation)
    rows: list[tuple[float, float, float, float]] = []
    q = w * start + b if w else b
    for _ in range(min(steps, _LONGEST)):
        averaged = of.all_at(q)
        rows.append((q, *averaged))
        following = w * averaged[SQUARE] + b if w else b
        if following == q or abs(following - q) <= _SETTLED * following:
            break
        q = following
        if q > _FAR and not of.bounded and w * of.far[0] >= 1.0:
            return _extended(of, np.array(rows).T, w, q, steps)
    return _silenced(activation, Course(*np.array(rows).T.copy()))


def _extended(of: Averages, begun: Array, w: float, q: float, steps: int) -> Course:
    """Return a course (4, n) that goes on from q, far out, where phi is two lines, up to `steps` or to inf."""
    growth = w * of.far[0]
    count = min(steps, _LONGEST) - begun.shape[1]
    if growth > 1.0:
        count = min(count, int((710.0 - math.log(q)) / math.log(growth)) + 2)
    with np.errstate(over="ignore"):
        line = q * growth ** np.arange(max(count, 0))
    ends = (np.full_like(line, of.far[0]), np.full_like(line, of.far[1]))
    return Course(*np.concatenate([begun, np.stack([line, of.far[0] * line, *ends])], axis=1))


def driven_course(activation: str, w: Array, drive: Array, start: Array) -> Course:
    """Return the courses of m networks or samples under their own drives (T, m); w and start are (m,)."""
    of = averages(activation)
    q = np.empty_like(drive)
    square = start
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(len(drive)):
            q[t] = np.where(w > 0, w * square, 0.0) + drive[t]
            square = of.over(SQUARE, q[t])
    return _silenced(activation, Course(q, *(_everywhere(of, which, q) for which in (SQUARE, SLOPE, FOURTH))))


def _everywhere(of: Averages, which: int, q: Array) -> Array:
    flat = q.reshape(-1)
    return np.concatenate([of.over(which, flat[i : i + _PIECE]) for i in range(0, len(flat), _PIECE)]).reshape(q.shape)


def _silenced(activation: str, found: Course) -> Course:
    """Give a state that is exactly silent the slope of its kink, as the network has it: ReLU'(0) = 0."""
    silent = found.q == 0
    if silent.any():
        at_zero = float(FUNCTIONS[activation].slope(np.zeros(1))[0])
        found.slope[silent], found.fourth[silent] = at_zero**2, at_zero**4
    return found


def driven_edge(activation: str, drive: Array, guess: Array) -> Array:
    """Return the weight variances (K,) at which ½ ln χ averages to 0 over the second half of drives (T, K, B).

    By the secant method from a guess (K,); nan where it does not come to an end.
    """
    T, K, B = drive.shape
    columns = drive.reshape(T, K * B)

    def rate(x: Array) -> Array:
        found = driven_course(activation, np.repeat(np.exp(x), B), columns, np.zeros(K * B))
        with np.errstate(divide="ignore"):
            logs = np.log(found.slope[T // 2 :]).reshape(-1, K, B)
        return 0.5 * (x + np.array([np.ascontiguousarray(logs[:, k]).mean() for k in range(K)]))

    x, step = np.log(guess), np.full(K, 0.02)
    y = rate(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        for _ in range(_TURNS):
            going = np.abs(y) >= _FOUND  # each on its own: nothing depends on who is there besides
            if not going.any():
                break
            there = rate(np.where(going, x + step, x))
            rise = (there - y) / step
            x, y = np.where(going, x + step, x), np.where(going, there, y)
            step = np.where(rise > 0, np.clip(-y / rise, -0.5, 0.5), -0.5 * np.sign(y))
        return np.where(np.abs(y) < 1e-6, np.exp(x), np.nan)
