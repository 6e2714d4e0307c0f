"""Mean-field theory beside measurement."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import choices, layout, style

PREDICTED, MEASURED, EDGE = "growth_rate_predicted", "growth_rate_measured", "edge_of_chaos"
_MOST = 2  # panels against the axis, one for each value of the next axis


def _ring() -> dict[str, Any]:
    return {"marker": "o", "markerfacecolor": style.shade(1.0), "linestyle": "none", "markersize": 5, "zorder": 5}


def theory(trials: pd.DataFrame, title: str = "", *, x: str | None = None, hue: str | None = None) -> Figure:
    """Return measured growth rates beside those that mean field predicts: trials with the columns of `theory`.

    Left, against the axis x (default: the main one): a dot a seed, a line an activation for the prediction, a ring on
    zero at the edge of chaos that theory gives; a panel for each of two values of `hue` (default: input_scale, or the
    next axis with two). Right: measured against predicted, with the diagonal.
    """
    axis = choices.axis(trials, "x", x, numeric=True) if x else analysis.main_axis(trials)
    taken = [name for name in (axis, choices.ACTIVATION) if name]
    beside = choices.hue(trials, hue, analysis.companion(trials, axis, most=_MOST), taken=taken)
    trials, fixed = choices.the_rest(trials, axis, beside, choices.ACTIVATION)
    trials, _ = choices.some_of(trials, beside, _MOST)
    if trials[[PREDICTED, MEASURED]].dropna().empty:
        raise UsageError("no trial has both a predicted and a measured growth rate: the column reason says why")
    values = analysis.in_order(trials[beside]) if beside else [None]
    count = len(values) if axis else 0
    with style.look():
        made = layout.panels(1, count + 1, height=3.2 if count > 1 else 3.6, least=2.0)
        figure, panels = made.figure, made.axes
        for letter, axes, value in zip("abc", panels[0, :count], values, strict=False):
            _against_axis(axes, trials[trials[beside] == value] if beside else trials, str(axis))
            axes.set_title(f"({letter}) {style.named({beside: value}) if beside else f'against the {_words(axis)}'}")
            axes.sharey(panels[0, 0])
        _against_prediction(panels[0, count], trials, beside, values)
        panels[0, count].set_title(f"({'abc'[count]}) measured against predicted")
        for axes in panels[0, :count]:
            axes.set_ylabel(style.label("growth_rate") if axes.get_subplotspec().is_first_col() else "")
        layout.legend_below(figure, *_legend(trials, axis, beside, values))
        layout.headed(figure, title, style.context(trials, fixed))
    return figure


def _against_axis(axes: Axes, trials: pd.DataFrame, axis: str) -> None:
    axes.axhline(0, color=style.shade(0.0), linewidth=0.7)
    colours = style.colours(analysis.in_order(trials["activation"]))
    for activation, own in trials.groupby("activation"):
        look: dict[str, Any] = {"color": colours[activation]}
        axes.plot(own[axis], own[MEASURED], style.marker(activation), markersize=2.5, alpha=0.6, **look)
        line = own.groupby(axis)[PREDICTED].mean()
        axes.plot(line.index, line, "-", linewidth=1.1, **look)
        edge = own[EDGE].median() if axis == "recurrent_scale" else np.nan
        if own[axis].min() <= edge <= own[axis].max():
            axes.plot([edge], [0.0], **look, **_ring())
    style.scale_x(axes, axis, trials[axis])


def _against_prediction(axes: Axes, trials: pd.DataFrame, beside: str | None, values: list[Any]) -> None:
    known = trials[np.isfinite(trials[PREDICTED]) & np.isfinite(trials[MEASURED])]
    ends = [known[[PREDICTED, MEASURED]].min().min(), known[[PREDICTED, MEASURED]].max().max()]
    axes.plot(ends, ends, color=style.shade(0.0), linewidth=0.7)
    colours = style.colours(analysis.in_order(trials["activation"]))
    for activation, own in known.groupby("activation"):
        for value in values:
            dots = own[own[beside] == value] if beside else own
            face = colours[activation] if value == values[-1] else style.shade(1.0)
            look: dict[str, Any] = {"color": colours[activation], "markerfacecolor": face, "markeredgewidth": 0.7}
            axes.plot(dots[PREDICTED], dots[MEASURED], style.marker(activation), **look)
    axes.set_xlabel(style.label(PREDICTED))
    axes.set_ylabel(style.label(MEASURED))


def _legend(
    trials: pd.DataFrame, axis: str | None, beside: str | None, values: list[Any]
) -> tuple[list[Artist], list[Artist]]:
    activations = analysis.in_order(trials["activation"])
    colours = style.colours(activations)
    first: list[Artist] = [
        Line2D([], [], color=colours[a], marker=style.marker(a), linestyle="-" if axis else "none", label=a)
        for a in activations
    ]
    second: list[Artist] = []
    if axis:
        dot: dict[str, Any] = {"color": style.shade(0.3), "marker": "o", "markersize": 2.5, "linestyle": "none"}
        second += [
            Line2D([], [], label="measured, a dot a seed", **dot),
            Line2D([], [], color=style.shade(0.3), label="predicted"),
        ]
    if axis == "recurrent_scale":
        second.append(Line2D([], [], color=style.shade(0.3), label="predicted edge of chaos", **_ring()))
    if beside and len(values) > 1:
        second.append(_open({beside: values[0]}))
    return first, second


def _open(value: dict[str, Any]) -> Line2D:
    look: dict[str, Any] = {
        "color": style.shade(0.3),
        "marker": "s",
        "markerfacecolor": style.shade(1.0),
        "linestyle": "none",
        "markersize": 3,
    }
    return Line2D([], [], label=f"open: {style.named(value)}", **look)


def _words(name: str | None) -> str:
    return (name or "").replace("_", " ")
