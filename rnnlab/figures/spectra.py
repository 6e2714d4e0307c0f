"""Spectra: Lyapunov exponents, and singular values of a product of Jacobians, against their index, beside theory."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab import analysis, theory
from rnnlab.errors import UsageError
from rnnlab.figures import choices, layout, mean_field, style

EXPONENT, SINGULAR = "lyapunov_exponent", "log10_singular_value"
_LABELS = {EXPONENT: "λ_i (nats/step)", SINGULAR: "log10 of singular value i"}
_LOG10_E = 1 / np.log(10)
_LAW: dict[str, Any] = {"linestyle": (0, (4, 1.5)), "linewidth": 1.0, "zorder": 3}
_STAR: dict[str, Any] = {"marker": "*", "markersize": 8, "linestyle": "none", "zorder": 4, "clip_on": False}


def spectrum(
    spectra: Mapping[str, pd.DataFrame], title: str = "", fixed: Mapping[str, Any] = MappingProxyType({}), *,
    hue: str | None = None,
) -> Figure:  # fmt: skip
    """Return mean spectra over seeds against i/N, with 95 % intervals: tables by index with the parameters joined.

    spectra: by the column that is drawn, lyapunov_exponent or log10_singular_value (with t and k), a row of panels
    each. A column an activation; the colour tells `hue`, by default the axis in which the trials differ. Dashed, of
    linear networks: the law of wide Gaussian matrices (circular; Marchenko and Pastur, for powers Fuss and Catalan) or
    the one value of orthogonal ones. A star at i/N = 0: the largest exponent that mean field has. What is -inf is not
    drawn, and counted. Raises UsageError where there is nothing to draw.
    """
    spectra = {name: table for name, table in spectra.items() if np.isfinite(table[name]).any()}
    if not spectra:
        raise UsageError("there is no spectrum of these trials: they diverged, or all of it is -inf")
    trials = pd.concat(spectra.values()).drop_duplicates("key")
    hue = choices.hue(trials, hue, _hue(trials))
    activations = analysis.in_order(trials["activation"])
    values = analysis.spaced(analysis.in_order(trials[hue]), style.MAX_HUES) if hue else [None]
    with style.look():
        made = layout.panels(
            len(spectra), len(activations), height=1.0 + 2.2 * len(spectra), share_x=True, share_y=True
        )
        for i, (row, (name, table)) in enumerate(zip(made.axes, spectra.items(), strict=True)):
            for activation, axes in zip(activations, row, strict=True):
                _panel(axes, table[table["activation"] == activation], name, hue, values)
            made.label_y(i, _LABELS[name])
        for activation, top in zip(activations, made.heads, strict=True):
            top.set_title(activation)
        made.label_x("i/N")
        _legend(made, hue, values)
        layout.headed(made.figure, title, style.context(trials, fixed))
    return made.figure


def chosen(trials: pd.DataFrame, hue: str | None = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the trials whose spectra stand side by side, and where the axes stand that the figure does not show.

    Each activation stands at its own point with the most trials, so that none is lost that the grid has elsewhere.
    """
    told = choices.hue(trials, hue, _hue(trials))
    parts = [choices.the_rest(own, told, "activation") for _, own in trials.groupby("activation", sort=False)]
    points = [fixed for _, fixed in parts]
    common = {name: value for name, value in points[0].items() if all(each.get(name) == value for each in points)}
    return pd.concat([part for part, _ in parts]), common


def _hue(trials: pd.DataFrame) -> str | None:
    """Return the axis that matters; where no number varies, the first axis of words but the activation."""
    main: str | None = analysis.main_axis(trials)
    return main or next((name for name in analysis.axes(trials) if name != choices.ACTIVATION), None)


def _panel(axes: Axes, table: pd.DataFrame, name: str, hue: str | None, values: list[Any]) -> None:
    colours = style.colours(values) if hue else {None: style.shade(0.2)}
    if name == EXPONENT:
        axes.axhline(0, color=style.shade(0.0), linewidth=0.7)
    for value in values:
        own = table[table[hue] == value] if hue else table
        if own.empty:
            continue
        curve = analysis.summary(own, by=["width", "i"], columns=[name])
        for width, line in curve.groupby("width"):
            where = line["i"] / line["width"]
            axes.fill_between(where, line[f"{name}_low"], line[f"{name}_high"], color=colours[value], alpha=0.2, lw=0)
            shape = style.marker(value, values) if len(line) <= 32 else None
            axes.plot(where, line[name], marker=shape, color=colours[value], gid="mean")
            _theory(axes, own[own["width"] == width], name, colours[value])
    if dead := int((table[name] == -np.inf).sum()):
        style.note(axes, f"{100 * dead / len(table):.0f} % are -inf", x=axes.get_xlim()[1] / 2)


def _theory(axes: Axes, own: pd.DataFrame, name: str, colour: Any) -> None:
    """Draw what theory says of the trials of one curve, where they are alike in what it asks for."""
    trials = own.drop_duplicates("key")
    law = _law(trials, name)
    if law is not None:
        axes.plot((np.arange(len(law)) + 0.5) / len(law), law, color=colour, gid="law", **_LAW)
    elif name == EXPONENT:
        largest = mean_field.exponents(trials)
        if largest.notna().all() and np.isfinite(largest).all() and largest.nunique() == 1:
            axes.plot([0.0], [largest.iloc[0]], color=colour, gid="mean field", **_STAR)


def _law(trials: pd.DataFrame, name: str) -> Any:
    """Return the spectrum (N,) of a linear network whose U is wide and Gaussian, or orthogonal; None of another."""
    asked = ["activation", "recurrent_init", "recurrent_scale", "width", "leak"]
    asked += ["t", "k"] if name == SINGULAR else []
    if not set(asked) <= set(trials) or len(trials[asked].drop_duplicates()) > 1:
        return None
    first = trials.iloc[0]
    g, N, init = float(first["recurrent_scale"]), int(first["width"]), first["recurrent_init"]
    if first["activation"] != "identity" or first["leak"] != 1 or init not in ("gaussian", "orthogonal") or g == 0:
        return None
    steps = int(first["t"] - first["k"]) if name == SINGULAR else 1
    unit = _LOG10_E if name == SINGULAR else 1.0
    if init == "orthogonal":
        return np.full(N, unit * steps * np.log(g))
    if name == EXPONENT:
        return theory.gaussian_power_exponents(N, weight_variance=g * g)
    return unit * theory.gaussian_power_singular_values(N, weight_variance=g * g, steps=steps)


def _legend(made: layout.Panels, hue: str | None, values: list[Any]) -> None:
    drawn = {line.get_gid() for axes in made.axes.flat for line in axes.get_lines()}
    more: list[Artist] = []
    if "law" in drawn:
        more.append(Line2D([], [], color=style.shade(0.3), label="theory, N → ∞", **_LAW))
    if "mean field" in drawn:
        more.append(Line2D([], [], color=style.shade(0.3), label="mean field's largest", **_STAR))
    layout.hue_legend(made.figure, hue, values, *more)
