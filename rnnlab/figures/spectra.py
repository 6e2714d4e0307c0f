"""Spectra: Lyapunov exponents, and singular values of a product of Jacobians, against their index."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import style

EXPONENT, SINGULAR = "lyapunov_exponent", "log10_singular_value"
_LABELS = {EXPONENT: "λ_i (nats/step)", SINGULAR: "log10 of singular value i"}


def spectrum(
    spectra: Mapping[str, pd.DataFrame], title: str = "", fixed: Mapping[str, Any] = MappingProxyType({})
) -> Figure:
    """Return mean spectra over seeds against i/N, with 95 % intervals: tables by index with the parameters joined.

    spectra: by the column that is drawn, lyapunov_exponent or log10_singular_value, a row of panels each. A column an
    activation; the colour tells the axis in which the trials differ. What is -inf is not drawn, and counted.
    """
    spectra = {name: table for name, table in spectra.items() if np.isfinite(table[name]).any()}
    if not spectra:
        raise UsageError("there is no spectrum of these trials: they diverged, or all of it is -inf")
    trials = pd.concat(spectra.values()).drop_duplicates("key")
    hue = analysis.main_axis(trials)
    activations = analysis.in_order(trials["activation"])
    values = analysis.spaced(analysis.in_order(trials[hue]), style.MAX_HUES) if hue else [None]
    with style.look():
        height = 1.0 + 2.2 * len(spectra)
        figure, panels = style.new_figure(len(spectra), len(activations), height=height, sharex=True, sharey="row")
        for row, (name, table) in zip(panels, spectra.items(), strict=True):
            for activation, axes in zip(activations, row, strict=True):
                _panel(axes, table[table["activation"] == activation], name, hue, values)
            row[0].set_ylabel(_LABELS[name])
        for activation, top, below in zip(activations, panels[0], panels[-1], strict=True):
            top.set_title(activation)
            below.set_xlabel("i/N")
        style.hue_legend(figure, hue, values)
        style.headed(figure, title, style.context(trials, fixed))
    return figure


def _panel(axes: Axes, table: pd.DataFrame, name: str, hue: str | None, values: list[Any]) -> None:
    colours = style.colours(values) if hue else {None: "0.2"}
    if name == EXPONENT:
        axes.axhline(0, color="black", linewidth=0.7)
    for value in values:
        own = table[table[hue] == value] if hue else table
        if own.empty:
            continue
        curve = analysis.summary(own, by=["width", "i"], columns=[name])
        for _, line in curve.groupby("width"):
            where = line["i"] / line["width"]
            axes.fill_between(where, line[f"{name}_low"], line[f"{name}_high"], color=colours[value], alpha=0.2, lw=0)
            axes.plot(where, line[name], "o-" if len(line) <= 32 else "-", color=colours[value])
    if dead := int((table[name] == -np.inf).sum()):
        style.note(axes, f"{100 * dead / len(table):.0f} % are -inf", x=axes.get_xlim()[1] / 2)
