"""Which kind of figure suits an experiment, and what may be asked of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from rnnlab import analysis, store
from rnnlab.errors import UsageError, did_you_mean, typed
from rnnlab.figures import choices, drawing, phases, style
from rnnlab.figures.catalogue import KINDS, OF
from rnnlab.figures.drawing import Asked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnlab.api import Results

_LONG = {"gradients_by_step": "steps", "terms_by_pair": "pairs", "training_by_update": "training"}  # else: histogram


def kind_for(trials: pd.DataFrame, *, by_step: bool = True) -> str:
    """Return the kind of figure that suits the axes of gradients; `by_step`: whether their steps were recorded."""
    if phases.axes_of(trials):
        return "phase"
    axis = analysis.main_axis(trials)
    if axis is None:
        return "steps" if by_step else "rates"
    return "length" if axis == "length" else "growth"


def kind_of(results: Results, where: Mapping[str, Any] | None = None) -> str:
    """Return the kind of figure that suits an experiment, or those of its trials that `where` picks."""
    if "training" in results.measured:
        trials = drawing.trials_of(results, "training", where or {})
        return "training" if analysis.main_axis(trials) is None else "success"
    if "gradients" in results.measured:
        by_step = results.manifest["experiment"]["measure"]["gradients"].get("steps", False)
        return kind_for(drawing.trials_of(results, "gradients", where or {}), by_step=by_step)
    there = [kind for kind in ("pairs", "theory", "lags", "spectrum") if _has(results, kind)]
    return there[0] if there else "statistics"


def _has(results: Results, kind: str) -> bool:
    measured = {name for name in OF[kind].measures if name in results.measured}
    if measured == {"lyapunov"}:  # one exponent is no spectrum
        return results.manifest["experiment"]["measure"]["lyapunov"].get("exponents") != 1
    return bool(measured)


def plot(
    results: Results, kind: str | None = None, *, x: str | None = None, y: str | None = None, hue: str | None = None,
    column: str | Sequence[str] | None = None, where: Mapping[str, Any] | None = None,
    size: str | float | None = None, dark: bool | None = None,
) -> Figure:  # fmt: skip
    """Return the figure of an experiment, of the kind that suits it or that is asked for.

    kind: one of KINDS; CATALOGUE says what each shows, the measures that it needs and which choices it takes. x, y,
    hue: parameters of the grid that stand on the axes, and that colours (or panels) tell; column: the statistic, or a
    list where a kind shows several; default: what suits. where: picks trials by the values of their columns (one value
    or a list), by `key` also with the beginning of a key. size: column, page, slide, or a width in millimetres.
    dark: for dark pages. The figure's `about` has title, description and the command that draws it.

    Raises UsageError for a kind that there is not, whose measure the experiment has not got, and for a choice that
    means nothing to it or to these trials.
    """
    columns = (column,) if isinstance(column, str) else tuple(column or ())
    with style.look(size, dark=dark), style.columns_of(results.measured):
        if kind is not None and kind not in KINDS:
            raise UsageError(f"figure {kind} is unknown.{did_you_mean(kind, KINDS)}")
        _check_where(results, where or {})
        picked = drawing.keys_in_full(results, where or {})
        asked = Asked(kind or _kind(results, picked, y, columns), x, y, hue, columns, picked)
        _check(results, asked)
        figure = drawing.draw(results, asked)
        given = asked if kind else Asked("", x, y, hue, columns, picked)
        vars(figure)["about"] = _about(results, asked, figure, command_of(results.name, given, where or {}))
    return figure


def _kind(results: Results, where: Mapping[str, Any], y: str | None, columns: Sequence[str]) -> str:
    """Return the kind that what is asked for calls for."""
    if y is not None:
        return "phase"
    if not columns:
        return kind_of(results, where)
    table = drawing.home_of(results, columns[0])
    if store.owner(table) != table:
        return _LONG.get(table, "histogram")
    trials = drawing.trials_of(results, table, where)
    if len(columns) == 1 and phases.axes_of(trials):
        return "phase"
    return "statistics" if analysis.main_axis(trials) or len(columns) > 1 else "histogram"


def _check(results: Results, asked: Asked) -> None:
    """Refuse a kind without its measure, and choices that mean nothing to it."""
    kind = OF[asked.kind]
    if kind.measures and not any(name in results.measured for name in kind.measures):
        needs = f"the figure {kind.name} needs the measure {' or '.join(kind.measures)}"
        has = f"{needs}; {results.name} has {', '.join(results.measured)}."
        if "network" in results.manifest["experiment"]:  # it has no file to add to
            raise UsageError(has)
        run = typed("run", results.name, store=results.store)
        raise UsageError(f"{has} Add [measure.{kind.measures[0]}] to its file, then: {run}")
    takes = ", ".join(f"--{choice}" for choice in kind.choices)
    given = {"x": asked.x, "y": asked.y, "hue": asked.hue, "column": ", ".join(asked.columns) or None}
    for flag, value in given.items():
        if value is not None and flag not in kind.choices:
            raise UsageError(f"--{flag} {value}: means nothing to the figure {kind.name}, which takes {takes}.")
    if len(asked.columns) > 1 and kind.name not in drawing.SEVERAL:
        several = " and ".join(drawing.SEVERAL)
        raise UsageError(
            f"--column: the figure {kind.name} shows one, not {len(asked.columns)}; {several} show several."
        )


def _check_where(results: Results, where: Mapping[str, Any]) -> None:
    known = dict.fromkeys([*analysis.PARAMETERS, "key", *drawing.homes(results)])
    for name in where:
        if name not in known:
            near = choices.near(name, list(known))
            raise UsageError(f"--where {name}: of one row a trial, {results.name} has no such column.{near}")


def command_of(name: str, asked: Asked, where: Mapping[str, Any]) -> str:
    """Return the command that draws a figure, but for where the store is."""
    flags = {"--x": asked.x, "--y": asked.y, "--hue": asked.hue}
    words = ["rnnlab", "plot", name, *([asked.kind] if asked.kind else [])]
    words += [word for flag, value in flags.items() if value for word in (flag, value)]
    words += [word for column in asked.columns for word in ("--column", column)]
    for key, value in where.items():
        listed = [value] if isinstance(value, (str, int, float)) else value
        words += ["--where", f"{key}={','.join(map(str, listed))}"]
    theme = style.theme()
    words += [] if theme.size == "page" else ["--size", theme.size]
    return shlex.join([*words, *(["--dark"] if theme.dark else [])])


def _about(results: Results, asked: Asked, figure: Figure, command: str) -> dict[str, str]:
    """Return what a file of the figure tells of itself: title, description (alt text), command."""
    title = results.manifest["experiment"].get("title") or results.name
    trials = " ".join(figure.get_suptitle().split()).removeprefix(" ".join(title.split())).strip()
    panels = [axes.get_title("left") for axes in figure.axes]
    shown = f" Panels: {'; '.join(filter(None, panels))}." if any(panels) else ""
    kind = OF[asked.kind]
    described = f"Figure of kind {kind.name} of experiment {results.name}: {kind.shows}."
    return {
        "kind": kind.name,
        "title": title,
        "description": f"{described}{f' Trials: {trials}.' if trials else ''}{shown}",
        "command": command,
    }
