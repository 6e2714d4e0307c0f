"""Growth rates where there is no axis to draw them against: a dot a trial."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab import analysis
from rnnlab.figures import layout, style

_HALF = 0.25  # of the distance between two activations: how far dots spread to either side


RATE = "growth_rate"


def rates(trials: pd.DataFrame, title: str = "", *, column: str = RATE) -> Figure:
    """Return the growth rates in a strip per activation: a dot a seed, in the order of seeds, and a bar at their mean.

    All axes stand at their point with the most trials, which the title names. What has no rate is counted. column:
    another statistic in place of the rate.
    """
    trials, fixed = analysis.densest(trials, analysis.other_axes(trials, None))
    activations = analysis.in_order(trials["activation"])
    with style.look():
        colours = style.colours(activations)
        made = layout.panels(1, 1, height=3.0)
        axes = made.axes[0, 0]
        if style.unit(column) == style.unit(RATE):
            axes.axhline(0, color=style.shade(0.0), linewidth=0.7)
        for place, activation in enumerate(activations):
            _strip(axes, place, trials[trials["activation"] == activation], column, colours[activation])
        axes.set_xticks(range(len(activations)), activations)
        axes.set_xlim(-0.5, len(activations) - 0.5)
        axes.set_ylabel(style.label(column))
        layout.headed(made.figure, title, style.context(trials, fixed))
    return made.figure


def _strip(axes: Axes, place: int, trials: pd.DataFrame, column: str, colour: str) -> None:
    rates = trials.sort_values("seed")[column].to_numpy(dtype=np.float64, na_value=np.nan)
    known = rates[np.isfinite(rates)]
    spread = np.linspace(-_HALF, _HALF, len(known)) if len(known) > 1 else np.zeros(len(known))
    axes.plot(place + spread, known, "o", color=colour, alpha=0.8)
    if len(known) > 1:
        axes.plot([place - _HALF, place + _HALF], [known.mean()] * 2, color=colour)
    if len(known) < len(rates):
        style.note(
            axes,
            f"{len(rates) - len(known)} of {len(rates)} without a {'rate' if column == RATE else 'number'}",
            x=place,
        )
