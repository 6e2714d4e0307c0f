"""Whether an activation of a package is what it says: held against itself before anything is computed with it."""

from __future__ import annotations

import dis
import math
from typing import TYPE_CHECKING, Any, NoReturn

from rnnlab.errors import UsageError
from rnnlab.plugins.activation import Activation
from rnnlab.plugins.entries import Entry

if TYPE_CHECKING:
    import numpy as np

_STEP = 2.0**-17  # of differences: their error is about _STEP² and eps / _STEP
_APART = 1e-4  # a slope and a difference that are farther apart than this, of the largest slope, are not one slope
_KINKS = 0.02  # the share of places at which they may be: next to a kink
_STEEPER = 1e-6  # a slope may be this much above the largest
_FLATTER = 0.99  # and somewhere has to come as near as this to it


def checked(entry: Entry) -> tuple[Activation, dict[str, Any]]:
    """Return the activation of an entry and its C functions by dtype; raises UsageError with what is wrong with it."""
    own = entry.load()
    if not isinstance(own, Activation):
        _refuse(entry, f"is {type(own).__name__}: it must be an rnnlab.Activation")
    for name in ("value", "slope"):
        function = getattr(own, name)
        if not callable(function):
            _refuse(entry, f"has {name} = {function!r}: it must be a function of one number")
        if any(each.opname == "RAISE_VARARGS" for each in _instructions(function)):
            _refuse(entry, f"raises in {name}, which compiled code cannot: return nan instead")
    if type(own.largest_slope) not in (int, float) or not 0.0 < own.largest_slope < math.inf:
        _refuse(entry, f"has largest_slope = {own.largest_slope!r}: it must be a finite number above 0")
    if type(own.bounded) is not bool:
        _refuse(entry, f"has bounded = {own.bounded!r}: it must be True or False")
    return own, {dtype: _compiled(entry, own, dtype) for dtype in ("float64", "float32")}


def _instructions(function: Any) -> Any:
    return dis.get_instructions(getattr(function, "py_func", function))


def _compiled(entry: Entry, own: Activation, dtype: str) -> Any:
    import numpy as np
    from numba.core.errors import NumbaError

    from rnnlab.kernels.options import c_function

    try:
        compiled = c_function(own.value, own.slope, np.dtype(dtype))
    except (NumbaError, TypeError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        told = next((line for line in lines if "NumbaError" not in line and "Failed in" not in line), "?")
        _refuse(entry, f"cannot be compiled by Numba for {dtype}: {told[:200]}")
    places = _places(dtype)
    value, slope = _applied(compiled.address, places)
    for name, found in (("value", value), ("slope", slope)):
        bad = ~np.isfinite(found)
        if bad.any():
            _refuse(entry, f"has {name}({places[bad][0]:g}) = {found[bad][0]} in {dtype}: it must be finite there")
    odd = np.array([np.nan], dtype)
    if not all(np.isnan(each).all() for each in _applied(compiled.address, odd)):
        _refuse(entry, "has a number for nan: value(nan) and slope(nan) must be nan, or a divergence would go unseen")
    _check_largest(entry, own, places, slope)
    _check_bounded(entry, own, compiled.address, dtype)
    if dtype == "float64":
        _check_slope(entry, own, compiled.address)
    return compiled


def _applied(address: int, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    from rnnlab.kernels.activations import activate

    slope, value = a.copy(), np.empty_like(a)
    activate(address, slope, value)
    return value, slope


def _places(dtype: str) -> np.ndarray:
    """Return where the functions are looked at: densely near 0, and far out on either side."""
    import numpy as np

    near, far = np.linspace(-8.0, 8.0, 4001), np.geomspace(8.0, 1e4, 400)
    return np.concatenate([-far[::-1], near, far]).astype(dtype)


def _check_largest(entry: Entry, own: Activation, places: np.ndarray, slope: np.ndarray) -> None:
    import numpy as np

    at = int(np.abs(slope).argmax())
    found, place = float(abs(slope[at])), float(places[at])
    if found > own.largest_slope * (1.0 + _STEEPER):
        _refuse(entry, f"has largest_slope = {own.largest_slope!r}, but |slope({place:g})| = {found!r}")
    if found < own.largest_slope * _FLATTER:
        _refuse(
            entry,
            f"has largest_slope = {own.largest_slope!r}, but no |slope| above {found!r} was found: give the least",
        )


def _check_bounded(entry: Entry, own: Activation, address: int, dtype: str) -> None:
    import numpy as np

    value, _slope = _applied(address, np.array([-1e30, 1e30], dtype))
    if not own.bounded and np.isfinite(value).all() and np.abs(value).max() < 1e3:
        _refuse(entry, f"has bounded = False, but value(±1e30) = {value[0]:g}, {value[1]:g}")
    if own.bounded and not np.abs(value).max() < 1e3:
        _refuse(entry, f"has bounded = True, but value(±1e30) = {value[0]:g}, {value[1]:g}")


def _check_slope(entry: Entry, own: Activation, address: int) -> None:
    """Hold the slope against central differences of the value; a few places may lie next to a kink."""
    import numpy as np

    a = np.random.default_rng(0).uniform(-8.0, 8.0, 2000)
    above, _ = _applied(address, a + _STEP)
    below, _ = _applied(address, a - _STEP)
    _, slope = _applied(address, a)
    difference = (above - below) / ((a + _STEP) - (a - _STEP))
    wrong = np.abs(difference - slope) > _APART * own.largest_slope
    if wrong.mean() > _KINKS:
        at = int(np.abs(difference - slope).argmax())
        told = f"slope({a[at]:.6g}) = {slope[at]:.6g}, where value rises by {difference[at]:.6g} a unit"
        _refuse(entry, f"has {told}: slope must be the derivative of value")


def _refuse(entry: Entry, why: str) -> NoReturn:
    raise UsageError(f"{entry.words} {why}.")
