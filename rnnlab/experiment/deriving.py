"""Parameters that follow others where they are not given: sizes and loss as the task has them, or the width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.experiment.combinations import axis_of, column_of, combinations, values_of
from rnnlab.experiment.model import Axis, Grid
from rnnlab.experiment.ranges import Column
from rnnlab.plugins import is_full, is_installed
from rnnlab.tasks import TASKS, Form

DERIVED = ("inputs", "outputs", "loss", "loss_at")
_TASK = ("task", "data", "length")  # what a form is of
_ANY = Form(losses=("squared", "cross_entropy"), loss_at=("every", "last"))  # of a task that only a record names


class Untied(ValueError):
    """A parameter that would follow several axes at once; the message names them."""


def derived(name: str, grid: Grid) -> tuple[Axis | None, Column]:
    """Return the axis that a parameter follows in a grid, None for a constant, and its values along it.

    Raises Untied where it would have to follow axes that are not tied to each other.
    """
    names = [
        "task",
        *dict.fromkeys(other for task in values_of(grid, "task") for other in _form_of_which(task)),
        "width",
    ]
    rows = list(combinations(grid, names))
    axes = [axis for axis in dict.fromkeys(axis_of(grid, other) for other in names) if axis.size > 1]
    axes = [axis for axis in axes if _matters(name, axis, rows)]
    if len(axes) > 1:
        raise Untied(" and ".join(other for axis in axes for other in axis.names if other in names))
    if not axes:
        return None, (_value(name, rows[0]),)
    every = all(_own(name, form_of(row)) is None for row in rows)
    return axes[0], values_of(grid, "width") if every else _along(name, axes[0], grid)


def _matters(name: str, axis: Axis, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a parameter that follows others changes along an axis."""
    found: dict[tuple[Any, ...], Any] = {}
    for row in rows:
        rest = tuple(value for other, value in row.items() if other not in axis.names)
        if found.setdefault(rest, _value(name, row)) != _value(name, row):
            return True
    return False


def follows(name: str, grid: Grid) -> bool:
    """Tell whether a parameter of a grid has the values that it would have if it were not given."""
    if name not in DERIVED or any(map(is_full, values_of(grid, "task"))):
        return False  # what a task of a package told is written down: others read it without that package
    axis = axis_of(grid, name)
    try:
        home, column = derived(name, grid)
    except Untied:
        return False
    return (home is None or home is axis) and bool(column == column_of(axis, name))


def form_of(row: Mapping[str, Any]) -> Form:
    """Return the form of trials with these values of task, and of length and data as far as it depends on them."""
    task = row["task"]
    if is_full(task) and not is_installed("task", task):
        return _ANY
    return TASKS[task].form(row.get("length", 0), row.get("data", ""))


def _form_of_which(task: str) -> tuple[str, ...]:
    return () if is_full(task) and not is_installed("task", task) else TASKS[task].FORM_OF


def _own(name: str, form: Form) -> Any:
    return {"inputs": form.inputs, "outputs": form.outputs, "loss": form.losses[0], "loss_at": form.loss_at[0]}[name]


def _value(name: str, row: Mapping[str, Any]) -> Any:
    own = _own(name, form_of(row))
    return row["width"] if own is None else own


def _along(name: str, axis: Axis, grid: Grid) -> tuple[Any, ...]:
    """Return the values of a parameter at every point of the axis that it follows."""
    names = (*_TASK, "width")
    constant = {other: next(iter(values_of(grid, other))) for other in names if other not in axis.names}
    columns = [column_of(axis, other) for other in names if other in axis.names]
    varying = [other for other in names if other in axis.names]
    return tuple(_value(name, constant | dict(zip(varying, row, strict=True))) for row in zip(*columns, strict=True))
