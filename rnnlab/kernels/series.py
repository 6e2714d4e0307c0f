"""Averages over a series in time that knows its past."""

from __future__ import annotations

import math

from rnnlab.kernels.options import kernel, reduction

MOST_LAGS = 1000


@reduction
def _covariance(series, mean, lag):  # type: ignore[no-untyped-def]
    total = 0.0
    for t in range(series.size - lag):
        total += (series[t] - mean) * (series[t + lag] - mean)
    return total / series.size


@kernel
def mean_and_error(series):  # type: ignore[no-untyped-def]
    """Return the mean of a series and its standard error, corrected for autocorrelation.

    The sum of autocovariances is cut by the initial positive sequence (Geyer 1992, Statist. Sci. 7, eq. 3.3): pairs of
    neighbouring lags are added while their sum is positive. At least variance / n², which a telescoping sum reaches.
    """
    n = series.size
    total = 0.0
    for t in range(n):
        total += series[t]
    mean = total / n
    variance = _covariance(series, mean, 0)
    long_run = -variance
    for lag in range(0, min(n - 1, MOST_LAGS), 2):
        pair = _covariance(series, mean, lag) + _covariance(series, mean, lag + 1)
        if pair <= 0.0:
            break
        long_run += 2.0 * pair
    return mean, math.sqrt(max(long_run / n, variance / (n * n)))


@kernel
def means(series, mean, error):  # type: ignore[no-untyped-def]
    """Mean and standard error (G,) of every series (G, n); nan where an entry is not finite."""
    for g in range(series.shape[0]):
        mean[g], error[g] = mean_and_error(series[g])
        if not math.isfinite(mean[g]):
            mean[g], error[g] = math.nan, math.nan


@kernel
def growth(mean_log, start, stop, rate, error):  # type: ignore[no-untyped-def]
    """Growth per step of the curves mean_log (G, T+1) from t = stop back to t = start, and its standard error.

    Both are nan where an end is not finite.
    """
    for g in range(mean_log.shape[0]):
        curve = mean_log[g, start : stop + 1]
        rate[g] = (curve[0] - curve[-1]) / (stop - start)
        error[g] = math.nan
        if math.isfinite(rate[g]):
            _mean, error[g] = mean_and_error(curve[:-1] - curve[1:])
        else:
            rate[g] = math.nan
