"""The gradient on its way back through time."""

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


def chosen(trials: pd.DataFrame) -> list[str]:
    """Return the keys of trials to see side by side: one seed, every activation, up to eight points of an axis."""
    axis = analysis.main_axis(trials)
    some, _ = analysis.densest(trials[trials["status"].notna()], analysis.apart(trials, axis, None))
    some = some[(some["seed"] == some["seed"].min()) | some["seed"].isna()]  # a network that was not drawn has none
    if axis is None:
        return list(some["key"])
    points = {a: analysis.spaced(analysis.in_order(own[axis]), style.MAX_HUES) for a, own in some.groupby("activation")}
    return list(some["key"][[row[axis] in points[row["activation"]] for _, row in some.iterrows()]])


def steps(by_step: pd.DataFrame, title: str = "", fixed: Mapping[str, Any] = MappingProxyType({})) -> Figure:
    """Return ‖dL/dh_t‖ against t, a line a trial: `gradients_by_step` with the trials' parameters joined.

    A column an activation; the colour tells the axis in which the trials differ, the title at which values other axes
    are `fixed`. Where a gradient is exactly zero the line ends.
    """
    if by_step.empty:
        raise UsageError(
            "gradients_by_step has no rows for these trials: the setting `steps` was false. "
            "To record them: rnnlab run ... -s measure.gradients.steps=true"
        )
    trials = by_step.drop_duplicates("key")
    hue = analysis.main_axis(trials)
    activations = analysis.in_order(trials["activation"])
    values = analysis.in_order(trials[hue]) if hue else [None]
    colours = style.colours(values)
    with style.look():
        figure, panels = style.new_figure(1, len(activations), height=3.0, sharex=True, sharey=True)
        for activation, axes in zip(activations, panels[0], strict=True):
            own = by_step[by_step["activation"] == activation]
            for _, trial in own.groupby("key", sort=False):
                axes.plot(trial["t"], trial["log10_grad_norm_h"], color=colours[trial[hue].iloc[0] if hue else None])
            _say_what_is_missing(axes, own)
            axes.set_title(activation)
            axes.set_xlabel(style.label("t"))
        panels[0, 0].set_ylabel(style.label("log10_grad_norm_h"))
        style.hue_legend(figure, hue, values)
        style.headed(figure, title, style.context(trials, fixed))
    return figure


def _say_what_is_missing(axes: Axes, by_step: pd.DataFrame) -> None:
    """Count the trials without a line: diverged (null), or a gradient that is exactly zero throughout (-inf)."""
    norms = by_step["log10_grad_norm_h"].groupby(by_step["key"])
    diverged = int((norms.count() == 0).sum())
    zero = int((norms.max() == -np.inf).sum())
    parts = [f"{count} of {len(norms)} {what}" for count, what in ((diverged, "diverged"), (zero, "zero")) if count]
    if parts:
        everything = diverged + zero == len(norms)
        style.note(axes, ", ".join(parts), x=None if everything else by_step["t"].mean())
