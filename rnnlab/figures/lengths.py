"""How the gradient grows with the number of steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import choices, layout, style

LOG10_E = 1 / np.log(10)


def length(trials: pd.DataFrame, title: str = "", *, hue: str | None = None) -> Figure:
    """Return the growth rate (top) and the gradient's whole growth ‖dL_T/dh_0‖ / ‖dL_T/dh_T‖ (below) against T.

    A column an activation, a line a value of `hue` (default: the next axis that matters, recurrent_scale where it is
    one; at most eight values) with the band that holds nine seeds of ten. Between 1/10 and 10 the verdict is `stable`.
    Raises UsageError for trials of one length.
    """
    if trials["length"].nunique() < 2:
        raise UsageError("the figure `length` needs several lengths")
    next_one = analysis.main_axis(trials.assign(length=trials["length"].max()))
    hue = choices.hue(trials, hue, next_one, taken=["length"])
    trials, fixed = choices.the_rest(trials, "length", hue, "activation")
    activations = analysis.in_order(trials["activation"])
    values = analysis.spaced(analysis.in_order(trials[hue]), style.MAX_HUES) if hue else [None]
    with style.look():
        made = layout.panels(2, len(activations), height=4.8, share_x=True, share_y=True)
        for activation, (top, below) in zip(activations, made.axes.T, strict=True):
            _column(top, below, trials[trials["activation"] == activation], hue, values)
            top.set_title(activation)
        made.label_y(0, style.label("growth_rate"))
        made.label_y(1, "log10 ‖dL_T/dh_0‖/‖dL_T/dh_T‖")
        made.label_x(style.label("length"))
        _name_verdicts(made.axes[1, 0])
        layout.hue_legend(made.figure, hue, values, markers=True)
        layout.headed(made.figure, title, style.context(trials, fixed))
    return made.figure


def _name_verdicts(axes: Axes) -> None:
    within = axes.get_yaxis_transform()  # x from 0 to 1, y as the data
    low, high = axes.get_ylim()
    for name, y, va in (("explodes", high, "top"), ("stable", 0.5, "center"), ("vanishes", low, "bottom")):
        axes.text(0.02, y, name, transform=within, color=style.shade(0.4), fontsize=style.points(7), va=va)


def _column(top: Axes, below: Axes, trials: pd.DataFrame, hue: str | None, values: list[Any]) -> None:
    colours = style.colours(values) if hue else {None: style.shade(0.2)}
    table = analysis.verdicts(trials, "length")
    below.axhspan(-1, 1, color=style.shade(0.9), linewidth=0)
    for value in values:
        curve = table[table[hue] == value] if hue and hue in table else table
        _line(top, curve, np.ones(len(curve)), colours[value], style.marker(value, values))
        _line(below, curve, curve["length"].to_numpy() * LOG10_E, colours[value], style.marker(value, values))
    if trials["growth_rate"].isna().all():
        style.note(top, f"{(trials['status'] == 'diverged').sum()} of {len(trials)} diverged, no growth rate")
    for axes in (top, below):
        axes.axhline(0, color=style.shade(0.0), linewidth=0.7)
    below.set_yscale("symlog", linthresh=1)
    below.yaxis.set_major_formatter("{x:g}")
    style.scale_x(below, "length", trials["length"])
    below.set_xlabel("")


def _line(axes: Axes, curve: pd.DataFrame, factor: Any, colour: Any, shape: str) -> None:
    axes.fill_between(
        curve["length"], curve["seed_low"] * factor, curve["seed_high"] * factor, color=colour, alpha=0.2, lw=0
    )
    axes.plot(curve["length"], curve["growth_rate"] * factor, marker=shape, color=colour)
