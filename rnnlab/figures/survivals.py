"""When networks solve the task: the share that has, against the number of updates."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import style
from rnnlab.figures.conditions import CONDITION, conditions


def survival(trials: pd.DataFrame, title: str = "") -> Figure:
    """Return the share of networks that have succeeded by each update: a column an activation, a line a condition.

    1 less Kaplan and Meier's estimate of `analysis.survival`, with its 95 % interval; what diverged has failed.
    """
    done = trials[trials["success"].notna()]
    if done.empty:
        raise UsageError("no trial has a result of the measure training yet: run the experiment")
    found = conditions(done, None, analysis.main_axis(done))
    with style.look():
        figure, panels = style.new_figure(1, len(found.activations), height=3.0, sharex=True, sharey=True)
        for activation, axes in zip(found.activations, panels[0], strict=True):
            own = found.trials[found.trials["activation"] == activation]
            curves = analysis.survival(own, by=[CONDITION])
            for condition, colour in found.colours.items():
                line = curves[curves[CONDITION] == condition]
                ends = 1 - line["high"].fillna(1.0), 1 - line["low"]
                axes.fill_between(line["updates"], *ends, step="post", color=colour, alpha=0.15, linewidth=0)
                axes.step(line["updates"], 1 - line["survival"], where="post", color=colour)
            axes.set_title(activation)
            axes.set_xlabel(style.label("update"))
        panels[0, 0].set_ylabel("share that has succeeded")
        panels[0, 0].set_ylim(-0.04, 1.04)
        found.legend_below(figure, Patch(color="0.85", label="95 % interval"))
        style.headed(figure, title, style.context(found.trials, found.fixed))
    return figure
