"""Trials by condition: what a figure tells by colour, beside the activation, which is a column of panels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab import analysis
from rnnlab.figures import style

CONDITION = "condition"
_ALONE = "0.2"


@dataclass(frozen=True)
class Conditions:
    """Trials with a column `condition`, the colour of each, and where the axes stand that they leave out."""

    trials: pd.DataFrame
    colours: dict[str, Any]
    title: str  # the axis, where there is only one; else each condition names its own
    fixed: dict[str, Any]

    @property
    def activations(self) -> list[str]:
        """The activations in the order of panels."""
        return analysis.in_order(self.trials["activation"])

    def legend_below(self, figure: Figure, *more: Artist) -> None:
        """Put a legend under all panels: the conditions, then what else there is to explain."""
        own = [Line2D([], [], color=colour, label=name) for name, colour in self.colours.items() if name]
        if own or more:
            style.legend_below(figure, own, more, title=self.title)


def conditions(trials: pd.DataFrame, axis: str | None, beside: str | None = None) -> Conditions:
    """Return the conditions of trials that are shown against `axis` (None: against something that is no parameter).

    They are the combinations of all other axes but activation. Where these are more than there are colours, those of
    the axis `beside` (default: the companion of `axis`) alone: others stand at their point with the most trials.
    """
    names: list[str] = analysis.other_axes(trials, axis)
    fixed: dict[str, Any] = {}
    if len(trials[names].drop_duplicates()) > (style.MAX_HUES if len(names) == 1 else style.MAX_CONDITIONS):
        beside = beside or analysis.companion(trials, axis, style.MAX_HUES)
        trials, fixed = analysis.densest(trials, analysis.apart(trials, axis, beside))
        names = [beside] if beside else []
    if not names:
        return Conditions(trials.assign(**{CONDITION: ""}), {"": _ALONE}, "", fixed)
    if len(names) == 1:
        return _of_one(trials, names[0], fixed)
    points = trials[names].drop_duplicates().sort_values(names).to_numpy(object)
    words = {tuple(point): analysis.in_words(dict(zip(names, point, strict=True))) for point in points}
    told = [words[tuple(point)] for point in trials[names].to_numpy(object)]
    return Conditions(trials.assign(**{CONDITION: told}), style.colours(list(words.values())), "", fixed)


def _of_one(trials: pd.DataFrame, name: str, fixed: dict[str, Any]) -> Conditions:
    values = analysis.spaced(analysis.in_order(trials[name]), style.MAX_HUES)
    some = trials[trials[name].isin(values)]
    colours = {style.number(value): colour for value, colour in style.colours(values).items()}
    return Conditions(some.assign(**{CONDITION: some[name].map(style.number)}), colours, style.label(name), fixed)
