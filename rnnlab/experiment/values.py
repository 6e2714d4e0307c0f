"""One value of a parameter: checked against the parameter's type and coerced to its column's."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args, get_origin

from annotated_types import Interval
from pydantic import ConfigDict, TypeAdapter

from rnnlab.errors import did_you_mean
from rnnlab.experiment.problems import show

_STRICT = ConfigDict(strict=True, allow_inf_nan=False)
_EXACT = 2.0**53  # floats up to here name whole numbers exactly


class Refused(ValueError):
    """A value that a parameter cannot take; the message continues "grid.width ..."."""


def coerce(kind: Any, value: Any) -> Any:
    """Return the value as a column of this type holds it: 1 is 1.0 for a scale, 1e3 is 1000 for a length, -0.0 is 0.0.

    Raises Refused with the value and what is allowed: a boolean or a text is no number, 1.5 is no whole number.
    """
    try:
        checked = _adapter(kind).validate_python(_whole(kind, value))
        if isinstance(checked, str) and not checked.isprintable():
            raise ValueError
    except ValueError:  # pydantic's own is one
        raise Refused(f"is {show(value)}; it must be {allowed(kind)}.{_remedy(kind, value)}") from None
    return checked + 0.0 if isinstance(checked, float) else checked


def allowed(kind: Any) -> str:
    """Return in words what a value of this type may be: "one of tanh, relu", "a whole number from 1 to 10"."""
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    base, *constraints = get_args(kind)
    if base is str:
        return f"a text of at most {constraints[0].max_length} printable characters"
    words = ["a whole number" if base is int else "a number"]
    for interval in constraints:
        if isinstance(interval, Interval):
            bounds = {"from": interval.ge, "above": interval.gt, "to": interval.le, "below": interval.lt}
            words += [f"{word} {_number(bound)}" for word, bound in bounds.items() if bound is not None]
    return " ".join(words)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind, config=_STRICT)


def _whole(kind: Any, value: Any) -> Any:
    is_int = get_args(kind)[:1] == (int,)
    return int(value) if is_int and type(value) is float and value.is_integer() and abs(value) <= _EXACT else value


def _remedy(kind: Any, value: Any) -> str:
    if get_origin(kind) is Literal:
        near = did_you_mean(value, get_args(kind)) if isinstance(value, str) else ""
        return near if near.startswith(" Did") else ""
    if get_args(kind)[0] is str:
        return ""
    if isinstance(value, bool):
        return " A boolean is not a number."
    return " Numbers stand without quotes." if isinstance(value, str) and _is_number(value) else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(bound: Any) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}".replace("e+0", "e").replace("e+", "e")
