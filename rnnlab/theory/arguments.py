"""Checks of what a caller gives: each error names the argument, its value and the remedy."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from rnnlab.errors import UsageError
from rnnlab.plugins import activation_named


def known(activation: Any) -> str:
    """Return the name of an activation, with package and version of one that is not ours; raise where it is none."""
    return activation_named(activation)


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
