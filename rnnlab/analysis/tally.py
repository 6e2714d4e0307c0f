"""The verdict table: shares of the seeds, mean growth rates and their intervals."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rnnlab.analysis.curves import (
    NO_AXIS,
    SPREAD,
    Curves,
    checked_axis,
    curves_of,
    interval_of_means,
    mean_curve,
    percentiles,
)
from rnnlab.analysis.summarising import VERDICTS, frame_of


def verdicts(trials: Any, axis: str | None = None) -> pd.DataFrame:
    """Return one row per value of `axis` (default: `main_axis`), activation and point of the other axes.

    Columns: the axes; seeds; missing (how many have no result yet); vanishes, stable, explodes, diverged (shares of
    the seeds with a result, 0 to 1); growth_rate (mean over seeds, nats/step) with its bootstrap interval
    growth_rate_low, growth_rate_high (null for a single seed); seed_low, seed_high (nine seeds of ten lie between).
    """
    trials = frame_of(trials)
    axis = checked_axis(trials, axis)
    return pd.concat([_verdicts_of(curves, axis) for curves in curves_of(trials, axis)], ignore_index=True)


def _verdicts_of(curves: Curves, axis: str | None) -> pd.DataFrame:
    at = curves.trials.groupby(axis or NO_AXIS)
    seeds, done = at.size(), at["status"].count()
    is_so = {verdict: curves.trials["verdict"] == verdict for verdict in VERDICTS}
    is_so["diverged"] = curves.trials["status"] == "diverged"
    points = curves.trials[axis or NO_AXIS]
    columns = {
        "seeds": seeds,
        "missing": seeds - done,
        **{name: flags.groupby(points).sum() / done for name, flags in is_so.items()},
    }
    low, high = interval_of_means(curves.rates)
    spread = percentiles(curves.rates, SPREAD)
    return pd.DataFrame(
        {
            **curves.labels,
            **({axis: curves.points} if axis else {}),
            **{name: column.to_numpy() for name, column in columns.items()},
            "growth_rate": mean_curve(curves.rates),
            "growth_rate_low": low,
            "growth_rate_high": high,
            "seed_low": spread[0],
            "seed_high": spread[1],
        }
    )
