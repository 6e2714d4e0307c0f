"""DataFrame -> matplotlib Figure, without pyplot and without a display: one file a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnnlab import analysis
from rnnlab.errors import UsageError, did_you_mean
from rnnlab.figures.growth_rates import growth
from rnnlab.figures.lengths import length
from rnnlab.figures.strips import rates
from rnnlab.figures.style import FORMATS, save
from rnnlab.figures.time_steps import chosen, steps

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from rnnlab.api import Results

__all__ = ["FORMATS", "KINDS", "chosen", "growth", "kind_for", "kind_of", "length", "plot", "rates", "save", "steps"]

KINDS = ("growth", "length", "steps", "rates")


def kind_for(trials: pd.DataFrame, *, by_step: bool = True) -> str:
    """Return the kind of figure that suits the axes of these trials; `by_step`: whether their steps were recorded."""
    axis = analysis.main_axis(trials)
    if axis is None:
        return "steps" if by_step else "rates"
    return "length" if axis == "length" else "growth"


def kind_of(results: Results, where: Mapping[str, Any] | None = None) -> str:
    """Return the kind of figure that suits an experiment, or those of its trials that `where` picks."""
    by_step = results.manifest["experiment"]["measure"].get("gradients", {}).get("steps", False)
    return kind_for(analysis.pick(results.trials, where or {}), by_step=by_step)


def plot(results: Results, kind: str | None = None, *, where: Mapping[str, Any] | None = None) -> Figure:
    """Return the figure of an experiment, of the kind that suits it or that is asked for; `where` picks trials."""
    kind = kind or kind_of(results, where)
    trials = analysis.pick(results.trials, where or {})
    title = results.manifest["experiment"].get("title", "")
    if kind == "steps":
        columns = ["key", *analysis.PARAMETERS, "t", "log10_grad_norm_h"]
        by_step = results.table("gradients_by_step", columns, where={"key": chosen(trials)})
        fixed = {axis: by_step[axis].iloc[0] for axis in analysis.axes(trials) if by_step[axis].nunique() == 1}
        return steps(by_step, title, fixed)
    if kind not in KINDS:
        raise UsageError(f"figure {kind} is unknown.{did_you_mean(kind, KINDS)}")
    return {"growth": growth, "length": length, "rates": rates}[kind](trials, title)
