"""What the tables say: verdicts and turning points. DataFrame in, DataFrame out.

The frames are those of `Results.trials`: one row per trial, parameters and statistics as columns. Means and intervals
are over seeds. A seed without a growth rate (its gradient is exactly zero, or it diverged) is left out of the means
and counted in the shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from rnnlab.errors import UsageError, did_you_mean
from rnnlab.trial import parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PARAMETERS = {parameter.column.name: parameter for parameter in parameters().values()}  # by column
VERDICTS = ("vanishes", "stable", "explodes")
RESAMPLES = 2000
_INTERVAL = (2.5, 97.5)  # percent: the bootstrap interval of a mean over seeds
_SPREAD = (5.0, 95.0)  # percent: the band that holds nine seeds of ten
_NO_AXIS = "(no axis)"
_ACTIVATIONS: tuple[str, ...] = get_args(parameters()["activation"].type)


def pick(trials: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows whose columns have these values (one, or a list of them).

    Raises UsageError for an unknown column, and where nothing is left.
    """
    for name, wanted in where.items():
        if name not in trials.columns:
            raise UsageError(f"{name} is no column here.{did_you_mean(name, trials.columns)}")
        found = trials[trials[name].isin(_listed(wanted))]
        if found.empty and not trials.empty:
            there = ", ".join(map(str, spaced(sorted(trials[name].dropna().unique()), 8)))
            raise UsageError(
                f"no trial has {name} = {', '.join(map(str, _listed(wanted)))}. There are, for example: {there}"
            )
        trials = found
    return trials


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset, np.ndarray, pd.Series, pd.Index)) else [value]


def axes(trials: pd.DataFrame) -> list[str]:
    """Return the parameters with several values, but for the seed, and inputs and outputs that are the width."""
    names = [n for n in PARAMETERS if n != "seed" and n in trials.columns and trials[n].nunique() > 1]
    return [n for n in names if n not in ("inputs", "outputs") or not trials[n].equals(trials["width"])]


def in_order(values: Iterable[Any]) -> list[Any]:
    """Return the distinct values in the order of tables and legends: activations as people say them, else ascending."""
    return sorted(set(values), key=lambda value: (_place(value), value))


def _place(value: Any) -> int:
    return _ACTIVATIONS.index(value) if value in _ACTIVATIONS else len(_ACTIVATIONS)


def main_axis(trials: pd.DataFrame) -> str | None:
    """Return the axis that matters: recurrent_scale or length, the one with more values, else the longest, else None.

    Values are counted within an activation, since each may have its own; recurrent_scale wins a tie.
    """
    numeric = [n for n in axes(trials) if PARAMETERS[n].dtype != "string"]
    preferred = [n for n in ("recurrent_scale", "length") if n in numeric] or numeric
    return max(preferred, key=lambda name: trials.groupby("activation")[name].nunique().max(), default=None)


def other_axes(trials: pd.DataFrame, axis: str | None) -> list[str]:
    """Return the axes that split the trials further: all but activation, `axis` and what is zipped with it."""
    names = [n for n in axes(trials) if n not in ("activation", axis)]
    return [n for n in names if axis is None or not zipped(trials, n, axis)]


def densest(trials: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the trials at one point of the named axes, and the point: that with the most trials, of these the last."""
    if not names:
        return trials, {}
    sizes = trials.groupby(names).size()
    point = sizes[sizes == sizes.max()].index[-1]
    values = dict(zip(names, point if len(names) > 1 else (point,), strict=True))
    return trials[(trials[names] == pd.Series(values)).all(axis=1)], values


def spaced(values: Sequence[Any], most: int) -> list[Any]:
    """Return at most `most` of the values, evenly spaced in their order, with both ends."""
    if len(values) <= most:
        return list(values)
    return [values[i] for i in np.linspace(0, len(values) - 1, most).round().astype(int)]


def companion(trials: pd.DataFrame, axis: str | None, most: int) -> str | None:
    """Return the axis to show beside `axis` in one table or figure: input_scale, else the first with few values."""
    few = [n for n in other_axes(trials, axis) if trials[n].nunique() <= most]
    return "input_scale" if "input_scale" in few else next(iter(few), None)


def apart(trials: pd.DataFrame, axis: str | None, beside: str | None) -> list[str]:
    """Return the axes that remain, one table or figure for each point of them: neither `axis` nor `beside` nor tied."""
    names = [n for n in other_axes(trials, axis) if n != beside]
    return [n for n in names if beside is None or not zipped(trials, n, beside)]


def zipped(trials: pd.DataFrame, one: str, other: str) -> bool:
    """Tell whether each value of one axis goes with exactly one value of the other."""
    pairs = len(trials[[one, other]].drop_duplicates())
    return pairs == trials[one].nunique() == trials[other].nunique()


def verdicts(trials: pd.DataFrame, axis: str | None = None) -> pd.DataFrame:
    """Return one row per value of `axis` (default: `main_axis`), activation and point of the other axes.

    Columns: the axes; seeds; missing (how many have no result yet); vanishes, stable, explodes, diverged (shares of
    the seeds with a result, 0 to 1); growth_rate (mean over seeds, nats/step) with its bootstrap interval
    growth_rate_low, growth_rate_high (null for a single seed); seed_low, seed_high (nine seeds of ten lie between).
    """
    axis = _checked(trials, axis)
    return pd.concat([_verdicts_of(curves, axis) for curves in _curves(trials, axis)], ignore_index=True)


def turning_points(trials: pd.DataFrame, axis: str | None = None) -> pd.DataFrame:
    """Return where the mean growth rate over seeds crosses zero, one row per activation and point of the other axes.

    The crossing is interpolated linearly in the logarithm of `axis` (values that are not positive are left out); its
    interval resamples whole seed curves. Columns: the axes; seeds; turning_point with turning_point_low and _high
    (0 or inf: that end lies beyond the axis; null for a single seed); side (`crosses`; `above` or `below`: there is
    no crossing, it would lie beyond the largest or the smallest value; `unclear`); crossings (the first is given);
    seeds_crossing, seed_mean, seed_spread (the turning points of the seeds' own curves: number, mean, standard
    deviation).
    """
    axis = _required(trials, axis)
    return pd.DataFrame([_turning_point_of(curves) for curves in _curves(trials, axis)])


def seed_turning_points(trials: pd.DataFrame, axis: str | None = None) -> pd.DataFrame:
    """Return the axes, seed and turning_point of each seed's own curve; null where it does not cross."""
    axis = _required(trials, axis)
    frames = [
        pd.DataFrame({**curves.labels, "seed": curves.seeds, "turning_point": _own_crossings(curves)})
        for curves in _curves(trials, axis)
    ]
    return pd.concat(frames, ignore_index=True)


def _checked(trials: pd.DataFrame, axis: str | None) -> str | None:
    if trials.empty:
        raise UsageError("there are no trials to look at")
    if axis is None:
        return main_axis(trials)
    if axis not in PARAMETERS or PARAMETERS[axis].dtype == "string":
        raise UsageError(f"{axis} is not a numeric parameter")
    return axis


def _required(trials: pd.DataFrame, axis: str | None) -> str:
    axis = _checked(trials, axis)
    if axis is None:
        raise UsageError("a turning point needs a numeric axis with several values, such as recurrent_scale")
    return axis


@dataclass(frozen=True)
class _Curves:
    """The trials of one activation at one point of the other axes, and their growth rates."""

    labels: dict[str, Any]  # the other axes and activation
    trials: pd.DataFrame
    seeds: NDArray[np.int64]
    points: Floats  # values of the main axis, ascending
    rates: Floats  # (seeds, points), nan where there is none


def _curves(trials: pd.DataFrame, axis: str | None) -> Iterator[_Curves]:
    names = [*other_axes(trials, axis), "activation"]
    if axis is None:
        axis, trials = _NO_AXIS, trials.assign(**{_NO_AXIS: 1.0})
    groups = dict(iter(trials.groupby(names)))
    for values in sorted(groups, key=lambda point: (*point[:-1], _place(point[-1]))):
        group = groups[values]
        rates = group.pivot_table(index="seed", columns=axis, values="growth_rate", dropna=False)
        labels = dict(zip(names, values, strict=True))
        yield _Curves(labels, group, rates.index.to_numpy(), rates.columns.to_numpy(), rates.to_numpy())


def _verdicts_of(curves: _Curves, axis: str | None) -> pd.DataFrame:
    at = curves.trials.groupby(axis or _NO_AXIS)
    seeds, done = at.size(), at["status"].count()
    is_so = {verdict: curves.trials["verdict"] == verdict for verdict in VERDICTS}
    is_so["diverged"] = curves.trials["status"] == "diverged"
    points = curves.trials[axis or _NO_AXIS]
    columns = {
        "seeds": seeds,
        "missing": seeds - done,
        **{name: flags.groupby(points).sum() / done for name, flags in is_so.items()},
    }
    low, high = _interval(_resampled_means(curves.rates), curves.rates)
    spread = _percentiles(curves.rates, _SPREAD)
    return pd.DataFrame(
        {
            **curves.labels,
            **({axis: curves.points} if axis else {}),
            **{name: column.to_numpy() for name, column in columns.items()},
            "growth_rate": _mean(curves.rates),
            "growth_rate_low": low,
            "growth_rate_high": high,
            "seed_low": spread[0],
            "seed_high": spread[1],
        }
    )


def _turning_point_of(curves: _Curves) -> dict[str, Any]:
    logs, rates = _log_curves(curves)
    mean = _mean(rates)
    direction = _direction(mean)
    turn = _crossings(direction * mean[None], logs)
    resampled = _crossings(direction * _resampled_means(rates), logs)
    low, high = _percentiles(resampled[:, None], _INTERVAL) if len(rates) > 1 else (np.full(1, np.nan),) * 2
    own = _own_crossings(curves)
    own = own[~np.isnan(own)]
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
    }


def _own_crossings(curves: _Curves) -> Floats:
    logs, rates = _log_curves(curves)
    direction = _direction(_mean(rates))
    crossings = [_crossings(direction * own[None, ~np.isnan(own)], logs[~np.isnan(own)])[0] for own in rates]
    return _inside(np.array(crossings))


def _log_curves(curves: _Curves) -> tuple[Floats, Floats]:
    """Return ln of the points and the rates there, where there is something to interpolate."""
    keep = (curves.points > 0) & ~np.isnan(curves.rates).all(axis=0)
    return np.log(curves.points[keep].astype(np.float64)), curves.rates[:, keep]


def _direction(mean: Floats) -> float:
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


def _mean(rates: Floats) -> Floats:
    return _weighted_means(np.ones((1, len(rates))), rates)[0]


def _resampled_means(rates: Floats) -> Floats:
    """Return the mean curves of bootstrap resamples of whole seed curves: (RESAMPLES, points), the same every time."""
    seeds = len(rates)
    counts = np.random.default_rng(0).multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES)
    return _weighted_means(counts.astype(np.float64), rates)


def _weighted_means(counts: Floats, rates: Floats) -> Floats:
    known = ~np.isnan(rates)
    weight = counts @ known
    return np.divide(counts @ np.where(known, rates, 0.0), weight, out=np.full(weight.shape, np.nan), where=weight > 0)


def _interval(resampled: Floats, rates: Floats) -> Floats:
    single = (~np.isnan(rates)).sum(axis=0) < 2
    return np.where(single, np.nan, _percentiles(resampled, _INTERVAL))


def _percentiles(values: Floats, percents: tuple[float, float]) -> Floats:
    """Return the sample just outside each of two percentiles down the columns, nan left out; (2, columns)."""
    known = (~np.isnan(values)).sum(axis=0)
    last = np.maximum(known - 1, 0)
    low, high = np.floor(percents[0] / 100 * last), np.ceil(percents[1] / 100 * last)
    return np.take_along_axis(np.sort(values, axis=0), np.stack([low, high]).astype(np.intp), axis=0)
