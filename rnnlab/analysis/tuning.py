"""The best value of one parameter for each condition, as a learning rate is tuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.analysis.choosing import axes
from rnnlab.analysis.successes import success_rates, trained
from rnnlab.analysis.summarising import there

_WORST = {"rate": -1.0, "median_updates": np.inf, "test_loss_over_baseline": np.inf}


def tuned(trials: Any, by: Sequence[str] | None = None, over: str = "learning_rate") -> pd.DataFrame:
    """Return the row of the best value of `over` for each condition: by, over, at_end, then as `success_rates`.

    The best has the highest success rate; of equal ones the fewest updates at the median, then the smallest median
    test loss, then the smallest value. by: default every axis but the seed and `over`. at_end: the best value is the
    smallest or the largest of those tried, and a better one may lie beyond. Tune on seeds of their own: the rate of
    the chosen value is that of a winner, too high for the seeds that chose it.
    """
    frame = trained(trials)
    there(frame, [over])
    points = [name for name in axes(frame) if name != over] if by is None else there(frame, _listed(by))
    rates = success_rates(frame, [*points, over])
    ranked = rates.fillna(_WORST).assign(rate=-rates["rate"].fillna(-1.0))
    best = rates.loc[ranked.sort_values([*_WORST, over]).index]
    best = best.drop_duplicates(points) if points else best.iloc[:1]
    best = best.sort_index()
    ends = rates.groupby(points, dropna=False)[over] if points else rates.assign(_all=0).groupby("_all")[over]
    at_end = (rates[over] == ends.transform("min")) | (rates[over] == ends.transform("max"))
    best.insert(len(points) + 1, "at_end", at_end.loc[best.index])
    return best.reset_index(drop=True)


def _listed(by: Sequence[str]) -> list[str]:
    return [by] if isinstance(by, str) else list(by)
