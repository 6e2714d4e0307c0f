"""How far back the steps count: contributions to dL/dU by lag."""

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

NORM, SHARE = "log10_rms_contribution", "share"
_LINEAR = 3.0  # shares beyond: contributions that cancel


def lags(by_lag: pd.DataFrame, title: str = "", fixed: Mapping[str, Any] = MappingProxyType({})) -> Figure:
    """Return contributions to dL/dU against the lag, a line a trial: `lags_by_lag` with parameters and status joined.

    A column an activation: above, log10 of the rms norm of a contribution, which ends where contributions are exactly
    zero; below, the share of all contributions of a lag in dL/dU. The colour tells the axis in which trials differ.
    """
    if by_lag[NORM].notna().sum() == 0:
        raise UsageError("lags_by_lag has no contributions for these trials: they diverged, or have none")
    trials = by_lag.drop_duplicates("key")
    hue = analysis.main_axis(trials)
    activations = analysis.in_order(trials["activation"])
    values = analysis.in_order(trials[hue]) if hue else [None]
    colours = style.colours(values) if hue else {None: "0.2"}
    with style.look():
        figure, panels = style.new_figure(2, len(activations), height=4.4, sharex=True, sharey="row")
        for activation, (above, below) in zip(activations, panels.T, strict=True):
            own = by_lag[by_lag["activation"] == activation]
            for _, trial in own.groupby("key", sort=False):
                _curves(above, below, trial, colours[trial[hue].iloc[0] if hue else None])
            _finish(above, below, own, activation)
        panels[0, 0].set_ylabel(style.label(NORM))
        panels[1, 0].set_ylabel(style.label(SHARE))
        if by_lag[SHARE].abs().max() > _LINEAR:
            panels[1, 0].set_yscale("symlog", linthresh=1)
        style.hue_legend(figure, hue, values)
        style.headed(figure, title, style.context(trials, fixed))
    return figure


def _curves(above: Axes, below: Axes, trial: pd.DataFrame, colour: Any) -> None:
    for axes, name in ((above, NORM), (below, SHARE)):
        axes.plot(trial["lag"], trial[name].where(np.isfinite(trial[name])), color=colour)


def _finish(above: Axes, below: Axes, own: pd.DataFrame, activation: str) -> None:
    diverged = int((own.groupby("key")[NORM].count() == 0).sum())
    if diverged:
        style.note(above, f"{diverged} of {own['key'].nunique()} diverged", x=own["lag"].mean())
    below.axhline(0, color="black", linewidth=0.7)
    below.set_xlabel(style.label("lag"))
    above.set_title(activation)
