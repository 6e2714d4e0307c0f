"""What happens along training: losses, the gradient before and after clipping, and how fast it vanishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import layout, style
from rnnlab.figures.conditions import CONDITION, Conditions, conditions

SEEDS = 8  # of each condition that are drawn
COLUMNS = (
    "update", "loss", "test_loss", "accuracy", "log10_grad_norm_U", "log10_clipped_norm_U", "growth_rate",
    "lyapunov_max", "truncation_length",
)  # fmt: skip
ROWS = ("test_loss", "accuracy", "log10_grad_norm_U", "growth_rate", "lyapunov_max", "truncation_length")
_NORM, _CLIPPED = "log10_grad_norm_U", "log10_clipped_norm_U"
_FAINT = {"test_loss": "loss", _NORM: _CLIPPED}  # drawn beside it: the loss of the batches of training, what is left
_TWO_DECADES = 100.0
_ENDS = {"success": ("o", "success"), "diverged": ("X", "diverged")}


def drawn(trials: pd.DataFrame, hue: str | None = None) -> Conditions:
    """Return the trials to draw: of every condition up to eight seeds, the same ones; hue: the axis of conditions."""
    found = conditions(trials[trials["success"].notna()], None, analysis.main_axis(trials), hue)
    seeds = sorted(found.trials["seed"].unique())[:SEEDS]
    some = found.trials[found.trials["seed"].isin(seeds)]
    return Conditions(some, found.values, found.title, found.fixed)


def training(by_update: pd.DataFrame, found: Conditions, title: str = "", *, columns: Sequence[str] = ROWS) -> Figure:
    """Return `training_by_update` of the trials `found` (by `drawn`) against the update: a thin line a trial.

    A column an activation, a row for the losses (faint: in training; a level: the baseline without memory), the
    accuracy, the norm of the gradient by U (faint: after clipping), and growth_rate, λ_1 and truncation_length where
    they were measured; or a row for each of `columns`. Colour and kind of line tell the condition.
    """
    rows = by_update.merge(found.trials[["key", "activation", "status", CONDITION]], on="key")
    shown = [name for name in columns if np.isfinite(rows[name].to_numpy(np.float64, na_value=np.nan)).any()]
    if not shown:
        raise UsageError("training_by_update has no numbers of these trials: none has run, or all diverged")
    read = dict.fromkeys([*shown, *COLUMNS])
    with style.look():
        colours = found.colours
        made = layout.panels(
            len(shown), len(found.activations), height=1.2 + 1.35 * len(shown), share_x=True, share_y=True
        )
        for activation, column in zip(found.activations, made.axes.T, strict=True):
            for _, trial in rows[rows["activation"] == activation].groupby("key", sort=False):
                numbers = {name: trial[name].to_numpy(np.float64, na_value=np.nan) for name in read}
                condition, status = trial[CONDITION].iloc[0], trial["status"].iloc[0]
                look = {"color": colours[condition], "linestyle": found.line(condition)}
                for name, axes in zip(shown, column, strict=True):
                    _line(axes, numbers, name, look, _ENDS.get(status))
            column[0].set_title(activation)
        made.label_x(style.label("update"))
        for i, (name, row) in enumerate(zip(shown, made.axes, strict=True)):
            made.label_y(i, style.label(name))
            _finish(row, name, rows)
        if "test_loss" in shown:
            _baseline(made.axes[shown.index("test_loss")], found.trials["baseline"])
        entries = _legend(rows, shown, one_baseline=_is_one(found.trials["baseline"]))
        found.legend_below(made.figure, *entries, lines=True)
        layout.headed(made.figure, title, style.context(found.trials, found.fixed))
    return made.figure


def _line(
    axes: Axes, trial: Mapping[str, Any], name: str, look: Mapping[str, Any], end: tuple[str, str] | None
) -> None:
    """Draw a column of a trial, what stands faint beside it, and how the trial ended."""
    update, known = trial["update"], np.isfinite(trial[name])
    if not known.any():
        return
    if (beside := _FAINT.get(name)) and (name != _NORM or _is_clipped(trial)):
        axes.plot(update, trial[beside], color=look["color"], linewidth=0.5, alpha=0.5)
    axes.plot(update[known], trial[name][known], linewidth=0.8, alpha=0.8, **look)
    if end:
        axes.plot(update[known][-1:], trial[name][known][-1:], end[0], color=look["color"])


def _is_clipped(rows: Mapping[str, Any] | pd.DataFrame) -> bool:
    return bool((rows[_CLIPPED] < rows[_NORM] - 1e-9).any())


def _finish(row: Any, name: str, rows: pd.DataFrame) -> None:
    if name == "test_loss" and (rows[name].dropna() > 0).all():
        row[0].set_yscale("log")
        _few_ticks(row[0])
    if name in ("growth_rate", "lyapunov_max"):
        for axes in row:
            axes.axhline(0, color=style.shade(0.0), linewidth=0.7)


def _few_ticks(axes: Axes) -> None:
    """Number a logarithmic axis at decades alone, or at 1, 2 and 5 where it has no two decades."""
    low, high = axes.get_ylim()
    if high < _TWO_DECADES * low:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=7))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _baseline(row: Any, baseline: pd.Series) -> None:
    """Draw the loss of the best predictor without memory, where it is the same for all."""
    if _is_one(baseline):
        for axes in row:
            axes.axhline(baseline.iloc[0], color=style.shade(0.0), linewidth=0.7, linestyle="--")


def _is_one(baseline: pd.Series) -> bool:
    return bool(baseline.nunique() == 1)


def _legend(rows: pd.DataFrame, shown: list[str], *, one_baseline: bool) -> list[Artist]:
    entries: list[Artist] = [
        Line2D([], [], color=style.shade(0.3), marker=marker, linestyle="none", label=f"ends: {word}")
        for status, (marker, word) in _ENDS.items()
        if (rows["status"] == status).any()
    ]
    faint = ["loss in training"] if "test_loss" in shown else []
    faint += ["norm after clipping"] if _NORM in shown and _is_clipped(rows) else []
    if faint:
        entries.append(Line2D([], [], color=style.shade(0.3), linewidth=0.5, label=", ".join(faint)))
    if "test_loss" in shown and one_baseline:
        entries.append(Line2D([], [], color=style.shade(0.0), linewidth=0.7, linestyle="--", label="without memory"))
    return entries
