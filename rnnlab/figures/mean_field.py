"""What mean field says of trials that theory was not measured of: from their parameters alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from rnnlab import theory
from rnnlab.measures import theory as measured
from rnnlab.tasks import TASKS

RATE, EDGE = "growth_rate_predicted", "edge_of_chaos"
_NAMES = ["activation", "recurrent_scale", "drive"]


def rates(trials: pd.DataFrame) -> pd.Series:
    """Return the growth rate that mean field predicts of each trial (nats/step), nan where it does not cover it.

    The one that the measure `theory` found, else that of long and wide networks, ½ ln χ at the fixed point.
    """
    return _known(trials, RATE).fillna(_each(trials, _rate))


def edges(trials: pd.DataFrame) -> pd.Series:
    """Return the gain g at which mean field has the edge of chaos under the drive of each trial, else nan."""
    return _known(trials, EDGE).fillna(_each(trials, _edge))


def exponents(trials: pd.DataFrame) -> pd.Series:
    """Return the largest Lyapunov exponent that mean field predicts of each trial, nan where it does not cover it."""
    return _each(trials, _rate)


def _known(trials: pd.DataFrame, name: str) -> pd.Series:
    if name not in trials:
        return pd.Series(np.nan, trials.index)
    return trials[name].astype(np.float64)


def _each(trials: pd.DataFrame, of: Callable[..., float]) -> pd.Series:
    """Return a number for each trial, computed once for trials that are alike."""
    drive = _drive(trials)
    points = trials[["activation", "recurrent_scale"]].assign(drive=drive)[_covered(trials) & drive.notna()]
    found = points.drop_duplicates()
    numbers = [of(*point) for point in found[_NAMES].itertuples(index=False, name=None)]
    by_point = dict(zip(map(tuple, found[_NAMES].to_numpy(object)), numbers, strict=True))
    told = pd.Series([by_point[tuple(point)] for point in points[_NAMES].to_numpy(object)], points.index, dtype=float)
    return told.reindex(trials.index)


def _covered(trials: pd.DataFrame) -> pd.Series:
    """Tell of which trials mean field speaks: a U with many independent or orthogonal entries, and many inputs."""
    full = trials["recurrent_density"] * trials["width"] >= measured.ENTRIES
    dense = trials["recurrent_init"].isin(measured.COVERED) | ((trials["recurrent_init"] == "sparse") & full)
    driven = (trials["input_scale"] == 0) | (trials["inputs"] >= measured.FEW)
    silent = (trials["input_scale"] == 0) & (trials["bias_scale"] == 0) & (trials["initial_state"] == "zeros")
    return dense & driven & ~silent & (trials["leak"] == 1)


def _drive(trials: pd.DataFrame) -> pd.Series:
    """Return the variance of W x + b; nan where the task does not tell that of its inputs."""
    of_task = {name: getattr(task, "INPUT_VARIANCE", np.nan) for name, task in TASKS.items()}
    of_inputs = trials["task"].map(of_task).where(trials["input_scale"] > 0, 0.0)
    return trials["input_scale"] ** 2 * of_inputs + trials["bias_scale"] ** 2


def _rate(activation: str, gain: float, drive: float) -> float:
    return theory.lyapunov(activation, weight_variance=gain * gain, drive_variance=drive)


def _edge(activation: str, gain: float, drive: float) -> float:
    return float(theory.edge_of_chaos(activation, bias_variance=drive) ** 0.5)


def means(trials: pd.DataFrame, predicted: pd.Series, by: list[str]) -> Any:
    """Return the mean prediction at each point of `by`, with a column `predicted`; points without one left out."""
    told = trials[by].assign(predicted=predicted.where(np.isfinite(predicted)))
    return told.groupby(by)["predicted"].mean().dropna().reset_index()
