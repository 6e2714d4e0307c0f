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
from rnnlab.figures import style


def statistics(trials: pd.DataFrame, columns: Sequence[str], title: str = "") -> Figure:
    """Return a panel a column: means over seeds with 95 % intervals against the main axis, a line an activation.

    Without an axis a point an activation. The axes that remain stand at their point with the most trials.
    """
    axis = analysis.main_axis(trials)
    trials, fixed = analysis.densest(trials, analysis.other_axes(trials, axis))
    shown = [name for name in columns if trials[name].notna().any()]
    if not shown:
        raise UsageError(f"no trial has a number in {', '.join(columns)}: the columns status and reason say why")
    activations = analysis.in_order(trials["activation"])
    table = analysis.summary(trials, by=["activation", *([axis] if axis else [])], columns=shown)
    table = table if axis else table.assign(place=table["activation"].map(activations.index))
    with style.look():
        figure, panels = style.new_figure(1, len(shown), height=3.0)
        for axes, name in zip(panels[0], shown, strict=True):
            _panel(axes, table, axis or "place", name)
            axes.set_title(name)
            if axis:
                style.scale_x(axes, axis, trials[axis])
            else:
                axes.set_xticks(range(len(activations)), activations)
        style.legend_below(figure, _legend(activations) if axis else [_interval()])
        style.headed(figure, title, style.context(trials, fixed))
    return figure


def _panel(axes: Axes, table: pd.DataFrame, x: str, name: str) -> None:
    colours = style.colours(analysis.in_order(table["activation"]))
    for activation, own in table.groupby("activation"):
        look: dict[str, Any] = {"color": colours[activation], "marker": style.marker(activation)}
        ends = [own[name] - own[f"{name}_low"], own[f"{name}_high"] - own[name]]
        axes.errorbar(own[x], own[name], yerr=[each.fillna(0) for each in ends], elinewidth=0.8, **look)
    axes.set_ylabel(style.label(name))


def _legend(activations: list[str]) -> list[Artist]:
    colours = style.colours(activations)
    return [*(Line2D([], [], color=colours[a], marker=style.marker(a), label=a) for a in activations), _interval()]


def _interval() -> Artist:
    return Line2D([], [], color="0.3", marker="|", linestyle="none", markersize=8, label="95 % interval over seeds")
