"""Growth rates where there is no axis to draw them against: a dot a trial."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnlab import analysis
from rnnlab.figures import style

_HALF = 0.25  # of the distance between two activations: how far dots spread to either side


def rates(trials: pd.DataFrame, title: str = "") -> Figure:
    """Return the growth rates in a strip per activation: a dot a seed, in the order of seeds, and a bar at their mean.

    All axes stand at their point with the most trials, which the title names. What has no rate is counted.
    """
    trials, fixed = analysis.densest(trials, analysis.other_axes(trials, None))
    activations = analysis.in_order(trials["activation"])
    colours = style.colours(activations)
    with style.look():
        figure, panels = style.new_figure(1, 1, height=3.0)
        axes = panels[0, 0]
        axes.axhline(0, color="black", linewidth=0.7)
        for place, activation in enumerate(activations):
            _strip(axes, place, trials[trials["activation"] == activation], colours[activation])
        axes.set_xticks(range(len(activations)), activations)
        axes.set_xlim(-0.5, len(activations) - 0.5)
        axes.set_ylabel(style.label("growth_rate"))
        style.headed(figure, title, style.context(trials, fixed))
    return figure


def _strip(axes: Axes, place: int, trials: pd.DataFrame, colour: str) -> None:
    rates = trials.sort_values("seed")["growth_rate"].to_numpy(dtype=np.float64)
    known = rates[np.isfinite(rates)]
    spread = np.linspace(-_HALF, _HALF, len(known)) if len(known) > 1 else np.zeros(len(known))
    axes.plot(place + spread, known, "o", color=colour, alpha=0.8)
    if len(known) > 1:
        axes.plot([place - _HALF, place + _HALF], [known.mean()] * 2, color=colour)
    if len(known) < len(rates):
        style.note(axes, f"{len(rates) - len(known)} of {len(rates)} without a rate", x=place)
