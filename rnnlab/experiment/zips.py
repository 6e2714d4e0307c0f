"""`zip` at the top level: axes that are tied take their values together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab.errors import did_you_mean
from rnnlab.experiment.problems import Problems, show
from rnnlab.trial import parameters


def zips_of(value: Any, tables: Sequence[Mapping[str, Any]], problems: Problems) -> tuple[tuple[str, ...], ...]:
    """Return the groups of tied names; each must be a parameter of some grid, in one group only."""
    if not isinstance(value, list) or not all(isinstance(group, list) for group in value):
        problems.add("zip", f'is {show(value)}; it must be a list of lists of names, as zip = [["width", "batch"]].')
        return ()
    known = len(problems)
    seen: set[Any] = set()
    for i, group in enumerate(value):
        if len(group) < 2:
            problems.add(f"zip[{i}]", f"is {show(group)}; it must name at least two axes to tie.")
        for j, name in enumerate(group):
            _check_tied(name, f"zip[{i}][{j}]", tables, seen, problems)
    return () if len(problems) > known else tuple(tuple(group) for group in value)


def _check_tied(name: Any, key: str, tables: Sequence[Mapping[str, Any]], seen: set[Any], problems: Problems) -> None:
    if not isinstance(name, str):
        problems.add(key, f"is {show(name)}; it must be the name of an axis, in quotes.")
    elif name in seen:
        problems.add(key, f"is {show(name)}, which is tied already; name it once.")
    elif name not in parameters():
        problems.add(key, f"is {show(name)}, which is unknown.{did_you_mean(name, parameters())}")
    elif not any(name in table for table in tables):
        problems.add(key, f"is {show(name)}, which is not in [grid]; give it as many values there as its partners.")
    else:
        seen.add(name)
