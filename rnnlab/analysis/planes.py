"""A statistic over two axes: the mean over seeds at every point of the grid that they span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab.analysis.summarising import frame_of, there

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane:
    """Values of two axes, ascending, and what stands at each point: arrays (Y, X)."""

    x: Floats
    y: Floats
    mean: Floats  # over the seeds that have a finite number; nan where none has
    trials: Floats  # how many have a result; 0: the grid has no such point, or nothing is measured there yet
    diverged: Floats  # share of them; nan where there is none


def plane(trials: Any, x: str, y: str, column: str) -> Plane:
    """Return the mean of a column over seeds (and whatever else varies) at every point of the axes x and y.

    trials: results, or their `trials`. Points that the grid leaves out, or that have no result yet, have 0 trials.
    Raises UsageError for a column that is not there.
    """
    frame = frame_of(trials)
    there(frame, [x, y, column])
    values = frame[column].to_numpy(np.float64, na_value=np.nan)
    done = frame["status"].notna() if "status" in frame else pd.Series(True, frame.index)
    told = pd.DataFrame(
        {
            "x": frame[x].to_numpy(np.float64),
            "y": frame[y].to_numpy(np.float64),
            "mean": np.where(np.isfinite(values), values, np.nan),
            "trials": done.to_numpy(np.float64),
            "diverged": (frame["status"] == "diverged").to_numpy(np.float64) if "status" in frame else 0.0,
        }
    )
    at = told.groupby(["y", "x"])
    found = at[["trials", "diverged"]].sum().assign(mean=at["mean"].mean())
    xs, ys = np.unique(told["x"]), np.unique(told["y"])
    mean, count, lost = (_square(found[name], xs, ys) for name in ("mean", "trials", "diverged"))
    count = np.nan_to_num(count)
    share = np.divide(lost, count, out=np.full(count.shape, np.nan), where=count > 0)
    return Plane(xs, ys, mean, count, share)


def _square(values: pd.Series, xs: Floats, ys: Floats) -> Floats:
    return values.unstack("x").reindex(index=ys, columns=xs).to_numpy(np.float64)
