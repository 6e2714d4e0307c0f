"""Histograms: how a statistic is distributed over trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import choices, layout, style

_MOST_BINS = 40
_MOST_HUES = 4  # outlines that are told apart where they overlap


def histogram(
    rows: pd.DataFrame, column: str, title: str = "", *, hue: str | None = None, of: str = "trials"
) -> Figure:
    """Return how often `column` lies in each of a few bins: a panel an activation, an outline a value of `hue`.

    rows: one a trial, or those of a long table, with the parameters joined. hue: default the main axis, of which four
    values are shown; the axes that remain stand at their point with the most trials. Bins are the same in all panels,
    by Freedman and Diaconis' rule for the groups or Sturges' for all, at most 40; of whole numbers as wide as one or
    several of them. What is null or infinite has no bin and is counted. Raises UsageError where there is no number.
    """
    activations = analysis.in_order(rows["activation"])
    told = choices.hue(rows, hue, analysis.main_axis(rows))
    rows, fixed = choices.the_rest(rows, told, "activation")
    rows, values = choices.some_of(rows, told, _MOST_HUES if told != "activation" else len(activations))
    numbers = _numbers(rows, column)
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        raise UsageError(f"{column} of these trials has no number: they diverged, or all are null or infinite")
    groups = analysis.in_order(rows["activation"])
    alike = rows.groupby([name for name in dict.fromkeys(["activation", told]) if name])[column]
    edges = bins(known, [_finite(own) for _, own in alike], whole=pd.api.types.is_integer_dtype(rows[column]))
    with style.look():
        made = layout.panels(1, len(groups), height=3.0, share_x=True, share_y=True)
        for activation, axes in zip(groups, made.axes[0], strict=True):
            own = rows[rows["activation"] == activation]
            _panel(axes, own, column, told, values, edges)
            axes.set_title(activation)
        made.label_x(style.label(column))
        made.label_y(0, f"number of {of}")
        if told != "activation":
            layout.hue_legend(made.figure, told, values, lines=True)
        layout.headed(made.figure, title, style.context(rows, fixed))
    return made.figure


def bins(known: Any, groups: Sequence[Any] = (), *, whole: bool = False) -> Any:
    """Return the borders of bins for these numbers, in ascending order, as fine as their groups call for."""
    low, high = float(known.min()), float(known.max())
    if whole:
        step = max(1, -(-int(high - low + 1) // _MOST_BINS))
        return np.arange(low, high + step + 1, step) - 0.5
    if low == high:
        half = abs(low) * 0.05 or 0.5
        return np.array([low - half, high + half])
    wanted = int(np.ceil(np.log2(known.size) + 1))
    widths = [width for each in groups or [known] if len(each) > 1 and (width := _freedman_diaconis(each)) > 0]
    if widths:
        wanted = max(wanted, int(np.ceil(min((high - low) / np.median(widths), _MOST_BINS))))
    return np.linspace(low, high, min(wanted, _MOST_BINS) + 1)


def _freedman_diaconis(known: Any) -> float:
    low, high = np.percentile(known, [25, 75])
    return float(2 * (high - low) / np.cbrt(known.size))


def _numbers(rows: pd.DataFrame, column: str) -> Any:
    return rows[column].to_numpy(np.float64, na_value=np.nan)


def _finite(column: pd.Series) -> Any:
    numbers = column.to_numpy(np.float64, na_value=np.nan)
    return numbers[np.isfinite(numbers)]


def _panel(axes: Axes, own: pd.DataFrame, column: str, told: str | None, values: list[Any], edges: Any) -> None:
    colours = style.colours(values) if told else {None: style.shade(0.2)}
    for i, value in enumerate(values):
        numbers = _numbers(own if told is None else own[own[told] == value], column)
        known = numbers[np.isfinite(numbers)]
        if known.size:
            counts, _ = np.histogram(known, edges)
            line = style.LINES[i % len(style.LINES)]
            look: dict[str, Any] = {"color": colours[value], "linestyle": line, "linewidth": 1.2}
            axes.stairs(counts, edges, fill=True, color=colours[value], alpha=0.2)
            axes.stairs(counts, edges, **look)
    everything = _numbers(own, column)
    if lost := int(np.sum(~np.isfinite(everything))):
        style.note(axes, f"{lost} of {len(everything)} not finite", x=float(np.mean(edges[[0, -1]])))
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
