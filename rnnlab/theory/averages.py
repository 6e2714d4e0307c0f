"""Averages over a Gaussian pre-activation a = √q z: E φ(a)², E φ'(a)², E φ'(a)⁴ as functions of its variance q.

Quadrature on each half-line with z = e^s and a trapezoid in s: it sees every scale alike, so that narrow slopes under a
wide Gaussian cost no digit, and a kink at 0 lies at an end. Its results are kept as polynomials in ln q, on cells of
width 1 that are made when q first falls into them: after that an average costs half a microsecond, which theory asks
for by the thousand.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.errors import UsageError
from rnnlab.kernels.activation_table import LEAK
from rnnlab.plugins import is_bounded, is_full
from rnnlab.theory.arguments import known, variance
from rnnlab.theory.functions import FUNCTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SQUARE, SLOPE, FOURTH = range(3)  # of E φ², E φ'², E φ'⁴
_STEP = 0.125  # of the trapezoid in s: its error is e^(-π²/2h), 10^-17
_DEGREE = 15  # of the polynomials; E φ(√q z)² is analytic for |Im ln q| < π, so that 10^-15 is reached
_HALVINGS, _SETTLED, _FAR = 10, 1e-9, 1e100
_TINY, _HUGE = 1e-32, 1e32  # beyond, the limits are right to the last digit; bounded averages go on falling
# phi'(-0) and phi'(+0), phi'(-∞) and phi'(∞), φ(0), where they are not those of a smooth, bounded function of value 0.
_KINKS = {"relu": (0.0, 1.0), "leaky_relu": (LEAK, 1.0)}
_ENDS = {
    **_KINKS, "identity": (1.0, 1.0), "softplus": (0.0, 1.0), "elu": (0.0, 1.0), "gelu": (0.0, 1.0), "silu": (0.0, 1.0),
}  # fmt: skip


def average_square(activation: str, variance_of_a: float) -> float:
    """Return E φ(√q z)² for a pre-activation of variance q: the mean square of the state. Raises UsageError.

    >>> round(average_square("tanh", 1.0), 6)
    0.394294
    """
    return averages(known(activation)).at(SQUARE, variance("variance_of_a", variance_of_a))


def average_squared_slope(activation: str, variance_of_a: float) -> float:
    """Return E φ'(√q z)² for a pre-activation of variance q, at q = 0 the limit from above. Raises UsageError.

    >>> round(average_squared_slope("relu", 1.0), 6)  # half of the units are on
    0.5
    """
    return averages(known(activation)).at(SLOPE, variance("variance_of_a", variance_of_a))


def quadrature(activation: str, q: Array, step: float = _STEP) -> Array:
    """Return the three averages (3, n) at variances q (n,) > 0."""
    phi = FUNCTIONS[activation]
    roots = np.sqrt(q)[:, None]
    low = -20.0 - max(0.0, 0.5 * math.log(float(q.max())))  # from there on phi and phi' are what they are at 0
    s = np.arange(low, math.log(10.0), step)
    z = np.exp(s)
    weight = step * z * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    weight[0] *= 1.0 + 1.0 / math.expm1(step)  # and all nodes below: a geometric series
    found = np.zeros((3, len(q)))
    for side in (roots, -roots):
        a = side * z
        square = phi.slope(a) ** 2
        found += np.stack([phi.value(a) ** 2 @ weight, square @ weight, square**2 @ weight])
    return found


def _refined(activation: str, q: Array) -> Array:
    """The averages of a function that nothing is known of: with half the step until they stand still."""
    found, step = quadrature(activation, q), _STEP
    for _ in range(_HALVINGS):
        before, step = found, step / 2.0
        found = quadrature(activation, q, step)
        if np.all(np.abs(found - before) <= _SETTLED * np.abs(found)):
            return found
    raise UsageError(
        f"mean field of {activation}: averages of phi and phi' over a Gaussian of variance {q.max():g} cannot be told "
        f"to {_SETTLED:g}: phi' leaps, or swings too fast there. Leave out what asks for theory"
    )


def _kinked_at_one(q: Array) -> Array:
    """The averages of hardtanh in closed form: its kinks lie inside the half-lines."""
    w = 1.0 / np.sqrt(q)
    inside = np.array([math.erf(each / math.sqrt(2.0)) for each in w])
    within = q * (inside - 2.0 * w * np.exp(-0.5 * w * w) / math.sqrt(2.0 * math.pi))
    near = np.minimum(w, 1.0)
    series = near * np.polynomial.polynomial.polyval(near * near, _WITHIN)  # of the difference no digit is left there
    beyond = np.array([math.erfc(each / math.sqrt(2.0)) for each in w])
    return np.stack([np.where(w < 1.0, series, within) + beyond, inside, inside])


# ∫ z² N(z) dz from -w to w over w³, as a polynomial in w².
_WITHIN = [math.sqrt(2.0 / math.pi) * (-0.5) ** k / math.factorial(k) / (2 * k + 3) for k in range(16)]


def _chebyshev() -> tuple[Array, Array, Array]:
    """Return nodes on (-1, 1), what makes values there a Chebyshev series, and what makes that powers, highest first.

    One after the other: the series falls fast, and the large numbers of the second meet what is small.
    """
    angles = np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1)
    series = 2.0 / (_DEGREE + 1) * np.cos(np.outer(np.arange(_DEGREE + 1), angles))
    series[0] /= 2.0
    powers = np.zeros((_DEGREE + 1, _DEGREE + 1))
    for k in range(_DEGREE + 1):
        powers[: k + 1, k] = np.polynomial.chebyshev.cheb2poly(np.eye(_DEGREE + 1)[k, : k + 1])
    return np.cos(angles), series, powers[::-1].copy()


_NODES, _SERIES, _POWERS = _chebyshev()


class Averages:
    """The averages of one activation, made when they are first asked for."""

    def __init__(self, activation: str) -> None:
        self.activation = activation
        ends, kink = _ENDS.get(activation, (0.0, 0.0)), _KINKS.get(activation)
        phi = FUNCTIONS[activation]
        at_zero = np.zeros(1)
        self.bounded, self._own = activation not in _ENDS, is_full(activation)
        if self._own:
            self.bounded = is_bounded(activation)
            ends, kink = tuple(phi.slope(np.array([-_FAR, _FAR]))), tuple(phi.slope(np.array([-1 / _FAR, 1 / _FAR])))
        self.start = float(phi.value(at_zero)[0]) ** 2  # φ(0)²
        slopes = kink or (float(phi.slope(at_zero)[0]),) * 2
        self.near = tuple(0.5 * (slopes[0] ** p + slopes[1] ** p) for p in (2, 4))  # of E φ'², E φ'⁴ for q → 0
        self.far = tuple(0.5 * (ends[0] ** p + ends[1] ** p) for p in (2, 4))  # for q → ∞
        self.straight = activation in ("relu", "leaky_relu", "identity")  # of degree 1 on each side of 0
        self._cells: dict[int, tuple[list[float], ...]] = {}
        self._table: tuple[int, Array] | None = None  # the cells side by side, from the lowest on

    def at(self, which: int, q: float) -> float:
        """Return one of the averages at a variance q >= 0, which may be inf."""
        if q < _TINY or self.straight:
            return self.start + q * self.near[0] if which == SQUARE else self.near[which - 1]
        if q > _HUGE and (not self.bounded or q == math.inf):
            return q * self.far[0] if which == SQUARE else self.far[which - 1]
        u = math.log(q)
        cell = math.floor(u)
        t = 2.0 * (u - cell) - 1.0
        found = 0.0
        for coefficient in (self._cells.get(cell) or self._made(cell))[which]:
            found = found * t + coefficient
        return found

    def all_at(self, q: float) -> tuple[float, float, float]:
        """Return the three averages at a variance q >= 0, in the time of two."""
        if q < _TINY or self.straight or q > _HUGE:
            return self.at(SQUARE, q), self.at(SLOPE, q), self.at(FOURTH, q)
        u = math.log(q)
        cell = math.floor(u)
        t = 2.0 * (u - cell) - 1.0
        first = second = third = 0.0
        for a, b, c in zip(*(self._cells.get(cell) or self._made(cell)), strict=False):
            first = first * t + a
            second = second * t + b
            third = third * t + c
        return first, second, third

    def over(self, which: int, q: Array) -> Array:
        """Return one of the averages at many variances at once."""
        inside = np.clip(q, _TINY, 1e300 if self.bounded else _HUGE)
        if self.straight:
            found = np.zeros_like(q)
        else:
            u = np.log(inside)
            cell = np.floor(u).astype(np.int64)
            lowest, table = self._spread(int(cell.min()), int(cell.max()))
            coefficients = table[which][:, cell - lowest]
            t = 2.0 * (u - cell) - 1.0
            found = coefficients[0] * t
            for each in coefficients[1:-1]:
                found = (found + each) * t
            found += coefficients[-1]
        with np.errstate(over="ignore", invalid="ignore"):
            near = self.start + q * self.near[0] if which == SQUARE else self.near[which - 1]
            found = np.where((q < _TINY) | self.straight, near, found)
            if not self.bounded:
                found = np.where(q > _HUGE, q * self.far[0] if which == SQUARE else self.far[which - 1], found)
        return found

    def _made(self, cell: int) -> tuple[list[float], ...]:
        q = np.exp(cell + 0.5 * (_NODES + 1.0))
        if self._own:
            values = _refined(self.activation, q)
        else:
            values = _kinked_at_one(q) if self.activation == "hardtanh" else quadrature(self.activation, q)
        made = tuple((_POWERS @ (_SERIES @ each)).tolist() for each in values)
        self._cells[cell] = made
        return made

    def _spread(self, lowest: int, highest: int) -> tuple[int, Any]:
        """Return the cells (3, degree + 1, n) from the lowest on, as one table."""
        table = self._table
        if table is None or lowest < table[0] or highest >= table[0] + table[1].shape[2]:
            if table is not None:
                lowest, highest = min(lowest, table[0]), max(highest, table[0] + table[1].shape[2] - 1)
            cells = [self._cells.get(cell) or self._made(cell) for cell in range(lowest, highest + 1)]
            self._table = table = (lowest, np.array(cells).transpose(1, 2, 0).copy())
        return table


@lru_cache(maxsize=32)
def averages(activation: str) -> Averages:
    """Return the averages of an activation."""
    return Averages(activation)
