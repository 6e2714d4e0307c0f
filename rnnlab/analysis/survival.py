"""Survival curves: what share of networks has not solved the task yet, against the number of updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from rnnlab.analysis.choosing import axes
from rnnlab.analysis.successes import quantile, trained
from rnnlab.analysis.summarising import groups_of, there
from rnnlab.errors import UsageError, did_you_mean

_DIVERGED = ("fails", "censored")


def survival(
    trials: Any, by: Sequence[str] | None = None, *,
    diverged: Literal["fails", "censored"] = "fails", level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """Return Kaplan and Meier's estimate of the share of networks that have not succeeded after u updates.

        S(u) = Π_{u_i <= u} (1 - d_i / n_i),    d_i successes at u_i, n_i networks still at it

    (1958, J. Am. Stat. Assoc. 53), its interval Greenwood's on the scale of ln(-ln S), null at S = 0. A network that
    has not succeeded when its updates are used up is censored there: it may yet. One that diverged never will: it
    "fails" and stays at risk for ever, so that 1 - S ends at the success rate; "censored" treats it as the others.
    Columns: by; updates (0, those with a success, the last one made); survival, low, high; at_risk; successes at u.
    The median is the first u at which survival is at most a half. Raises UsageError as `success_rates` does.
    """
    if diverged not in _DIVERGED:
        raise UsageError(f"diverged is {diverged!r}.{did_you_mean(diverged, _DIVERGED)}")
    frame = trained(trials)
    points = list(axes(frame)) if by is None else there(frame, [by] if isinstance(by, str) else by)
    done = frame[frame["success"].notna()]
    curves = [
        _curve(group, diverged == "fails", quantile(level)).assign(**point) for point, group in groups_of(done, points)
    ]
    names = ["updates", "survival", "low", "high", "at_risk", "successes"]
    return (
        pd.concat(curves, ignore_index=True)[[*points, *names]] if curves else pd.DataFrame(columns=[*points, *names])
    )


def _curve(group: pd.DataFrame, fails: bool, z: float) -> pd.DataFrame:
    success = group["success"].astype(bool).to_numpy()
    solved = group["updates_to_success"].to_numpy(np.float64, na_value=np.nan)
    seen = np.where(success, solved, group["updates"].to_numpy(np.float64))  # the last that is known of each
    until = np.where(fails & ~success & (group["status"] == "diverged").to_numpy(), np.inf, seen)
    steps = np.unique([0.0, *solved[success], seen.max()])
    at_risk = np.array([np.count_nonzero(until >= u) for u in steps], np.int64)
    successes = np.array([np.count_nonzero(success & (solved == u)) for u in steps], np.int64)
    share = np.cumprod(1 - successes / at_risk)
    low, high = _interval(share, at_risk, successes, z)
    columns = {"survival": share, "low": low, "high": high, "at_risk": at_risk, "successes": successes}
    return pd.DataFrame({"updates": steps.astype(np.int64), **columns})


def _interval(share: Any, at_risk: Any, successes: Any, z: float) -> tuple[Any, Any]:
    """Return Greenwood's interval of each share; none below 0, where its variance is not defined: null."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(successes / (at_risk * (at_risk - successes)))
        factor = np.exp(z * np.sqrt(variance) / np.abs(np.log(share)))
        low, high = share**factor, share ** (1 / factor)
    low, high = (np.where(share == 1.0, 1.0, each) for each in (low, high))
    return np.where(share == 0.0, 0.0, low), np.where(share == 0.0, np.nan, high)
