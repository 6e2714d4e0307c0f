"""One table of [grid]: every key a parameter, every value checked and coerced, tied names on one axis."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Literal, get_args

from rnnlab import plugins
from rnnlab.errors import UsageError
from rnnlab.experiment.belonging import check_belonging, check_inits
from rnnlab.experiment.deriving import DERIVED, Untied, derived
from rnnlab.experiment.model import Axis, Grid
from rnnlab.experiment.problems import Problems, show_key
from rnnlab.experiment.ranges import Column, read_range, size
from rnnlab.experiment.task_checks import check_form, check_task, resolved
from rnnlab.experiment.training import check_training
from rnnlab.experiment.values import Refused, allowed, coerce
from rnnlab.tasks import TASKS
from rnnlab.trial import Parameter, parameters

TOP_KEYS = ("schema", "name", "title", "zip", "grid", "measure")
_OPEN = ("activation", "task")  # of which packages may have some of their own
_ORDER = {name: position for position, name in enumerate(parameters())}


def grid_of(
    table: Mapping[str, Any], key: str, zips: Sequence[Sequence[str]], problems: Problems, notes: list[str]
) -> Grid | None:
    """Return the grid of one table, or None after a problem.

    Axes stand in the order of the file, a tied one where its first name stands; parameters that the table leaves out
    follow with their defaults. The axis of the seed is always the last, so that the trials of one curve lie together.
    """
    known = len(problems)
    columns = {name: _column(name, value, f"{key}.{show_key(name)}", problems, notes) for name, value in table.items()}
    for parameter in parameters().values():
        if parameter.required and parameter.name not in table:
            problems.add(f"{key}.{parameter.name}", f"is missing; it must be {allowed(parameter.type)}.")
    ties = list(_ties(table, columns, key, zips, problems))
    return None if len(problems) > known else _grid(columns, ties, key, problems, notes)


def checked(values: Mapping[str, Any], key: str, problems: Problems) -> dict[str, Any]:
    """Return all parameters of a trial of single values, coerced; anything else is a problem."""
    prefix, known = f"{key}." if key else "", len(problems)
    good = {}
    for name, value in values.items():
        parameter = _known(name, f"{prefix}{show_key(name)}", problems)
        if parameter:
            good[name] = _coerced(parameter, value, f"{prefix}{name}", problems)
    for parameter in parameters().values():
        if parameter.required and parameter.name not in values:
            problems.add(f"{prefix}{parameter.name}", f"is missing; it must be {allowed(parameter.type)}.")
    one = None
    if len(problems) == known:
        one = _grid({name: (value,) for name, value in good.items()}, [], key, problems, [])
    return {axis.names[0]: axis.columns[0][0] for axis in one.axes} if one else good  # type: ignore[index]


def _grid(
    columns: dict[str, Column | None], ties: Collection[tuple[str, ...]], key: str, problems: Problems, notes: list[str]
) -> Grid | None:
    """Return the grid of good columns with all that they leave out, or None after a problem."""
    known, prefix = len(problems), f"{key}." if key else ""
    if columns.get("data"):
        columns["data"] = resolved(columns["data"], f"{prefix}data", problems)  # type: ignore[arg-type]
    written = Grid(tuple(_axes(columns, ties)))
    if len(problems) == known:
        check_form(written, prefix, problems)
    followers = _followers(written, prefix, problems) if len(problems) == known else {}
    if len(problems) > known:
        return None
    axes = chain.from_iterable(_split(axis) for axis in _complete(written, columns, followers, key, notes))
    grid = Grid(tuple(sorted(axes, key=lambda axis: "seed" in axis.names)))
    for check in (check_belonging, check_inits, check_training, check_task):
        check(grid, prefix, problems)
    return grid


def _known(name: str, key: str, problems: Problems) -> Parameter | None:
    parameter = parameters().get(name)
    if parameter is None:
        misplaced = name in TOP_KEYS and name != "grid"
        advice = " It belongs at the top of the file, before [grid]." if misplaced else problems.advice(name, _ORDER)
        problems.add(key, f"is unknown.{advice}")
    return parameter


def _column(name: str, value: Any, key: str, problems: Problems, notes: list[str]) -> Column | None:
    parameter = _known(name, key, problems)
    if parameter is None:
        return None
    if isinstance(value, Mapping):
        return read_range(parameter, value, key, problems, notes)
    if not isinstance(value, list):
        return (_coerced(parameter, value, key, problems),)
    if not value:
        problems.add(key, "is an empty list; an axis needs at least one value.")
    return tuple(_coerced(parameter, item, f"{key}[{i}]", problems) for i, item in enumerate(value))


def _coerced(parameter: Parameter, value: Any, key: str, problems: Problems) -> Any:
    try:
        return _named(parameter, value) if parameter.name in _OPEN else coerce(parameter.type, value)
    except (Refused, UsageError) as refused:
        problems.add(key, str(refused))
        return None


def _unknown(parameter: Parameter, value: str) -> Any:
    """Say what there is, and where nothing is like it that a package may be missing."""
    offered = [entry.name for entry in plugins.entries(parameter.name)]
    try:
        return coerce(Literal[(*get_args(parameter.type), *offered)], value)
    except Refused as refused:
        told = str(refused)
    absent = " If a package has it, install that here; see those that are with: rnnlab doctor"
    raise Refused(told if "Did you mean" in told else told + absent)


def _named(parameter: Parameter, value: Any) -> Any:
    """Return the name of an activation or a task: rnnlab's own, or that of a package with its version."""
    built_in = get_args(parameter.type)
    if not isinstance(value, str) or value in built_in:
        return coerce(parameter.type, value)
    try:
        name = plugins.resolve(parameter.name, value, built_in)
    except plugins.Unknown:
        return _unknown(parameter, value)
    if not plugins.is_installed(parameter.name, name):
        return name  # a record names it; a run asks for it
    if parameter.name == "activation":
        return plugins.activation_named(name)
    return TASKS[name].NAME


def _ties(
    table: Mapping[str, Any],
    columns: Mapping[str, Column | None],
    key: str,
    zips: Sequence[Sequence[str]],
    problems: Problems,
) -> Iterator[tuple[str, ...]]:
    """Yield the names that `zip` ties in this table: those that are axes here, for a constant has nothing to tie."""
    for group in zips:
        tied = {name: columns[name] for name in group if isinstance(table.get(name), list | Mapping)}
        sizes = {name: size(column) for name, column in tied.items() if column is not None}
        if len(set(sizes.values())) > 1:
            counted = ", ".join(f"{name} has {count}" for name, count in sizes.items())
            problems.add("zip", f"ties axes of unequal length in {key}: {counted}. Give them equally many values.")
        yield tuple(tied)


def _axes(columns: Mapping[str, Column | None], ties: Collection[tuple[str, ...]]) -> Iterator[Axis]:
    """Yield the axes of a table, and the defaults of what it leaves out but for what follows others."""
    seen: set[str] = set()
    for name in columns:
        if name not in seen:
            names = sorted(next((group for group in ties if name in group), (name,)), key=_ORDER.__getitem__)
            seen.update(names)
            yield Axis(tuple(names), tuple(columns[n] for n in names))  # type: ignore[misc]
    for parameter in parameters().values():
        if parameter.name not in columns and parameter.name not in DERIVED:
            yield Axis((parameter.name,), ((parameter.default,),))


def _followers(written: Grid, prefix: str, problems: Problems) -> dict[str, tuple[Axis | None, Column]]:
    """Return what is not given and follows others, with the axis that it follows."""
    there = {name for axis in written.axes for name in axis.names}
    found: dict[str, tuple[Axis | None, Column]] = {}
    for name in DERIVED:
        try:
            found |= {name: derived(name, written)} if name not in there else {}
        except Untied as error:
            message = f"is not given, and would follow {error}, which are axes of their own"
            problems.add(f"{prefix}{name}", f"{message}: tie them with zip, or give each task its own [[grid]].")
    return found


def _complete(
    written: Grid, columns: Mapping[str, Any], followers: Mapping[str, tuple[Axis | None, Column]], key: str,
    notes: list[str],
) -> Iterator[Axis]:  # fmt: skip
    """Yield the axes with what follows them, constants in the order of the parameters after those of the table."""
    constant = {name: column for name, (home, column) in followers.items() if home is None}
    beside_width = [name for name in ("inputs", "outputs") if name in constant]
    defaults = {name: Axis((name,), (column,)) for name, column in constant.items() if name not in beside_width}
    for axis in written.axes:
        if axis.names[0] not in columns:
            defaults[axis.names[0]] = axis
            continue
        tied = dict(zip(axis.names, axis.columns, strict=True))
        tied |= {name: column for name, (home, column) in followers.items() if home is axis}
        yield _distinct(dict(sorted(tied.items(), key=lambda item: _ORDER[item[0]])), key, notes)
        if "width" in axis.names:
            yield from (Axis((name,), (constant[name],)) for name in beside_width)
    yield from (defaults[name] for name in sorted(defaults, key=_ORDER.__getitem__))


def _distinct(tied: Mapping[str, Any], key: str, notes: list[str]) -> Axis:
    """Return the axis without duplicates; a range that is kept as a recipe has none."""
    names = tuple(tied)
    if not all(isinstance(column, tuple) for column in tied.values()):
        return Axis(names, tuple(tied.values()))
    rows = list(zip(*tied.values(), strict=True))
    distinct = tuple(dict.fromkeys(rows))
    if len(distinct) < len(rows):
        written = " and ".join(name for name in names if name not in DERIVED) or ", ".join(names)
        notes.append(f"{key}.{written}: {len(rows) - len(distinct)} of {len(rows)} values stood there already")
    return Axis(names, tuple(zip(*distinct, strict=True)))


def _split(axis: Axis) -> Iterator[Axis]:
    """Yield constants one by one: nothing is tied where there is one value."""
    if axis.size > 1:
        yield axis
    else:
        yield from (Axis((name,), (column,)) for name, column in zip(axis.names, axis.columns, strict=True))
