"""Which trials, which axis, and what goes beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd

from rnnlab.errors import UsageError, did_you_mean
from rnnlab.trial import parameters

PARAMETERS = {parameter.column.name: parameter for parameter in parameters().values()}  # by column
_ACTIVATIONS: tuple[str, ...] = get_args(parameters()["activation"].type)
_OF_TASK = ("inputs", "outputs", "loss_function", "loss_at")
_PRINTED = (".3g", ".4g")  # how tables, legends and turning points print a number


def pick(trials: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows whose columns have these values (one, or a list of them).

    Raises UsageError for an unknown column, and where nothing is left.
    """
    for name, wanted in where.items():
        if name not in trials.columns:
            known = [column for column in trials.columns if column in (*PARAMETERS, "key")]
            raise UsageError(f"{name} is no column here.{did_you_mean(name, known or trials.columns)}")
        found = trials[trials[name].isin(_listed(wanted))]
        if found.empty and not trials.empty:
            there = ", ".join(map(str, spaced(sorted(trials[name].dropna().unique()), 8)))
            raise UsageError(
                f"no trial has {name} = {', '.join(map(str, _listed(wanted)))}. There are, for example: {there}"
            )
        trials = found
    return trials


def as_printed(trials: pd.DataFrame, where: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return `where` for `pick`, each number that no trial has replaced by those that are printed as it is."""
    return {
        name: [each for value in _listed(wanted) for each in _printed_as(value, trials.get(name))]
        for name, wanted in where.items()
    }


def _printed_as(value: Any, column: pd.Series | None) -> list[Any]:
    if column is None or not (pd.api.types.is_float_dtype(column) and isinstance(value, (int, float))):
        return [value]
    there = column.unique()
    alike = [each for each in there if any(f"{each:{digits}}" == f"{value:{digits}}" for digits in _PRINTED)]
    return [value] if value in there or not alike else alike


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset, np.ndarray, pd.Series, pd.Index)) else [value]


def axes(trials: pd.DataFrame) -> list[str]:
    """Return the parameters with several values, but for the seed, and for those that follow the width or the task."""
    names = [n for n in PARAMETERS if n != "seed" and n in trials.columns and trials[n].nunique() > 1]
    names = [n for n in names if n not in ("inputs", "outputs") or not trials[n].equals(trials["width"])]
    return [n for n in names if n not in _OF_TASK or "task" not in names or not _follows(trials, n, "task")]


def _follows(trials: pd.DataFrame, name: str, axis: str) -> bool:
    return bool((trials.groupby(axis)[name].nunique() <= 1).all())


def in_order(values: Iterable[Any]) -> list[Any]:
    """Return the distinct values in the order of tables and legends: activations as people say them, else ascending."""
    distinct = values.unique() if isinstance(values, pd.Series) else set(values)
    return sorted(distinct, key=lambda value: (_place(value), value))


def _place(value: Any) -> int:
    return _ACTIVATIONS.index(value) if value in _ACTIVATIONS else len(_ACTIVATIONS)


def main_axis(trials: pd.DataFrame) -> str | None:
    """Return the axis that matters: recurrent_scale or length, the one with more values, else the longest, else None.

    Values are counted within an activation, since each may have its own; recurrent_scale wins a tie.
    """
    numeric = [n for n in axes(trials) if PARAMETERS[n].dtype != "string"]
    preferred = [n for n in ("recurrent_scale", "length") if n in numeric] or numeric
    return max(preferred, key=lambda name: trials.groupby("activation")[name].nunique().max(), default=None)


def other_axes(trials: pd.DataFrame, axis: str | None) -> list[str]:
    """Return the axes that split the trials further: all but activation, `axis` and what is zipped with it."""
    names = [n for n in axes(trials) if n not in ("activation", axis)]
    return [n for n in names if axis is None or not zipped(trials, n, axis)]


def densest(trials: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the trials at one point of the named axes, and the point: that with the most trials, of these the last."""
    if not names:
        return trials, {}
    sizes = trials.groupby(names).size()
    point = sizes[sizes == sizes.max()].index[-1]
    values = dict(zip(names, point if len(names) > 1 else (point,), strict=True))
    return trials[(trials[names] == pd.Series(values)).all(axis=1)], values


def spaced(values: Sequence[Any], most: int) -> list[Any]:
    """Return at most `most` of the values, evenly spaced in their order, with both ends."""
    if len(values) <= most:
        return list(values)
    return [values[i] for i in np.linspace(0, len(values) - 1, most).round().astype(int)]


def companion(trials: pd.DataFrame, axis: str | None, most: int) -> str | None:
    """Return the axis to show beside `axis` in one table or figure: input_scale, else the first with few values."""
    few = [n for n in other_axes(trials, axis) if trials[n].nunique() <= most]
    return "input_scale" if "input_scale" in few else next(iter(few), None)


def apart(trials: pd.DataFrame, axis: str | None, beside: str | None) -> list[str]:
    """Return the axes that remain, one table or figure for each point of them: neither `axis` nor `beside` nor tied."""
    names = [n for n in other_axes(trials, axis) if n != beside]
    return [n for n in names if beside is None or not zipped(trials, n, beside)]


def zipped(trials: pd.DataFrame, one: str, other: str) -> bool:
    """Tell whether each value of one axis goes with exactly one value of the other."""
    pairs = len(trials[[one, other]].drop_duplicates())
    return pairs == trials[one].nunique() == trials[other].nunique()
