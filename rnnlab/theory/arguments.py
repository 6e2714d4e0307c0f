"""Checks of what a caller gives: each error names the argument, its value and the remedy."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from rnnlab.errors import UsageError, did_you_mean
from rnnlab.kernels.activation_table import CODES


def known(activation: Any) -> str:
    """Return the name of an activation; raise where it is none."""
    if not isinstance(activation, str) or activation not in CODES:
        raise UsageError(f"activation {activation!r} is unknown.{did_you_mean(str(activation), CODES)}")
    return activation


def variance(name: str, value: Any) -> float:
    """Return a variance; raise where it is no finite number, or negative."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value < 0:
        raise UsageError(f"{name} = {value!r} is no variance: give a finite number, 0 or more")
    return float(value)


def count(name: str, value: Any, least: int) -> int:
    """Return a whole number; raise where it is none, or less than the least."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise UsageError(f"{name} = {value!r} is out of range: give a whole number, {least} or more")
    return int(value)
