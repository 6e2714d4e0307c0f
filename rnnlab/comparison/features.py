"""The paired differences of a column that rounding does not explain: a flip of a seed changes their sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rnnlab.columns import Column
from rnnlab.comparison.aligning import Pair
from rnnlab.comparison.deviations import distance, numbers
from rnnlab.comparison.signs import Flips

ROUNDING = {"float64": 1e-6, "float32": 1e-3}  # of the size of the values: what rounding may do to them
_MOST = 20  # words of a column that are told apart


@dataclass(frozen=True, eq=False)
class Points:
    """Of every trial: the number of its grid point (all parameters but the seed) and of its seed, and its rounding."""

    point: np.ndarray
    seed: np.ndarray
    rounding: np.ndarray
    seeds: int

    def of(self, trials: np.ndarray) -> Points:
        """Return those of some of the trials."""
        return Points(self.point[trials], self.seed[trials], self.rounding[trials], self.seeds)


def points(trials: pd.DataFrame) -> Points:
    """Return the grid points of trials, given with their parameters."""
    names = [name for name in trials.columns if name not in ("key", "seed")]
    seed, seeds = pd.factorize(trials["seed"], use_na_sentinel=False)
    rounding = trials["dtype"].map(ROUNDING).fillna(ROUNDING["float64"]).to_numpy(np.float64)
    place = trials.groupby(names, dropna=False, sort=False).ngroup().to_numpy()
    return Points(place, np.asarray(seed), rounding, len(seeds))


def features(pair: Pair, column: Column, rows: np.ndarray, grid: Points) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows, of those given, and their differences b - a that rounding does not explain.

    The first of a column of numbers is of the values that are finite on both sides; then, as of a column of words, of
    every word (or null, nan, inf, -inf) whether it stands there. No difference is zero.
    """
    a, b = pair.a[column.name].take(pa.array(rows)), pair.b[column.name].take(pa.array(rows))
    if pa.types.is_string(a.type):
        yield from _of_words(_words(a), _words(b), rows)
        return
    (x, null_x), (y, null_y) = numbers(a), numbers(b)
    finite = np.isfinite(x) & np.isfinite(y)
    at, x_at, y_at = rows[finite], x[finite], y[finite]
    apart = np.clip(y_at, -1e308, 1e308) / 2 - np.clip(x_at, -1e308, 1e308) / 2  # half of it never overflows
    clear = distance(x_at, y_at) > _allowed(column, x_at, y_at, at, pair, grid)
    if clear.any():
        yield at[clear], apart[clear]
    odd = ~finite
    yield from _of_words(_kinds(x[odd], null_x[odd]), _kinds(y[odd], null_y[odd]), rows[odd])


def statistics(
    pair: Pair, column: Column, rows: np.ndarray, grid: Points, flips: Flips
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield the statistic of every feature of a column under every flip, and how many seeds it is of."""
    for at, differences in features(pair, column, rows, grid):
        seed = grid.seed[pair.trial[at]]
        yield flips.statistic(differences, _places(pair, at, grid), seed), len(np.unique(seed))


def _allowed(column: Column, x: np.ndarray, y: np.ndarray, at: np.ndarray, pair: Pair, grid: Points) -> np.ndarray:
    """Return how far values may lie apart by rounding: that part of them, of their point's median, or of a decade."""
    rounding = grid.rounding[pair.trial[at]]
    if column.unit == "log10":
        return rounding
    size = np.maximum(np.abs(x), np.abs(y))
    usual = pd.Series(size).groupby(_places(pair, at, grid)).transform("median").to_numpy()
    return rounding * np.maximum(size, usual)


def _places(pair: Pair, at: np.ndarray, grid: Points) -> np.ndarray:
    """Return the numbers of the grid points and coordinates of rows."""
    place = pd.DataFrame({"point": grid.point[pair.trial[at]]})
    for name in pair.coordinates:
        place[name] = pair.a[name].take(pa.array(at)).to_numpy()
    return place.groupby(list(place.columns), sort=False).ngroup().to_numpy()


def _of_words(a: np.ndarray, b: np.ndarray, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    unlike = a != b
    a, b, rows = a[unlike], b[unlike], rows[unlike]
    there, count = np.unique(np.concatenate([a, b]), return_counts=True)
    for word in there[np.argsort(-count, kind="stable")][:_MOST]:
        difference = (b == word).astype(np.float64) - (a == word)
        moved = difference != 0
        yield rows[moved], difference[moved]


def _words(column: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(column, "\0null").to_numpy(zero_copy_only=False).astype(str)


def _kinds(values: np.ndarray, null: np.ndarray) -> np.ndarray:
    kinds = np.select([null, np.isnan(values), values > 0, values < 0], ["null", "nan", "inf", "-inf"], "0")
    return np.where(np.isfinite(values), "finite", kinds)
