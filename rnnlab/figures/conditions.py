"""Trials by condition: what a figure tells by colour, beside the activation, which is a column of panels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab import analysis
from rnnlab.figures import choices, layout, style

CONDITION = "condition"


@dataclass(frozen=True)
class Conditions:
    """Trials with a column `condition`, the colour of each, and where the axes stand that they leave out."""

    trials: pd.DataFrame
    values: dict[str, Any]  # what colour tells, by condition
    title: str  # the axis, where there is only one; else each condition names its own
    fixed: dict[str, Any]

    @property
    def colours(self) -> dict[str, Any]:
        """The colour of each condition, on the page that figures are for now."""
        if list(self.values) == [""]:
            return {"": style.shade(0.2)}
        colours = style.colours(list(self.values.values()))
        return {name: colours[value] for name, value in self.values.items()}

    def marker(self, condition: str) -> str:
        """The marker of a condition, so that colour is not all that tells them apart."""
        return style.marker(list(self.values).index(condition), range(len(self.values)))

    def line(self, condition: str) -> Any:
        """The kind of line of a condition, for the same reason."""
        return style.LINES[list(self.values).index(condition) % len(style.LINES)]

    @property
    def activations(self) -> list[str]:
        """The activations in the order of panels."""
        return analysis.in_order(self.trials["activation"])

    def legend_below(self, figure: Figure, *more: Artist, markers: bool = False, lines: bool = False) -> None:
        """Put a legend under all panels: the conditions, with markers or kinds of line, and what else there is."""
        own = [
            Line2D(
                [], [], color=colour, label=name, marker=self.marker(name) if markers else None,
                linestyle=self.line(name) if lines else "-",
            )
            for name, colour in self.colours.items() if name
        ]  # fmt: skip
        if own or more:
            layout.legend_below(figure, own, more, title=self.title)


def conditions(trials: pd.DataFrame, axis: str | None, beside: str | None = None, hue: str | None = None) -> Conditions:
    """Return the conditions of trials that are shown against `axis` (None: against something that is no parameter).

    They are the combinations of all other axes but activation. Where these are more than there are colours, those of
    the axis `beside` (default: the companion of `axis`) alone: others stand at their point with the most trials. hue:
    the axis that is asked for, alone in any case.
    """
    names: list[str] = analysis.other_axes(trials, axis)
    fixed: dict[str, Any] = {}
    if hue is not None:
        beside = choices.hue(trials, hue, None, taken=[name for name in (axis, "activation") if name])
        trials, fixed = choices.the_rest(trials, axis, beside, "activation")
        names = [beside] if beside else []
    elif len(trials[names].drop_duplicates()) > (style.MAX_HUES if len(names) == 1 else style.MAX_CONDITIONS):
        beside = beside or analysis.companion(trials, axis, style.MAX_HUES)
        trials, fixed = analysis.densest(trials, analysis.apart(trials, axis, beside))
        names = [beside] if beside else []
    if not names:
        return Conditions(trials.assign(**{CONDITION: ""}), {"": ""}, "", fixed)
    if len(names) == 1:
        return _of_one(trials, names[0], fixed)
    points = trials[names].drop_duplicates().sort_values(names).to_numpy(object)
    words = {tuple(point): analysis.in_words(dict(zip(names, point, strict=True))) for point in points}
    told = [words[tuple(point)] for point in trials[names].to_numpy(object)]
    return Conditions(trials.assign(**{CONDITION: told}), {word: word for word in words.values()}, "", fixed)


def _of_one(trials: pd.DataFrame, name: str, fixed: dict[str, Any]) -> Conditions:
    values = analysis.spaced(analysis.in_order(trials[name]), style.MAX_HUES)
    some = trials[trials[name].isin(values)]
    called = {style.number(value): value for value in values}
    return Conditions(some.assign(**{CONDITION: some[name].map(style.number)}), called, style.label(name), fixed)
