"""How many networks solve the task, against the axis that matters."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from rnnlab import analysis
from rnnlab.figures import choices, layout, style
from rnnlab.figures.conditions import CONDITION, Conditions, conditions

_APART = 3.5  # points between the marks of two conditions at one place of an axis
_WIDE = 300.0  # points that they take at most where there is no axis
_MARGIN = 0.08  # of the range of the axis


def success(trials: pd.DataFrame, title: str = "", *, x: str | None = None, hue: str | None = None) -> Figure:
    """Return success rates with Wilson's 95 % intervals against the axis x: a column an activation.

    trials: of the measure training. x: default the main axis; without a numeric axis, a mark an activation. Conditions
    stand side by side: the points of all other axes, or the values of `hue` alone.
    """
    axis = choices.axis(trials, "x", x, numeric=True) if x else _axis(trials)
    found = conditions(trials, axis, hue=hue)
    groups = found.activations if axis else [None]
    with style.look():
        made = layout.panels(1, len(groups), height=3.0, share_y=True)
        for activation, axes in zip(groups, made.axes[0], strict=True):
            own = found.trials if activation is None else found.trials[found.trials["activation"] == activation]
            _panel(axes, own, axis, found)
            axes.set_title(activation or "")
        made.label_y(0, "share of networks that succeed")
        made.axes[0, 0].set_ylim(-0.04, 1.04)
        found.legend_below(made.figure, _interval(), markers=True)
        layout.headed(made.figure, title, style.context(found.trials, found.fixed))
    return made.figure


def _axis(trials: pd.DataFrame) -> str | None:
    """Return the axis that matters, but none where it is one remedy among others, which are then compared."""
    axis = analysis.main_axis(trials)
    remedies = [name for name in analysis.other_axes(trials, axis) if analysis.can_be_off(name)]
    return None if axis and analysis.can_be_off(axis) and remedies else axis


def _panel(axes: Axes, trials: pd.DataFrame, axis: str | None, found: Conditions) -> None:
    name = axis or "activation"
    table = analysis.success_rates(trials[trials["success"].notna()], by=[CONDITION, name])
    if axis:
        style.scale_x(axes, axis, trials[axis])
        axes.set_xlim(*_limits(axes, table[axis]))
    else:
        table[name] = table[name].map(found.activations.index)
        axes.set_xticks(range(len(found.activations)), found.activations)
        axes.set_xlim(-0.5, len(found.activations) - 0.5)
    there = [condition for condition in found.colours if (table[CONDITION] == condition).any()]
    middle = (len(there) - 1) / 2
    gap = _APART if axis else min(4 * _APART, _WIDE / len(found.activations) / len(there))
    for i, condition in enumerate(there):
        own = table[table[CONDITION] == condition]
        _marks(
            axes,
            own[name],
            own,
            (found.colours[condition], found.marker(condition)),
            (i - middle) * gap,
            joined=bool(axis),
        )


def _limits(axes: Axes, values: pd.Series) -> tuple[float, float]:
    """Return the ends of the x axis: a margin beside the values, which marks that are moved aside do not ask for."""
    if axes.get_xscale() == "log":
        edge = (values.max() / values.min()) ** _MARGIN
        return values.min() / edge, values.max() * edge
    margin = _MARGIN * ((values.max() - values.min()) or 1)
    return values.min() - margin, values.max() + margin


def _marks(axes: Axes, x: pd.Series, rates: pd.DataFrame, look: tuple[Any, str], aside: float, *, joined: bool) -> None:
    moved = axes.transData + ScaledTranslation(aside / 72, 0, axes.figure.dpi_scale_trans)
    ends = [rates["rate"] - rates["low"], rates["high"] - rates["rate"]]
    line = "-" if joined else "none"
    marks = axes.errorbar(
        x,
        rates["rate"],
        yerr=ends,
        fmt=look[1],
        linestyle=line,
        color=look[0],
        elinewidth=0.8,
        transform=moved,
        clip_on=False,
    )
    for artist in marks.get_children():
        artist.set_in_layout(False)  # moved aside it seems to stand outside, and the panels would make room for it


def _interval() -> Artist:
    return Line2D(
        [], [], color=style.shade(0.3), marker="|", linestyle="none", markersize=8, label="95 % interval (Wilson)"
    )
