"""When networks solve the task: the share that has, against the number of updates."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import layout, style
from rnnlab.figures.conditions import CONDITION, conditions


def survival(trials: pd.DataFrame, title: str = "", *, hue: str | None = None) -> Figure:
    """Return the share of networks that have succeeded by each update: a column an activation, a line a condition.

    1 less Kaplan and Meier's estimate of `analysis.survival`, with its 95 % interval; what diverged has failed.
    hue: the axis of the conditions; default all axes, or the one that matters where their points are too many.
    """
    done = trials[trials["success"].notna()]
    if done.empty:
        raise UsageError("no trial has a result of the measure training yet: run the experiment")
    found = conditions(done, None, analysis.main_axis(done), hue)
    with style.look():
        made = layout.panels(1, len(found.activations), height=3.0, share_x=True, share_y=True)
        for activation, axes in zip(found.activations, made.axes[0], strict=True):
            own = found.trials[found.trials["activation"] == activation]
            curves = analysis.survival(own, by=[CONDITION])
            for condition, colour in found.colours.items():
                line = curves[curves[CONDITION] == condition]
                ends = 1 - line["high"].fillna(1.0), 1 - line["low"]
                axes.fill_between(line["updates"], *ends, step="post", color=colour, alpha=0.15, linewidth=0)
                look: dict[str, Any] = {"color": colour, "linestyle": found.line(condition)}
                axes.step(line["updates"], 1 - line["survival"], where="post", **look)
            axes.set_title(activation)
        made.label_x(style.label("update"))
        made.label_y(0, "share that has succeeded")
        made.axes[0, 0].set_ylim(-0.04, 1.04)
        found.legend_below(made.figure, Patch(color=style.shade(0.85), label="95 % interval"), lines=True)
        layout.headed(made.figure, title, style.context(found.trials, found.fixed))
    return made.figure
