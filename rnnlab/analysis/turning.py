"""Turning points: where the mean growth rate over seeds crosses zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab.analysis.choosing import PARAMETERS
from rnnlab.analysis.curves import (
    INTERVAL,
    Curves,
    checked_axis,
    curves_of,
    interval_of_means,
    mean_curve,
    percentiles,
    resampled_means,
)
from rnnlab.analysis.summarising import frame_of
from rnnlab.errors import UsageError

if TYPE_CHECKING:
    from rnnlab.analysis.curves import Floats


def can_turn(axis: str | None) -> bool:
    """Tell whether a turning point on this axis means something: it is a scale, no size and no number of steps."""
    return axis is not None and PARAMETERS[axis].dtype == "float64"


def turning_points(trials: Any, axis: str | None = None) -> pd.DataFrame:
    """Return where the mean growth rate over seeds crosses zero, one row per activation and point of the other axes.

    On the axis recurrent_scale that is the critical gain g_c. trials: results, or their `trials`.
    The crossing is interpolated linearly in the logarithm of `axis` (values that are not positive are left out); its
    interval resamples whole seed curves. Columns: the axes; seeds; turning_point with turning_point_low and _high
    (0 or inf: that end lies beyond the axis; null for a single seed); side (`crosses`; `above` or `below`: there is
    no crossing, it would lie beyond the largest or the smallest value; `unclear`); crossings (the first is given);
    seeds_crossing, seed_mean, seed_spread (the turning points of the seeds' own curves: number, mean, standard
    deviation), seed_mean_low and _high (the bootstrap interval of their mean; null for a single one).
    """
    trials = frame_of(trials)
    axis = _required(trials, axis)
    return pd.DataFrame([_turning_point_of(curves) for curves in curves_of(trials, axis)])


def seed_turning_points(trials: Any, axis: str | None = None) -> pd.DataFrame:
    """Return the axes, seed and turning_point of each seed's own curve; null where it does not cross."""
    trials = frame_of(trials)
    axis = _required(trials, axis)
    frames = [
        pd.DataFrame({**curves.labels, "seed": curves.seeds, "turning_point": _own_crossings(curves)})
        for curves in curves_of(trials, axis)
    ]
    return pd.concat(frames, ignore_index=True)


def _required(trials: pd.DataFrame, axis: str | None) -> str:
    axis = checked_axis(trials, axis)
    if axis is None:
        raise UsageError("a turning point needs a numeric axis with several values, such as recurrent_scale")
    return axis


def _turning_point_of(curves: Curves) -> dict[str, Any]:
    logs, rates = _log_curves(curves)
    mean = mean_curve(rates)
    direction = _direction(mean)
    turn = _crossings(direction * mean[None], logs)
    resampled = _crossings(direction * resampled_means(rates), logs)
    low, high = percentiles(resampled[:, None], INTERVAL) if len(rates) > 1 else (np.full(1, np.nan),) * 2
    own = _own_crossings(curves)
    own = own[~np.isnan(own)]
    own_low, own_high = interval_of_means(own[:, None])[:, 0] if len(own) > 1 else (np.nan, np.nan)
    return {
        **curves.labels,
        "seeds": len(rates),
        "turning_point": _inside(turn)[0],
        "turning_point_low": np.exp(low[0]),
        "turning_point_high": np.exp(high[0]),
        "side": _side(turn[0]),
        "crossings": int(np.sum(np.diff(np.sign(mean[mean != 0])) != 0)),
        "seeds_crossing": len(own),
        "seed_mean": own.mean() if len(own) else np.nan,
        "seed_spread": own.std(ddof=1) if len(own) > 1 else np.nan,
        "seed_mean_low": own_low,
        "seed_mean_high": own_high,
    }


def _own_crossings(curves: Curves) -> Floats:
    logs, rates = _log_curves(curves)
    direction = _direction(mean_curve(rates))
    crossings = [_crossings(direction * own[None, ~np.isnan(own)], logs[~np.isnan(own)])[0] for own in rates]
    return _inside(np.array(crossings))


def _log_curves(curves: Curves) -> tuple[Floats, Floats]:
    """Return ln of the points and the rates there, where there is something to interpolate."""
    keep = (curves.points > 0) & ~np.isnan(curves.rates).all(axis=0)
    return np.log(curves.points[keep].astype(np.float64)), curves.rates[:, keep]


def _direction(mean: Floats) -> float:
    """Return 1 where the curve turns from below zero to above, -1 for the other way; by its trend where it does not."""
    if (mean < 0).any() and (mean >= 0).any():
        return 1.0 if mean[0] < 0 else -1.0
    return -1.0 if len(mean) and mean[-1] < mean[0] else 1.0


def _crossings(curves: Floats, logs: Floats) -> Floats:
    """Return where each rising curve (rows) first crosses zero; inf above, -inf below the axis, nan where unclear."""
    turns = np.full(len(curves), np.nan)
    if len(logs) < 2:
        return turns
    turns[(curves < 0).all(axis=1)] = np.inf
    turns[(curves >= 0).all(axis=1)] = -np.inf
    rising = (curves[:, :-1] < 0) & (curves[:, 1:] >= 0)
    row = np.flatnonzero(rising.any(axis=1))
    at = rising[row].argmax(axis=1)
    before, after = curves[row, at], curves[row, at + 1]
    turns[row] = logs[at] + (logs[at + 1] - logs[at]) * before / (before - after)
    return turns


def _inside(turns: Floats) -> Floats:
    return np.exp(np.where(np.isfinite(turns), turns, np.nan))


def _side(turn: float) -> str:
    if np.isnan(turn):
        return "unclear"
    return "crosses" if np.isfinite(turn) else "above" if turn > 0 else "below"
