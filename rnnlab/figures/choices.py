"""What a figure is asked to show: axes and columns that somebody names, checked against what the trials have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rnnlab import analysis
from rnnlab.errors import UsageError, did_you_mean
from rnnlab.figures import style
from rnnlab.trial import parameters

ACTIVATION = "activation"
_EXAMPLES = 12


def axis(trials: pd.DataFrame, flag: str, name: str, *, numeric: bool = False, taken: Sequence[str] = ()) -> str:
    """Return the column of the axis that `--flag` names; raises UsageError where these trials have no such axis."""
    known = parameters()
    name = known[name].column.name if name in known else name
    there = [each for each in analysis.axes(trials) if not numeric or is_numeric(each)]
    free = [each for each in there if each not in taken]
    listed = f"Axes of these trials{' that are numbers' if numeric else ''}: {', '.join(free) or 'none'}."
    if name not in analysis.PARAMETERS:
        meant = did_you_mean(name, free or analysis.PARAMETERS)
        raise UsageError(f"--{flag} {name}: no parameter is called so.{meant if 'mean' in meant else ''} {listed}")
    if name == "seed":
        raise UsageError(f"--{flag} seed: figures take means over seeds. {listed}")
    if numeric and not is_numeric(name):
        raise UsageError(f"--{flag} {name}: its values are words, not numbers. {listed}")
    if name in taken:
        raise UsageError(f"--{flag} {name}: this axis is shown already. {listed}")
    if name not in there:
        values = ", ".join(map(str, trials[name].dropna().unique()[:3])) or "nothing"
        raise UsageError(f"--{flag} {name}: these trials have {values} there and nothing else. {listed}")
    for other in taken:
        if analysis.zipped(trials, name, other):
            raise UsageError(f"--{flag} {name}: it changes together with {other}, which is shown already. {listed}")
    return name


def hue(trials: pd.DataFrame, name: str | None, default: str | None, taken: Sequence[str] = ()) -> str | None:
    """Return the axis that colours tell: the one asked for, else the default."""
    return default if name is None else axis(trials, "hue", name, taken=taken)


def is_numeric(name: str) -> bool:
    """Tell whether a parameter has numbers for values."""
    return bool(analysis.PARAMETERS[name].dtype != "string")


def column(name: str, known: Sequence[str], of: str) -> str:
    """Return the column that is asked for; raises UsageError where `of` has none of this name that is a number."""
    if name not in known:
        raise UsageError(f"--column {name}: {of} has no such number.{near(name, known)}")
    return name


def word(axis: str | None, value: Any) -> str:
    """Return what a legend calls a value of an axis: the name of an activation alone, else "width 64"."""
    if axis is None:
        return ""
    return str(value) if axis == ACTIVATION else style.named({axis: value})


def near(name: str, known: Sequence[str]) -> str:
    """Return " Did you mean X?", or a few of the names where none is near."""
    meant = did_you_mean(name, known)
    return meant if meant.startswith(" Did") else f" There are, for example: {', '.join(known[:_EXAMPLES])}."


def the_rest(trials: pd.DataFrame, *shown: str | None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the trials at one point of all axes that are not shown, and that point: the one with the most trials."""
    names = [name for name in shown if name]
    hidden = [name for name in analysis.axes(trials) if name not in names]
    hidden = [name for name in hidden if not any(analysis.zipped(trials, name, other) for other in names)]
    return analysis.densest(trials, hidden)


def some_of(trials: pd.DataFrame, name: str | None, most: int) -> tuple[pd.DataFrame, list[Any]]:
    """Return up to `most` values of an axis, evenly spaced in their order, and the trials that have them."""
    if name is None:
        return trials, [None]
    values = analysis.spaced(analysis.in_order(trials[name].dropna()), most)
    return trials[trials[name].isin(values)], values
