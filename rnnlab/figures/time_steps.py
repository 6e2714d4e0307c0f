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
from rnnlab.figures import choices, layout, style

NORM = "log10_grad_norm_h"


def chosen(trials: pd.DataFrame, hue: str | None = None) -> list[str]:
    """Return the keys of trials to see side by side: one seed, every activation, up to eight points of an axis.

    hue: the axis; default the one that matters.
    """
    axis = choices.hue(trials, hue, analysis.main_axis(trials))
    done = trials[trials["status"].notna()]
    some, _ = choices.the_rest(done, axis, "activation")
    some = some[(some["seed"] == some["seed"].min()) | some["seed"].isna()]  # a network that was not drawn has none
    if axis is None or axis == "activation":
        return list(some["key"])
    points = {a: analysis.spaced(analysis.in_order(own[axis]), style.MAX_HUES) for a, own in some.groupby("activation")}
    return list(some["key"][[row[axis] in points[row["activation"]] for _, row in some.iterrows()]])


def steps(
    by_step: pd.DataFrame, title: str = "", fixed: Mapping[str, Any] = MappingProxyType({}), *,
    hue: str | None = None, column: str = NORM,
) -> Figure:  # fmt: skip
    """Return ‖dL/dh_t‖ against t, a line a trial: `gradients_by_step` with the trials' parameters joined.

    A column an activation; the colour tells `hue`, by default the axis in which the trials differ, the title at which
    values other axes are `fixed`. column: another one of the table in place of the norm. Where a gradient is exactly
    zero the line ends. Raises UsageError where there are no rows.
    """
    if by_step.empty:
        raise UsageError(
            "gradients_by_step has no rows for these trials: the setting `steps` was false. "
            "To record them: rnnlab run ... -s measure.gradients.steps=true"
        )
    trials = by_step.drop_duplicates("key")
    hue = choices.hue(trials, hue, analysis.main_axis(trials))
    activations = analysis.in_order(trials["activation"])
    values = analysis.in_order(trials[hue]) if hue else [None]
    with style.look():
        colours = style.colours(values) if hue else {None: style.shade(0.2)}
        made = layout.panels(1, len(activations), height=3.0, share_x=True, share_y=True)
        for activation, axes in zip(activations, made.axes[0], strict=True):
            own = by_step[by_step["activation"] == activation]
            for _, trial in own.groupby("key", sort=False):
                axes.plot(trial["t"], trial[column], color=colours[trial[hue].iloc[0] if hue else None])
            _say_what_is_missing(axes, own, column)
            axes.set_title(activation)
        made.label_x(style.label("t"))
        made.label_y(0, style.label(column))
        layout.hue_legend(made.figure, hue, values)
        layout.headed(made.figure, title, style.context(trials, fixed))
    return made.figure


def _say_what_is_missing(axes: Axes, by_step: pd.DataFrame, column: str) -> None:
    """Count the trials without a line: diverged (null), or a gradient that is exactly zero throughout (-inf)."""
    norms = by_step[column].groupby(by_step["key"])
    diverged = int((norms.count() == 0).sum())
    zero = int((norms.max() == -np.inf).sum())
    parts = [f"{count} of {len(norms)} {what}" for count, what in ((diverged, "diverged"), (zero, "zero")) if count]
    if parts:
        everything = diverged + zero == len(norms)
        style.note(axes, ", ".join(parts), x=None if everything else by_step["t"].mean())
