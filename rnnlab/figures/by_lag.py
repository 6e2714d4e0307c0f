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
from rnnlab.figures import choices, layout, style

NORM, SHARE = "log10_rms_contribution", "share"
_LINEAR = 3.0  # shares beyond: contributions that cancel


def lags(
    by_lag: pd.DataFrame, title: str = "", fixed: Mapping[str, Any] = MappingProxyType({}), *, hue: str | None = None
) -> Figure:
    """Return contributions to dL/dU against the lag, a line a trial: `lags_by_lag` with parameters and status joined.

    A column an activation: above, log10 of the rms norm of a contribution, which ends where contributions are exactly
    zero; below, the share of all contributions of a lag in dL/dU. The colour tells `hue`, by default the axis in which
    trials differ.
    """
    if by_lag[NORM].notna().sum() == 0:
        raise UsageError("lags_by_lag has no contributions for these trials: they diverged, or have none")
    trials = by_lag.drop_duplicates("key")
    hue = choices.hue(trials, hue, analysis.main_axis(trials))
    activations = analysis.in_order(trials["activation"])
    values = analysis.in_order(trials[hue]) if hue else [None]
    colours = style.colours(values) if hue else {None: style.shade(0.2)}
    with style.look():
        made = layout.panels(2, len(activations), height=4.4, share_x=True, share_y=True)
        for activation, (above, below) in zip(activations, made.axes.T, strict=True):
            own = by_lag[by_lag["activation"] == activation]
            for _, trial in own.groupby("key", sort=False):
                _curves(above, below, trial, colours[trial[hue].iloc[0] if hue else None])
            _finish(above, below, own, activation)
        made.label_y(0, style.label(NORM))
        made.label_y(1, style.label(SHARE))
        made.label_x(style.label("lag"))
        if by_lag[SHARE].abs().max() > _LINEAR:
            made.axes[1, 0].set_yscale("symlog", linthresh=1)
            made.axes[1, 0].yaxis.set_major_formatter("{x:g}")
        layout.hue_legend(made.figure, hue, values)
        layout.headed(made.figure, title, style.context(trials, fixed))
    return made.figure


def _curves(above: Axes, below: Axes, trial: pd.DataFrame, colour: Any) -> None:
    for axes, name in ((above, NORM), (below, SHARE)):
        axes.plot(trial["lag"], trial[name].where(np.isfinite(trial[name])), color=colour)


def _finish(above: Axes, below: Axes, own: pd.DataFrame, activation: str) -> None:
    diverged = int((own.groupby("key")[NORM].count() == 0).sum())
    if diverged:
        style.note(above, f"{diverged} of {own['key'].nunique()} diverged", x=own["lag"].mean())
    below.axhline(0, color=style.shade(0.0), linewidth=0.7)
    above.set_title(activation)
