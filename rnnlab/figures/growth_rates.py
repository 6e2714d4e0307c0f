"""The growth rate against an axis, and against what decides it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rnnlab import analysis, theory
from rnnlab.errors import UsageError
from rnnlab.figures import style

GREY = "0.45"
_FEW = 12  # points of a curve that has markers: a point between gaps would not be seen without
_RING: dict[str, Any] = {"marker": "o", "markerfacecolor": "white", "linestyle": "none", "markersize": 4}


def growth(trials: pd.DataFrame, title: str = "") -> Figure:
    """Return two panels: the growth rate against the main axis, and against the measured ½ ln(g²⟨phi'²⟩).

    A line an activation (dashed for further values of a small axis such as input_scale) with the band that holds nine
    seeds of ten, its turning point on the zero line, and the norm bound ln(γ‖U‖₂). The axes that remain stand at their
    point with the most trials, which the title names.
    """
    axis = "recurrent_scale" if "recurrent_scale" in analysis.axes(trials) else analysis.main_axis(trials)
    if axis is None:
        raise UsageError("the figure `growth` needs a numeric axis with several values, such as recurrent_scale")
    dash = analysis.companion(trials, axis, most=len(style.LINES))
    trials, fixed = analysis.densest(trials, analysis.apart(trials, axis, dash))
    with style.look():
        figure, panels = style.new_figure(1, 2, height=3.6)
        left, right = panels[0]
        _against_axis(left, trials, axis, dash)
        _against_product(right, trials, axis, dash)
        left.set_title(f"(a) against the {axis.replace('_', ' ')}")
        right.set_title("(b) against the product of phi' and U")
        style.legend_below(figure, *_legend(trials, axis, dash))
        style.headed(figure, title, style.context(trials, fixed))
    return figure


def _against_axis(axes: Axes, trials: pd.DataFrame, axis: str, dash: str | None) -> None:
    axes.axhline(0, color="black", linewidth=0.7)
    for slope, at in _bounds(trials, axis).items():
        axes.plot(at.index, at, color=GREY, linewidth=0.9, linestyle=":")
        _name_bound(axes, at, f"γ = {style.number(slope)}")
    for look, curve in _curves(analysis.verdicts(trials, axis), dash):
        axes.fill_between(curve[axis], curve["seed_low"], curve["seed_high"], color=look["color"], alpha=0.2, lw=0)
        shape = style.marker(curve["activation"].iloc[0]) if 0 < len(curve) <= _FEW else None
        axes.plot(curve[axis], curve["growth_rate"], marker=shape, **look)
    for look, turn in _curves(analysis.turning_points(trials, axis), dash) if analysis.can_turn(axis) else ():
        axes.plot(turn["turning_point"], [0.0], color=look["color"], **_RING)
    if trials["growth_rate"].isna().all():
        style.note(axes, f"{(trials['status'] == 'diverged').sum()} of {len(trials)} diverged, no growth rate")
    style.scale_x(axes, axis, trials[axis])
    axes.set_ylabel(style.label("growth_rate"))


def _name_bound(axes: Axes, bound: pd.Series, name: str) -> None:
    """Write a name under the beginning of the line, along it."""
    known = bound[(bound.index > 0) & np.isfinite(bound)]
    if len(known) < 2:
        return
    x, y = known.index[0], known.iloc[0]
    slope = (known.iloc[1] - y) / np.log(known.index[1] / x) / x  # the bound is linear in ln x
    along = {"rotation": np.degrees(np.arctan(slope)), "rotation_mode": "anchor", "transform_rotates_text": True}
    axes.text(x, y, name, color=GREY, fontsize=7, va="top", **along)


def _bounds(trials: pd.DataFrame, axis: str) -> dict[float, pd.Series]:
    """Return for each γ the largest norm bound of any seed at each point of the axis."""
    slopes = trials["activation"].map(theory.steepest_slope)
    return {slope: _norm_bound(group, axis) for slope, group in trials.groupby(slopes)}


def _norm_bound(trials: pd.DataFrame, axis: str) -> pd.Series:
    norms = trials.groupby(axis)["spectral_norm"].max()
    bound = theory.norm_bound(trials["activation"].iloc[0], norms)
    return pd.Series(bound, index=norms.index).where(norms > 0)


def _against_product(axes: Axes, trials: pd.DataFrame, axis: str, dash: str | None) -> None:
    names = ["activation", *([dash] if dash else []), axis]
    chi = trials["chi_measured"].where(trials["chi_measured"] > 0)
    means = trials.assign(product=0.5 * np.log(chi)).groupby(names)[["product", "growth_rate"]].mean().reset_index()
    shown = means[["product", "growth_rate"]].dropna().to_numpy()
    if shown.size:
        axes.plot([shown.min(), shown.max()], [shown.min(), shown.max()], color="black", linewidth=0.7)
    axes.axhline(0, color="0.8", linewidth=0.7, zorder=0)
    axes.axvline(0, color="0.8", linewidth=0.7, zorder=0)
    for look, curve in _curves(means, dash):
        face = look["color"] if look["linestyle"] == "-" else "white"
        shape = style.marker(curve["activation"].iloc[0])
        axes.plot(curve["product"], curve["growth_rate"], shape, color=look["color"], markerfacecolor=face)
    axes.set_xlabel("½ ln(g²⟨phi'²⟩), measured (nats/step)")
    axes.set_ylabel(style.label("growth_rate"))


def _curves(table: pd.DataFrame, dash: str | None) -> list[tuple[dict[str, Any], pd.DataFrame]]:
    activations = analysis.in_order(table["activation"])
    colours = style.colours(activations)
    lines = _lines(table, dash)
    curves = [
        ({"color": colours[activation], "linestyle": line}, table[(table["activation"] == activation) & rows])
        for activation in activations
        for line, rows in ((line, table[dash] == value if dash else True) for value, line in lines.items())
    ]
    return [(look, curve) for look, curve in curves if not curve.empty]  # a union has not every combination


def _lines(table: pd.DataFrame, dash: str | None) -> dict[Any, Any]:
    """Return the kind of line of each value of the axis `dash`: the largest value has the solid one."""
    values = analysis.in_order(table[dash])[::-1] if dash else [None]
    return dict(zip(values, style.LINES, strict=False))


def _legend(trials: pd.DataFrame, axis: str, dash: str | None) -> tuple[list[Artist], list[Artist], list[Artist]]:
    activations = analysis.in_order(trials["activation"])
    colours = style.colours(activations)
    above: list[Artist] = [Line2D([], [], color=colours[a], marker=style.marker(a), label=a) for a in activations]
    above.append(Line2D([], [], color=GREY, linestyle=":", linewidth=0.9, label="norm bound ln(γ‖U‖₂)"))
    kinds: list[Artist] = []
    if dash:
        lines = _lines(trials, dash).items()
        kinds += [Line2D([], [], color="0.3", linestyle=line, label=style.named({dash: v})) for v, line in lines]
    below: list[Artist] = []
    if trials["seed"].nunique() > 1:
        below.append(Patch(color="0.8", linewidth=0, label="nine seeds of ten"))
    if analysis.can_turn(axis):
        below.append(Line2D([], [], color="0.3", label="turning point", **_RING))
    return above, kinds, below
