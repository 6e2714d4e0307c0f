"""The growth rate against an axis, and against what decides it."""

from __future__ import annotations

from dataclasses import dataclass
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
from rnnlab.figures import choices, layout, mean_field, style

GREY = 0.45  # shade of the norm bound
_MARKS = 8  # on a curve, at least where it has so many points
_THIN: dict[str, Any] = {"linewidth": 0.7, "alpha": 0.9, "zorder": 1.5}


def _ring() -> dict[str, Any]:
    return {"marker": "o", "markerfacecolor": style.shade(1.0), "linestyle": "none", "markersize": 4}


@dataclass(frozen=True)
class _Told:
    """What tells curves apart: the axis by colour and its values, that by kind of line and its values."""

    hue: str
    hues: list[Any]
    dash: str | None
    dashes: list[Any]  # the first has the solid line

    @classmethod
    def of(cls, trials: pd.DataFrame, hue: str, dash: str | None) -> _Told:
        dashes = analysis.in_order(trials[dash])[::-1][: len(style.LINES)] if dash else [None]
        return cls(hue, analysis.spaced(analysis.in_order(trials[hue]), style.MAX_CONDITIONS), dash, dashes)

    def curves(self, table: pd.DataFrame) -> list[tuple[dict[str, Any], Any, pd.DataFrame]]:
        """Return colour and line, marker, and the rows of each curve; those without rows are left out."""
        colours = style.colours(self.hues)
        lines = dict(zip(self.dashes, style.LINES, strict=False))
        found = [
            (
                {"color": colours[value], "linestyle": line},
                style.marker(value, self.hues),
                table[(table[self.hue] == value) & (table[self.dash] == at if self.dash else True)],
            )
            for value in self.hues
            for at, line in lines.items()
        ]
        return [each for each in found if len(each[2])]

    def legend(self) -> tuple[list[Artist], list[Artist]]:
        """Return a handle for each colour, and one for each kind of line where there are several."""
        first: list[Artist] = []
        for value, colour in style.colours(self.hues).items():
            mark = style.marker(value, self.hues)
            first.append(Line2D([], [], label=choices.word(self.hue, value), color=colour, marker=mark))
        grey = style.shade(0.3)
        words = [choices.word(self.dash, value) for value in self.dashes] if self.dash else []
        second: list[Artist] = [
            Line2D([], [], color=grey, linestyle=at, label=word) for word, at in zip(words, style.LINES, strict=False)
        ]
        if words[1:]:
            look: dict[str, Any] = {"marker": "s", "markerfacecolor": style.shade(1.0), "linestyle": "none"}
            word = words[1] if len(words) == 2 else f"all but {words[0]}"
            second.append(Line2D([], [], color=grey, label=f"open in (b): {word}", **look))
        return first, second


def growth(trials: pd.DataFrame, title: str = "", *, x: str | None = None, hue: str | None = None) -> Figure:
    """Return two panels: the growth rate against the axis x, and against the measured ½ ln(g²⟨phi'²⟩).

    A line a value of `hue` (default: activation; kinds of line for further values of a small axis such as input_scale,
    or for the activations where they have no colour), with the band that holds nine seeds of ten and the 95 % interval
    of the mean, its turning point on the zero line, what mean field predicts where it covers the trials (a thin line),
    and the norm bound ln(γ‖U‖₂). x: default recurrent_scale, else the main axis. The axes that remain stand at
    their point with the most trials, which the title names. Raises UsageError without a numeric axis.
    """
    axis = _axis(trials, x)
    told = _told(trials, axis, hue)
    shown, fixed = choices.the_rest(trials, axis, told.hue, told.dash)
    shown = shown[shown[told.hue].isin(told.hues)]
    with style.look():
        made = layout.panels(1, 2, height=3.6, least=2.4)
        left, right = made.axes[0]
        drawn = _against_axis(left, shown, axis, told)
        _against_product(right, shown, axis, told)
        left.set_title(f"(a) against the {axis.replace('_', ' ')}")
        right.set_title("(b) against the product of phi' and U")
        layout.legend_below(made.figure, *_legend(shown, axis, told, drawn))
        layout.headed(made.figure, title, style.context(shown, fixed))
    return made.figure


def _axis(trials: pd.DataFrame, x: str | None) -> str:
    if x is not None:
        return choices.axis(trials, "x", x, numeric=True)
    axis = "recurrent_scale" if "recurrent_scale" in analysis.axes(trials) else analysis.main_axis(trials)
    if axis is None:
        raise UsageError("the figure `growth` needs a numeric axis with several values, such as recurrent_scale")
    return axis


def _told(trials: pd.DataFrame, axis: str, hue: str | None) -> _Told:
    colour = choices.hue(trials, hue, choices.ACTIVATION, taken=[axis]) or choices.ACTIVATION
    few = len(style.LINES)
    if colour == choices.ACTIVATION:
        return _Told.of(trials, colour, analysis.companion(trials, axis, most=few))
    several = 1 < trials[choices.ACTIVATION].nunique() <= few
    return _Told.of(trials, colour, choices.ACTIVATION if several else None)


def _against_axis(axes: Axes, trials: pd.DataFrame, axis: str, told: _Told) -> bool:
    """Draw everything but the product; return whether there was theory to draw."""
    axes.axhline(0, color=style.shade(0.0), linewidth=0.7)
    for slope, at in _bounds(trials, axis).items():
        axes.plot(at.index, at, color=style.shade(GREY), linewidth=0.9, linestyle=":", gid="bound")
        _name_bound(axes, at, f"γ = {style.number(slope)}")
    by = [each for each in (told.hue, told.dash, axis) if each]
    predicted = mean_field.means(trials, mean_field.rates(trials), by)
    for look, _, curve in told.curves(predicted):
        axes.plot(curve[axis], curve["predicted"], gid="theory", **{**look, **_THIN})
    for look, shape, curve in told.curves(analysis.verdicts(trials, axis)):
        bare: dict[str, Any] = {"color": look["color"], "lw": 0}
        axes.fill_between(curve[axis], curve["seed_low"], curve["seed_high"], alpha=0.16, **bare)
        axes.fill_between(curve[axis], curve["growth_rate_low"], curve["growth_rate_high"], alpha=0.2, **bare)
        every = max(1, len(curve) // _MARKS)
        axes.plot(curve[axis], curve["growth_rate"], marker=shape, markevery=every, gid="mean", **look)
    for look, _, turn in told.curves(analysis.turning_points(trials, axis)) if analysis.can_turn(axis) else ():
        axes.plot(turn["turning_point"], [0.0] * len(turn), color=look["color"], gid="turn", **_ring())
    if trials["growth_rate"].isna().all():
        style.note(axes, f"{(trials['status'] == 'diverged').sum()} of {len(trials)} diverged, no growth rate")
    style.scale_x(axes, axis, trials[axis])
    axes.set_ylabel(style.label("growth_rate"))
    return not predicted.empty


def _name_bound(axes: Axes, bound: pd.Series, name: str) -> None:
    """Write a name under the beginning of the line, along it."""
    known = bound[(bound.index > 0) & np.isfinite(bound)]
    if len(known) < 2:
        return
    x, y = known.index[0], known.iloc[0]
    slope = (known.iloc[1] - y) / np.log(known.index[1] / x) / x  # the bound is linear in ln x
    along = {"rotation": np.degrees(np.arctan(slope)), "rotation_mode": "anchor", "transform_rotates_text": True}
    axes.text(x, y, name, color=style.shade(GREY), fontsize=style.points(7), va="top", **along)


def _bounds(trials: pd.DataFrame, axis: str) -> dict[float, pd.Series]:
    """Return for each γ that is known here the largest norm bound of any seed at each point of the axis."""
    slopes = trials["activation"].map({name: _steepest_slope(name) for name in trials["activation"].unique()})
    return {slope: _norm_bound(group, axis) for slope, group in trials.groupby(slopes)}


def _steepest_slope(activation: str) -> float:
    """Return γ, nan where the activation is that of a package which is not installed here."""
    try:
        return theory.steepest_slope(activation)
    except UsageError:
        return float("nan")


def _norm_bound(trials: pd.DataFrame, axis: str) -> pd.Series:
    norms = trials.groupby(axis)["spectral_norm"].max()
    bound = theory.norm_bound(trials["activation"].iloc[0], norms)
    return pd.Series(bound, index=norms.index).where(norms > 0)


def _against_product(axes: Axes, trials: pd.DataFrame, axis: str, told: _Told) -> None:
    names = [each for each in (told.hue, told.dash, axis) if each]
    chi = trials["chi_measured"].where(trials["chi_measured"] > 0)
    means = trials.assign(product=0.5 * np.log(chi)).groupby(names)[["product", "growth_rate"]].mean().reset_index()
    shown = means[["product", "growth_rate"]].dropna().to_numpy()
    if shown.size:
        axes.plot([shown.min(), shown.max()], [shown.min(), shown.max()], color=style.shade(0.0), linewidth=0.7)
    axes.axhline(0, color=style.shade(0.8), linewidth=0.7, zorder=0)
    axes.axvline(0, color=style.shade(0.8), linewidth=0.7, zorder=0)
    for look, shape, curve in told.curves(means):
        face = look["color"] if look["linestyle"] == "-" else style.shade(1.0)
        axes.plot(curve["product"], curve["growth_rate"], shape, color=look["color"], markerfacecolor=face)
    axes.set_xlabel("½ ln(g²⟨phi'²⟩), measured (nats/step)")
    axes.set_ylabel(style.label("growth_rate"))


def _legend(trials: pd.DataFrame, axis: str, told: _Told, predicted: bool) -> list[list[Artist]]:
    first, second = told.legend()
    bound: dict[str, Any] = {"color": style.shade(GREY), "linestyle": ":", "linewidth": 0.9}
    first.append(Line2D([], [], label="norm bound ln(γ‖U‖₂)", **bound))
    third: list[Artist] = []
    if predicted:
        third.append(Line2D([], [], color=style.shade(0.3), label="mean field", linewidth=0.7))
    if trials["seed"].nunique() > 1:
        third.append(Patch(color=style.shade(0.85), linewidth=0, label="nine seeds of ten"))
        third.append(Patch(color=style.shade(0.68), linewidth=0, label="95 % interval of the mean"))
    if analysis.can_turn(axis):
        third.append(Line2D([], [], color=style.shade(0.3), label="turning point", **_ring()))
    return [first, second, third]
