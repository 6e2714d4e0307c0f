"""What a package says of an activation of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, eq=False, kw_only=True)
class Activation:
    """An activation of one's own, as the entry point of a package in the group `rnnlab.activations` names it.

    value, slope: phi(a) and phi'(a), plain functions of one number that Numba can compile: `math`, `abs`, comparisons
    and arithmetic; what else they call is decorated with numba.njit. They return nan for nan, and raise nothing.
    largest_slope: the largest |phi'|, by which saturation and the norm bound are told.
    bounded: whether phi is, so that a unit can saturate.
    """

    value: Callable[[float], float]
    slope: Callable[[float], float]
    largest_slope: float
    bounded: bool
