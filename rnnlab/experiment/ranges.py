"""Ranges: `{ range = ... }` as Python's, `{ start, stop, num, spacing }` with both ends; long ones stay a recipe."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Annotated, Any, Literal

from annotated_types import Interval

from rnnlab.errors import did_you_mean
from rnnlab.experiment.problems import Problems, show, show_key
from rnnlab.experiment.values import Refused, coerce
from rnnlab.trial import Parameter

EXPANDED = 1_000  # values of a range that are written out, in memory and in the manifest; a longer one stays a recipe
ROUNDED = 100_000  # points that are rounded to whole numbers one by one

Spacing = Literal["linear", "log"]
_Count = Annotated[int, Interval(ge=1, le=2**53)]
_KEYS = ("range", "start", "stop", "num", "spacing")
_SPACED = 'Write { start = a, stop = b, num = n, spacing = "linear" or "log" }.'
_RANGE = "it must be n, [a, b] or [a, b, step] of whole numbers, as Python's range."
_exactly = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Spaced:
    """`num` floats from start to stop, both ends exact, each the float nearest to its true value.

    Worked out in decimal and rounded once, so that a point is the same float on every machine (it goes into the keys of
    trials) and the same as a reader would type: the third of 0.1, 0.2, ... is 0.3.
    """

    start: float
    stop: float
    num: int
    spacing: Spacing = "linear"

    def __iter__(self) -> Iterator[float]:
        yield self.start
        yield from map(float, _inner(self))
        if self.num > 1:
            yield self.stop


Column = Sequence[Any] | Spaced  # the values of one name: a tuple, or a long range kept as its recipe


def size(column: Column) -> int:
    """Return the number of values, also where it is beyond what len() can tell."""
    if isinstance(column, Spaced):
        return column.num
    if isinstance(column, range):
        return (column[-1] - column[0]) // column.step + 1 if column else 0
    return len(column)


def read_range(
    parameter: Parameter, spec: Mapping[str, Any], key: str, problems: Problems, notes: list[str]
) -> Column | None:
    """Return the values that a range gives this parameter, in order, duplicates included; None after a problem."""
    known = len(problems)
    for name in spec:
        if name not in _KEYS:
            problems.add(f"{key}.{show_key(name)}", f"is unknown.{did_you_mean(name, _KEYS)}")
    if parameter.dtype not in ("int64", "float64"):
        problems.add(key, f"is a range, but {parameter.name} takes words: write a list of them.")
    elif "range" in spec and len(spec) > 1:
        problems.add(key, "mixes two kinds of range: write { range = ... } alone, or { start, stop, num, spacing }.")
    elif len(problems) == known:
        return (_python if "range" in spec else _spaced)(parameter, spec, key, problems, notes)
    return None


def _python(
    parameter: Parameter, spec: Mapping[str, Any], key: str, problems: Problems, notes: list[str]
) -> Column | None:
    given = spec["range"]
    arguments = given if isinstance(given, list) else [given]
    numbers = [int(a) if type(a) is float and a.is_integer() and abs(a) < 2**53 else a for a in arguments]
    if not 1 <= len(numbers) <= 3 or any(type(n) is not int for n in numbers):
        wrong = next((show(n) for n in numbers if type(n) is not int), show(given))
        problems.add(f"{key}.range", f"is {wrong}; {_RANGE} For other numbers: {_SPACED}")
        return None
    if numbers[2:] == [0]:
        problems.add(f"{key}.range", "has step 0; it must be a whole number other than 0.")
        return None
    values = range(*numbers)
    if not values:
        problems.add(f"{key}.range", f"is empty: {_call(numbers)} holds no number. {_ends(numbers)}")
        return None
    ends = [_field(parameter.type, end, f"{key}.range", problems, "gives") for end in (values[0], values[-1])]
    if None in ends:
        return None
    if parameter.dtype == "int64":
        return values if size(values) > EXPANDED else tuple(values)
    return _short(Spaced(ends[0], ends[1], size(values)))


def _call(numbers: Sequence[int]) -> str:
    return f"range({', '.join(show(n) for n in numbers)})"


def _ends(numbers: Sequence[int]) -> str:
    return "As in Python, the end itself is left out." if len(numbers) > 1 else "Give a number of at least 1."


def _spaced(
    parameter: Parameter, spec: Mapping[str, Any], key: str, problems: Problems, notes: list[str]
) -> Column | None:
    known = len(problems)
    for name in ("start", "stop", "num"):
        if name not in spec:
            problems.add(f"{key}.{name}", f"is missing. {_SPACED}")
    kinds = {"start": parameter.type, "stop": parameter.type, "num": _Count, "spacing": Spacing}
    fields = {name: _field(kinds[name], value, f"{key}.{name}", problems) for name, value in spec.items()}
    if len(problems) > known:
        return None
    start, stop, num, spacing = fields["start"], fields["stop"], fields["num"], fields.get("spacing", "linear")
    _check_spacing(start, stop, num, spacing, key, problems)
    if len(problems) > known:
        return None
    if start == stop:
        if num > 1:
            notes.append(f"{key}: start and stop are the same, one value is left of {num}")
        return (start,)
    if parameter.dtype == "int64":
        return _whole_numbers(start, stop, num, spacing, key, problems, notes)
    if num > EXPANDED and not _told_apart(start, stop, num, spacing):
        problems.add(f"{key}.num", f"is {num}: so many values between {start} and {stop} are not distinct floats.")
        return None
    return _short(Spaced(start, stop, num, spacing))


def _check_spacing(start: Any, stop: Any, num: int, spacing: str, key: str, problems: Problems) -> None:
    if spacing == "log":
        for name, end in (("start", start), ("stop", stop)):
            if end <= 0:
                problems.add(f"{key}.{name}", f'is {end}; with spacing = "log" it must be above 0.')
    if num == 1 and start != stop:
        problems.add(f"{key}.num", "is 1; it must be at least 2, for both ends are in the range.")


def _whole_numbers(
    start: int, stop: int, num: int, spacing: str, key: str, problems: Problems, notes: list[str]
) -> Sequence[int] | None:
    step, rest = divmod(stop - start, num - 1)
    sign = 1 if stop > start else -1
    if spacing == "linear" and rest == 0:
        values: Sequence[int] = range(start, stop + sign, step)
        return values if num > EXPANDED else tuple(values)
    if spacing == "linear" and num - 1 > abs(stop - start):
        notes.append(f"{key}: rounded to whole numbers, duplicates collapsed")
        values = range(start, stop + sign, sign)
        return values if size(values) > EXPANDED else tuple(values)
    if num > ROUNDED:
        problems.add(f"{key}.num", f"is {num}; it must be at most {ROUNDED} where values are rounded to whole numbers.")
        return None
    notes.append(f"{key}: rounded to whole numbers")
    inner = (int(point.to_integral_value()) for point in _inner(Spaced(start, stop, num, spacing)))  # type: ignore[arg-type]
    return (start, *inner, stop)


def _inner(spaced: Spaced) -> Iterator[Decimal]:
    """Yield the exact points between the ends; never by a context that could leak to whoever consumes the iterator."""
    start, stop, steps = Decimal(repr(spaced.start)), Decimal(repr(spaced.stop)), Decimal(spaced.num - 1)
    if spaced.spacing == "log":
        ratio = _exactly.exp(_exactly.divide(_exactly.ln(_exactly.divide(stop, start)), steps)) if steps else Decimal(1)
        for _ in range(1, spaced.num - 1):
            start = _exactly.multiply(start, ratio)
            yield start
        return
    for i in range(1, spaced.num - 1):
        total = _exactly.add(_exactly.multiply(start, steps - i), _exactly.multiply(stop, Decimal(i)))
        yield _exactly.divide(total, steps)


def _told_apart(start: float, stop: float, num: int, spacing: str) -> bool:
    if spacing == "log":
        return math.expm1(abs(math.log(stop) - math.log(start)) / (num - 1)) > 1e-15
    return abs(stop - start) / (num - 1) > 4 * math.ulp(max(abs(start), abs(stop)))


def _short(spaced: Spaced) -> tuple[float, ...] | Spaced:
    return spaced if spaced.num > EXPANDED else tuple(spaced)


def _field(kind: Any, value: Any, key: str, problems: Problems, verb: str = "is") -> Any:
    try:
        return coerce(kind, value)
    except Refused as refused:
        problems.add(key, verb + str(refused).removeprefix("is"))
        return None
