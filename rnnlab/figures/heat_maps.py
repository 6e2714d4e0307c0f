"""What each step k contributes to dL_t/dU: heat maps over pairs (t, k)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import layout, style

VALUE = "log10_term_norm_U"
MOST = 6  # panels
_ZERO = "0.2"
_WIDEST = 12  # decades to either side of the typical term of lag 0, where colours end


def trials_of_pairs(trials: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return up to six trials to see side by side, in the order of panels, and where the other axes stand.

    One seed, every activation, and as many values of the axis that matters as there is room for.
    """
    axis = analysis.main_axis(trials)
    some, fixed = analysis.densest(trials[trials["status"].notna()], analysis.other_axes(trials, axis))
    some = some[(some["seed"] == some["seed"].min()) | some["seed"].isna()]
    activations = analysis.in_order(some["activation"])
    order = some["activation"].map({each: i for i, each in enumerate(activations)})
    some = some.assign(_order=order)[order < MOST]
    if axis is None:
        return some.sort_values("_order").drop(columns="_order"), fixed
    most = max(1, MOST // len(activations))
    points = {a: analysis.spaced(analysis.in_order(own[axis]), most) for a, own in some.groupby("activation")}
    some = some[[row[axis] in points[row["activation"]] for _, row in some.iterrows()]]
    by = [axis, "_order"] if len(activations) == 3 else ["_order", axis]  # a row of panels: a value, or an activation
    return some.sort_values(by).drop(columns="_order"), fixed


def pairs(
    trials: pd.DataFrame, by_pair: pd.DataFrame, title: str = "", fixed: Mapping[str, Any] = MappingProxyType({}), *,
    column: str = VALUE,
) -> Figure:  # fmt: skip
    """Return a heat map a trial: t down, k to the right, the colour log10 of what step k contributes to dL_t/dU.

    trials: those of the panels; by_pair: `terms_by_pair` of them, with key. Colours are the same in all panels, their
    middle is the typical term of lag 0 (k = t), and they end 12 decades from it. What is exactly zero is dark grey.
    column: another one of terms_by_pair in place of the norm of dL_t/dU's terms.
    """
    by_pair = by_pair.rename(columns={column: VALUE}) if column != VALUE else by_pair
    known = by_pair[VALUE][np.isfinite(by_pair[VALUE])]
    if by_pair.empty or (known.empty and not (trials["status"] == "diverged").any()):
        raise UsageError("terms_by_pair has no terms for these trials: look at other ones")
    colours = _colours(by_pair)
    differ = [name for name in ("activation", analysis.main_axis(trials)) if name and trials[name].nunique() > 1]
    with style.look():
        columns = min(2 if style.theme().narrow else 3, len(trials))
        rows = -(-len(trials) // columns)
        made = layout.panels(rows, columns, height=0.7 + 2.1 * rows, least=1.2)
        figure, panels = made.figure, made.axes
        for axes, (_, trial) in zip(panels.flat, trials.iterrows(), strict=False):
            own = by_pair[by_pair["key"] == trial["key"]]
            _panel(axes, trial, own, colours)
            own_title = style.named({name: trial[name] for name in differ}).removeprefix("activation ")
            axes.set_title(own_title.replace(", ", ",\n") if style.theme().narrow else own_title)
        for axes in panels.flat[len(trials) :]:
            axes.set_visible(False)
        _label(panels)
        bar = figure.colorbar(colours, ax=panels, extend=_extend(known, colours.norm), **layout.bar_place())
        bar.ax.tick_params(labelsize=style.points(8))
        told = "log10 ‖term of dL_t/dU through step k‖" if column == VALUE else style.label(column)
        bar.set_label(f"{told}\n(line: typical for k = t)")
        middle = sum(colours.get_clim()) / 2
        (bar.ax.axvline if style.theme().narrow else bar.ax.axhline)(middle, color="black", linewidth=0.7)
        if (by_pair[VALUE] == -np.inf).any():
            layout.legend_below(figure, [Patch(facecolor=_ZERO, edgecolor=style.shade(0.4), label="exactly zero")])
        layout.headed(figure, title, style.context(trials, fixed))
    return figure


def _colours(by_pair: pd.DataFrame) -> ScalarMappable:
    """Return the colours of all panels: blue below the typical term of lag 0, red above."""
    values = by_pair[VALUE].where(np.isfinite(by_pair[VALUE]))
    middle = values[by_pair["k"] == by_pair["t"]].median()
    middle = float(values.median() if np.isnan(middle) else middle)
    middle = 0.0 if np.isnan(middle) else middle
    half = float((values - middle).abs().max())
    half = min(_WIDEST, half) if half > 0 else 1.0
    map_ = ListedColormap(colormaps["coolwarm"](np.linspace(0, 1, 256)))
    return ScalarMappable(Normalize(middle - half, middle + half), map_)


def _extend(known: pd.Series, norm: Any) -> str:
    low, high = bool((known < norm.vmin).any()), bool((known > norm.vmax).any())
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get((low, high), "neither")


def _panel(axes: Axes, trial: pd.Series, own: pd.DataFrame, colours: ScalarMappable) -> None:
    steps, T = np.unique(own["t"]), int(trial["length"])
    values = np.full((len(steps), T), np.nan)
    values[np.searchsorted(steps, own["t"]), own["k"].to_numpy(dtype=np.intp) - 1] = own[VALUE]
    if np.isnan(values).all():
        axes.set_xlim(0.5, T + 0.5)
        axes.set_ylim(T + 0.5, 0.5)
        at = trial.get("diverged_at")
        style.note(axes, "diverged" if at is None or pd.isna(at) else f"diverged at step {int(at)}")
        return
    half = (steps[1] - steps[0]) / 2 if len(steps) > 1 else 0.5
    place: dict[str, Any] = {"extent": (0.5, T + 0.5, steps[-1] + half, steps[0] - half), "aspect": "auto"}
    look: dict[str, Any] = {"cmap": colours.get_cmap(), "norm": colours.norm, "interpolation": "nearest"}
    axes.imshow(np.ma.masked_invalid(values), **look, **place)
    if (zero := values == -np.inf).any():
        axes.imshow(np.ma.masked_where(~zero, zero.astype(float)), cmap=ListedColormap([_ZERO]), **place)


def _label(panels: Any) -> None:
    for axes in panels.flat:
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.yaxis.get_major_locator().set_params(integer=True)
    for axes in panels[:, 0]:
        axes.set_ylabel("step t of the loss")
    for axes in panels[-1]:
        axes.set_xlabel("step k of U")
