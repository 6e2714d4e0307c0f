"""Statistics over seeds at every point of a grid: means with intervals, spread, and what was counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab.analysis.choosing import PARAMETERS, axes, in_order
from rnnlab.analysis.curves import INTERVAL, percentiles, resamples
from rnnlab.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from rnnlab.analysis.curves import Floats

VERDICTS = ("vanishes", "stable", "explodes")


def frame_of(trials: Any) -> pd.DataFrame:
    """Return the trials of results, or the frame itself."""
    return trials if isinstance(trials, pd.DataFrame) else trials.trials


def summary(trials: Any, by: Sequence[str] | None = None, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return one row per grid point: what its seeds say of each statistic.

    trials: results, their `trials`, or a long table with the parameters and the seed joined. by: what makes a point;
    default: every axis but the seed. columns: statistics; default: all that are floating-point numbers.

    Columns: by; seeds; where the trials have a status: missing (how many have no result yet) and the shares of those
    with a result that are vanishes, stable, explodes (where there is a verdict) and diverged; then of each statistic x
    the mean `x` with its 95 % bootstrap interval `x_low`, `x_high`, the standard deviation `x_sd`, and `x_count`, the
    values that all of these are of: nulls and infinities (log10 of an exact zero) are left out. The bootstrap draws
    whole seeds, 2,000 times, the same every time; it and the standard deviation are null for a single seed.
    Raises UsageError for a column that is not there or is no number.

    >>> import pandas as pd
    >>> trials = pd.DataFrame({"width": [8, 8, 16, 16], "seed": [0, 1, 0, 1], "loss": [3.0, 5.0, 1.0, 1.0]})
    >>> summary(trials)[["width", "seeds", "loss", "loss_count"]].to_dict("list")
    {'width': [8, 16], 'seeds': [2, 2], 'loss': [4.0, 1.0], 'loss_count': [2, 2]}
    """
    frame = frame_of(trials)
    points = list(axes(frame)) if by is None else there(frame, [by] if isinstance(by, str) else by)
    wanted = _statistics(frame, columns, points)
    if "seed" not in frame or frame.empty:
        raise UsageError("there are no trials to look at" if frame.empty else "the frame has no column seed: join it")
    return pd.DataFrame([_row(point, group, wanted) for point, group in groups_of(frame, points)])


def there(frame: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Return the names; raises UsageError for one that is no column."""
    for name in (names := list(names)):
        if name not in frame:
            raise UsageError(f"{name} is no column here.{did_you_mean(name, frame.columns)}")
    return names


def _statistics(frame: pd.DataFrame, columns: Sequence[str] | None, points: list[str]) -> list[str]:
    if columns is None:
        return [name for name in frame.select_dtypes("floating") if name not in (*PARAMETERS, *points)]
    wanted = there(frame, [columns] if isinstance(columns, str) else columns)
    for name in wanted:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise UsageError(f"{name} is no number, so it has no mean; columns are numbers, as growth_rate.")
    return wanted


def groups_of(frame: pd.DataFrame, points: list[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yield the points in the order of tables, with their rows."""
    if not points:
        yield {}, frame
        return
    orders = [{value: i for i, value in enumerate(in_order(frame[name].dropna()))} for name in points]
    groups = [(values, group) for values, group in frame.groupby(points, dropna=False, sort=False)]

    def place(each: tuple[tuple[Any, ...], pd.DataFrame]) -> tuple[int, ...]:
        return tuple(order.get(value, len(order)) for order, value in zip(orders, each[0], strict=True))

    for values, group in sorted(groups, key=place):
        yield dict(zip(points, values, strict=True)), group


def _row(point: dict[str, Any], group: pd.DataFrame, wanted: list[str]) -> dict[str, Any]:
    values = group[wanted].to_numpy(np.float64, na_value=np.nan)
    values = np.where(np.isfinite(values), values, np.nan)
    seeds, codes = np.unique(group["seed"].to_numpy(), return_inverse=True)
    mean, low, high = _means(values, codes, len(seeds))
    count = np.isfinite(values).sum(axis=0)
    deviation = _deviation(values, mean, count)
    row = {**point, "seeds": len(seeds), **_shares(group)}
    for i, name in enumerate(wanted):
        row |= {name: mean[i], f"{name}_low": low[i], f"{name}_high": high[i], f"{name}_sd": deviation[i]}
        row[f"{name}_count"] = int(count[i])
    return row


def _shares(group: pd.DataFrame) -> dict[str, float]:
    if "status" not in group:
        return {}
    done = int(group["status"].count())
    flags = {name: group["verdict"] == name for name in VERDICTS} if "verdict" in group else {}
    flags["diverged"] = group["status"] == "diverged"
    shares = {name: float(each.sum()) / done if done else np.nan for name, each in flags.items()}
    return {"missing": len(group) - done, **shares}


def _means(values: Floats, codes: np.ndarray, seeds: int) -> tuple[Floats, Floats, Floats]:
    """Return the mean of every column and the ends of its interval, over rows whose seed is `codes`."""
    known = np.isfinite(values)
    total, number = np.zeros((2, seeds, values.shape[1]))
    np.add.at(total, codes, np.where(known, values, 0.0))
    np.add.at(number, codes, known)
    mean = _ratio(total.sum(axis=0), number.sum(axis=0))
    ends = percentiles(_ratio(resamples(seeds) @ total, resamples(seeds) @ number), INTERVAL)
    single = (number > 0).sum(axis=0) < 2
    low, high = np.where(single, np.nan, ends)
    return mean, low, high


def _ratio(total: Floats, number: Floats) -> Floats:
    return np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)


def _deviation(values: Floats, mean: Floats, count: np.ndarray) -> Floats:
    off = values - mean
    largest = np.nan_to_num(np.abs(off)).max(axis=0, initial=0.0)
    scale = np.where(largest > 1e150, largest, 1.0)  # squares of huge losses would overflow
    squares = np.nansum((off / scale) ** 2, axis=0)
    return scale * np.sqrt(_ratio(squares, np.where(count > 1, count - 1.0, 0.0)))
