"""The statistics of a measure that tell most, against the axis that matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import choices, layout, style


def statistics(
    trials: pd.DataFrame, columns: Sequence[str], title: str = "", *, x: str | None = None, hue: str | None = None
) -> Figure:
    """Return a panel a column: means over seeds with 95 % intervals against the axis x, a line a value of `hue`.

    x: default the main axis; without one a point a value of hue. hue: default the activation. The axes that remain
    stand at their point with the most trials.
    """
    axis = choices.axis(trials, "x", x, numeric=True) if x else _axis(trials, hue)
    hue = choices.hue(trials, hue, choices.ACTIVATION, taken=[axis] if axis else []) or choices.ACTIVATION
    trials, fixed = choices.the_rest(trials, axis, hue)
    trials, values = choices.some_of(trials, hue, style.MAX_CONDITIONS)
    shown = [name for name in columns if trials[name].notna().any()]
    if not shown:
        raise UsageError(f"no trial has a number in {', '.join(columns)}: the columns status and reason say why")
    table = analysis.summary(trials, by=[hue, *([axis] if axis else [])], columns=shown)
    table = table if axis else table.assign(place=table[hue].map(values.index))
    with style.look():
        made = layout.panels(1, len(shown), height=3.0, least=2.0)
        for axes, name in zip(made.axes[0], shown, strict=True):
            _panel(axes, table, axis or "place", name, (hue, values))
            axes.set_title(name)
            if axis:
                style.scale_x(axes, axis, trials[axis])
            else:
                axes.set_xticks(range(len(values)), list(map(style.number, values)))
                axes.set_xlabel("" if hue == choices.ACTIVATION else style.label(hue))
        layout.legend_below(made.figure, _legend(hue, values) if axis else [_interval()])
        layout.headed(made.figure, title, style.context(trials, fixed))
    return made.figure


def _axis(trials: pd.DataFrame, hue: str | None) -> str | None:
    """Return the main axis; where colours tell it, the next one."""
    main: str | None = analysis.main_axis(trials)
    if hue is None or hue != main:
        return main
    numeric = [name for name in analysis.axes(trials) if name != hue and choices.is_numeric(name)]
    return next((name for name in numeric if not analysis.zipped(trials, name, hue)), None)


def _panel(axes: Axes, table: pd.DataFrame, x: str, name: str, told: tuple[str, list[Any]]) -> None:
    hue, values = told
    colours = style.colours(values)
    for value in values:
        own = table[table[hue] == value]
        look: dict[str, Any] = {"color": colours[value], "marker": style.marker(value, values)}
        ends = [own[name] - own[f"{name}_low"], own[f"{name}_high"] - own[name]]
        axes.errorbar(own[x], own[name], yerr=[each.fillna(0) for each in ends], elinewidth=0.8, **look)
    axes.set_ylabel(style.label(name))


def _legend(hue: str, values: list[Any]) -> list[Artist]:
    handles: list[Artist] = []
    for value, colour in style.colours(values).items():
        look: dict[str, Any] = {"color": colour, "marker": style.marker(value, values)}
        handles.append(Line2D([], [], label=choices.word(hue, value), **look))
    return [*handles, _interval()]


def _interval() -> Artist:
    return Line2D(
        [], [], color=style.shade(0.3), marker="|", linestyle="none", markersize=8, label="95 % interval over seeds"
    )
