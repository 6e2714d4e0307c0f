"""Growth rates as curves over an axis, a curve a seed, and what resampled seeds say of their means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab.analysis.choosing import PARAMETERS, in_order, main_axis, other_axes
from rnnlab.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RESAMPLES = 2000
INTERVAL = (2.5, 97.5)  # percent: the bootstrap interval of a mean over seeds
SPREAD = (5.0, 95.0)  # percent: the band that holds nine seeds of ten
NO_AXIS = "(no axis)"


def checked_axis(trials: pd.DataFrame, axis: str | None) -> str | None:
    """Return the axis that is asked for, or the one that matters.

    Raises UsageError for one that is not numeric, and for the seed, over which means are taken.
    """
    if trials.empty:
        raise UsageError("there are no trials to look at")
    if axis is None:
        return main_axis(trials)
    numeric = [name for name, parameter in PARAMETERS.items() if parameter.dtype != "string" and name != "seed"]
    if axis not in numeric:
        raise UsageError(f"{axis} is not a numeric parameter to compare.{did_you_mean(axis, numeric)}")
    return axis


@dataclass(frozen=True)
class Curves:
    """The trials of one activation at one point of the other axes, and their growth rates."""

    labels: dict[str, Any]  # the other axes and activation
    trials: pd.DataFrame
    seeds: NDArray[np.int64]
    points: Floats  # values of the main axis, ascending
    rates: Floats  # (seeds, points), nan where there is none


def curves_of(trials: pd.DataFrame, axis: str | None) -> Iterator[Curves]:
    """Yield the curves of every activation at every point of the other axes, in the order of tables."""
    names = [*other_axes(trials, axis), "activation"]
    if axis is None:
        axis, trials = NO_AXIS, trials.assign(**{NO_AXIS: 1.0})
    order = in_order(trials["activation"])
    for values, group in sorted(trials.groupby(names), key=lambda each: (*each[0][:-1], order.index(each[0][-1]))):
        rates = group.pivot_table(index="seed", columns=axis, values="growth_rate", dropna=False)
        labels = dict(zip(names, values, strict=True))
        yield Curves(labels, group, rates.index.to_numpy(), rates.columns.to_numpy(), rates.to_numpy())


def mean_curve(rates: Floats) -> Floats:
    """Return the mean over seeds at each point; nan where no seed has a rate."""
    return _weighted_means(np.ones((1, len(rates))), rates)[0]


def resampled_means(rates: Floats) -> Floats:
    """Return the mean curves of bootstrap resamples of whole seed curves: (RESAMPLES, points), the same every time."""
    return _weighted_means(resamples(len(rates)), rates)


@lru_cache(maxsize=16)
def resamples(seeds: int) -> Floats:
    """Return how often each seed is in each bootstrap resample, (RESAMPLES, seeds): the same every time."""
    counts = np.random.default_rng(0).multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES)
    return counts.astype(np.float64)


def _weighted_means(counts: Floats, rates: Floats) -> Floats:
    known = ~np.isnan(rates)
    weight = counts @ known
    return np.divide(counts @ np.where(known, rates, 0.0), weight, out=np.full(weight.shape, np.nan), where=weight > 0)


def interval_of_means(rates: Floats) -> Floats:
    """Return the ends of the bootstrap interval of the mean at each point, (2, points); nan for a single seed."""
    single = (~np.isnan(rates)).sum(axis=0) < 2
    return np.where(single, np.nan, percentiles(resampled_means(rates), INTERVAL))


def percentiles(values: Floats, percents: tuple[float, float]) -> Floats:
    """Return the sample just outside each of two percentiles down the columns, nan left out; (2, columns)."""
    known = (~np.isnan(values)).sum(axis=0)
    last = np.maximum(known - 1, 0)
    low, high = np.floor(percents[0] / 100 * last), np.ceil(percents[1] / 100 * last)
    return np.take_along_axis(np.sort(values, axis=0), np.stack([low, high]).astype(np.intp), axis=0)
