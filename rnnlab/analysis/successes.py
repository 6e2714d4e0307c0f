"""Success rates of training, and what a few seeds tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.analysis.choosing import axes
from rnnlab.analysis.summarising import frame_of, groups_of, there
from rnnlab.errors import UsageError


def wilson(successes: Any, trials: Any, level: float = 0.95) -> tuple[Any, Any]:
    """Return the ends of Wilson's score interval of a share, 0 to 1: of numbers or of arrays of them.

        ( p + z²/2n ± z √( p(1-p)/n + z²/4n² ) ) / (1 + z²/n),    p = successes / trials, n = trials

    (Wilson 1927, J. Am. Stat. Assoc. 22): it never leaves 0..1, and 0 of n and n of n have one too. nan for n = 0.

    >>> low, high = wilson(3, 4)
    >>> round(float(low), 3), round(float(high), 3)
    (0.301, 0.954)
    """
    k, n, z = np.asarray(successes, np.float64), np.asarray(trials, np.float64), quantile(level)
    if not (np.all(k >= 0) and np.all(k <= n)):
        raise UsageError(f"{successes} successes of {trials} trials: there must be 0 to that many")
    with np.errstate(divide="ignore", invalid="ignore"):
        p, share = k / n, z * z / n
        middle = (p + share / 2) / (1 + share)
        half = z * np.sqrt(p * (1 - p) / n + share / (4 * n)) / (1 + share)
    low, high = np.where(k == 0, 0.0, middle - half), np.where(k == n, 1.0, middle + half)
    nothing = n == 0
    return np.where(nothing, np.nan, low)[()], np.where(nothing, np.nan, high)[()]


def quantile(level: float) -> float:
    """Return z such that a standard normal number lies within ±z with this probability."""
    if not 0 < level < 1:
        raise UsageError(f"level is {level}; it must lie between 0 and 1, as 0.95")
    return NormalDist().inv_cdf((1 + level) / 2)


def success_rates(trials: Any, by: Sequence[str] | None = None, level: float = 0.95) -> pd.DataFrame:
    """Return one row per condition: how many of its networks solved the task, and after how many updates.

    trials: results of an experiment with the measure `training`, or their `trials`. by: what makes a condition;
    default: every axis but the seed. Columns: by; n, the networks with a result; missing, those without one; successes;
    rate with its Wilson interval low, high; diverged, a share; median_updates to success, where those that failed take
    forever (null where half or more failed); test_loss_over_baseline, the median of the last one.
    Raises UsageError where the frame has no column `success`.
    """
    frame = trained(trials)
    points = list(axes(frame)) if by is None else there(frame, [by] if isinstance(by, str) else by)
    return pd.DataFrame([{**point, **_rate(group, level)} for point, group in groups_of(frame, points)])


def trained(trials: Any) -> pd.DataFrame:
    """Return the trials as a frame with the columns of the measure training under their own names."""
    frame = frame_of(trials)
    if "success" not in frame:
        raise UsageError("there is no column success: success rates are of experiments with the measure training")
    if frame.empty:
        raise UsageError("there are no trials to look at")
    own = {name: f"training_{name}" for name in ("status", "diverged_at") if f"training_{name}" in frame}
    return frame.assign(**{name: frame[there] for name, there in own.items()})


def median_updates(group: pd.DataFrame) -> float:
    """Return the median of updates_to_success, where what failed takes forever; nan where that is the median."""
    updates = group["updates_to_success"].to_numpy(np.float64, na_value=np.nan)
    middle = _upper_median(np.where(np.isnan(updates), np.inf, updates))
    return middle if np.isfinite(middle) else np.nan


def _upper_median(values: np.ndarray) -> float:
    """Return the median; between two numbers in the middle their mean, inf where the upper one is."""
    ordered = np.sort(values)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2) if len(ordered) else np.nan


def _rate(group: pd.DataFrame, level: float) -> dict[str, Any]:
    done = group[group["success"].notna()]
    n, k = len(done), int(done["success"].astype(bool).sum())
    low, high = wilson(k, n, level)
    over = done["test_loss_over_baseline"].to_numpy(np.float64, na_value=np.nan)
    return {
        "n": n,
        "missing": len(group) - n,
        "successes": k,
        "rate": k / n if n else np.nan,
        "low": float(low),
        "high": float(high),
        "diverged": float((done["status"] == "diverged").sum()) / n if n else np.nan,
        "median_updates": median_updates(done),
        "test_loss_over_baseline": float(np.nanmedian(over)) if np.isfinite(over).any() else np.nan,
    }
