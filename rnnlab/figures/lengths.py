"""How the gradient grows with the number of steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import style

LOG10_E = 1 / np.log(10)


def length(trials: pd.DataFrame, title: str = "") -> Figure:
    """Return the growth rate (top) and the gradient's whole growth ‖dL_T/dh_0‖ / ‖dL_T/dh_T‖ (below) against T.

    A column an activation, a line a point of the next axis that matters (recurrent_scale where it is one; at most six
    points) with the band that holds nine seeds of ten. Between 1/10 and 10 the verdict is `stable`.
    """
    if trials["length"].nunique() < 2:
        raise UsageError("the figure `length` needs several lengths")
    hue = analysis.main_axis(trials.assign(length=trials["length"].max()))
    trials, fixed = analysis.densest(trials, analysis.apart(trials, "length", hue))
    activations = analysis.in_order(trials["activation"])
    values = analysis.spaced(analysis.in_order(trials[hue]), style.MAX_HUES) if hue else [None]
    with style.look():
        figure, panels = style.new_figure(2, len(activations), height=4.8, sharex=True, sharey="row")
        for activation, (top, below) in zip(activations, panels.T, strict=True):
            _column(top, below, trials[trials["activation"] == activation], hue, values)
            top.set_title(activation)
        panels[0, 0].set_ylabel(style.label("growth_rate"))
        panels[1, 0].set_ylabel("log10 ‖dL_T/dh_0‖/‖dL_T/dh_T‖")
        _name_verdicts(panels[1, 0])
        style.hue_legend(figure, hue, values)
        style.headed(figure, title, style.context(trials, fixed))
    return figure


def _name_verdicts(axes: Axes) -> None:
    within = axes.get_yaxis_transform()  # x from 0 to 1, y as the data
    low, high = axes.get_ylim()
    for name, y, va in (("explodes", high, "top"), ("stable", 0.5, "center"), ("vanishes", low, "bottom")):
        axes.text(0.02, y, name, transform=within, color="0.4", fontsize=7, va=va)


def _column(top: Axes, below: Axes, trials: pd.DataFrame, hue: str | None, values: list[Any]) -> None:
    colours = style.colours(values)
    table = analysis.verdicts(trials, "length")
    below.axhspan(-1, 1, color="0.9", linewidth=0)
    for value in values:
        curve = table[table[hue] == value] if hue and hue in table else table
        _line(top, curve, np.ones(len(curve)), colours[value])
        _line(below, curve, curve["length"].to_numpy() * LOG10_E, colours[value])
    if trials["growth_rate"].isna().all():
        style.note(top, f"{(trials['status'] == 'diverged').sum()} of {len(trials)} diverged, no growth rate")
    for axes in (top, below):
        axes.axhline(0, color="black", linewidth=0.7)
    below.set_yscale("symlog", linthresh=1)
    below.yaxis.set_major_formatter("{x:g}")
    style.scale_x(below, "length", trials["length"])


def _line(axes: Axes, curve: pd.DataFrame, factor: Any, colour: Any) -> None:
    axes.fill_between(
        curve["length"], curve["seed_low"] * factor, curve["seed_high"] * factor, color=colour, alpha=0.2, lw=0
    )
    axes.plot(curve["length"], curve["growth_rate"] * factor, "o-", color=colour)
