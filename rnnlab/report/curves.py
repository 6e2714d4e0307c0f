"""What the long tables say of each trial, in as much room as there is: fewer points, then fewer trials."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab import analysis, measures
from rnnlab.report.packing import Packer, codes, compact

if TYPE_CHECKING:
    from rnnlab.api import Results

_POINTS = (400, 200, 100, 64, 32, 16)  # of a curve, at most
_ROWS = 6_000_000  # of a long table that are read; beyond that of some trials only
_CHEAPEST, _DEAREST = 1.0, 3.6  # bytes of a point, compressed


@dataclass(frozen=True, slots=True)
class Kind:
    """A column of a long table against its coordinate, or against two of them: a map."""

    table: str
    at: tuple[str, ...]
    column: str
    title: str
    more: bool = False  # left out where room is short


KINDS = (
    Kind("gradients_by_step", ("t",), "log10_grad_norm_h", "Gradient over time"),
    Kind("lags_by_lag", ("lag",), "log10_rms_contribution", "Contributions by lag"),
    Kind("lyapunov_by_index", ("i",), "lyapunov_exponent", "Lyapunov spectrum"),
    Kind("jacobian_by_index", ("i",), "log10_singular_value", "Singular values of the Jacobian"),
    Kind("terms_by_pair", ("k", "t"), "log10_term_norm_U", "Terms of dL/dU"),
    Kind("training_by_update", ("update",), "test_loss", "Test loss along training"),
    Kind("training_by_update", ("update",), "growth_rate", "Growth rate along training"),
    Kind("training_by_update", ("update",), "log10_grad_norm_U", "Gradient along training"),
    Kind("gain_by_step", ("t",), "slope_gain", "Gain of the slopes"),
    Kind("gain_by_step", ("t",), "recurrent_gain", "Gain of U"),
    Kind("lags_by_lag", ("lag",), "share", "Shares by lag", more=True),
    Kind("training_by_update", ("update",), "accuracy", "Accuracy along training", more=True),
    Kind("training_by_update", ("update",), "lyapunov_max", "λ₁ along training", more=True),
    Kind("gradients_by_step", ("t",), "state_rms", "Size of the state", more=True),
)


@dataclass(frozen=True)
class Curves:
    """What the page has of the long tables."""

    kinds: list[dict[str, Any]]
    data: str  # packed
    points: int  # of a curve, at most
    trials: int  # that have curves here
    total: int  # that could have them
    left_out: list[str]  # titles


@dataclass(frozen=True)
class _Rows:
    """The rows of one kind, by trial and then by coordinates."""

    kind: Kind
    trials: np.ndarray  # (trials,) their numbers in grid order
    starts: np.ndarray  # (trials + 1,) where the rows of each begin
    places: np.ndarray  # (rows, coordinates)
    values: np.ndarray  # (rows,)

    @property
    def longest(self) -> int:
        """Points of the longest curve."""
        return int(np.diff(self.starts).max(initial=0))

    def of(self, some: np.ndarray) -> _Rows:
        """Return the rows of some trials."""
        chosen = np.isin(self.trials, some)
        lengths = np.diff(self.starts)
        rows = np.repeat(chosen, lengths)
        starts = np.concatenate([[0], np.cumsum(lengths[chosen])])
        return _Rows(self.kind, self.trials[chosen], starts, self.places[rows], self.values[rows])


def packed(results: Results, room: int) -> Curves:
    """Return the curves of all trials in at most `room` letters, or with fewer points, or of some trials."""
    there = _read(results)
    kept = [rows for rows in there if not rows.kind.more]
    total = len({*np.concatenate([np.empty(0, np.int64), *(rows.trials for rows in there)]).tolist()})
    for rows, most in [*((there, most) for most in _levels(there)[:4]), *((kept, most) for most in _levels(kept))]:
        if _size(rows, most) * _CHEAPEST * 4 / 3 <= room:
            found = _packed(rows, most)
            if _letters(found) <= room:
                return _curves(found, most, total, there, rows)
    return _of_some(kept, room, total, there, len(results.trials))


def _of_some(kept: list[_Rows], room: int, total: int, there: list[_Rows], count: int) -> Curves:
    """Return the curves of as many trials as there is room for, evenly spaced over the grid."""
    most = _POINTS[-1]
    share = room / max(room, _size(kept, most) * _DEAREST * 4 / 3)
    while True:
        some = np.array(analysis.spaced(range(count), max(1, int(share * count))))
        found = _packed([rows.of(some) for rows in kept], most)
        if _letters(found) <= room or len(some) == 1:
            return _curves(found, most, total, there, kept)
        share *= 0.9 * room / _letters(found)


def _letters(found: tuple[list[dict[str, Any]], str, int]) -> int:
    return len(found[1]) + len(json.dumps(found[0]))


def _levels(rows: Sequence[_Rows]) -> list[int]:
    """Return how many points curves may have, the most first; but one of the levels that thin nothing."""
    longest = max((each.longest for each in rows), default=0)
    whole = [most for most in _POINTS if most >= longest]
    return [most for most in _POINTS if most < longest or most == whole[-1]]


def _curves(
    found: tuple[list[dict[str, Any]], str, int], most: int, total: int, there: Sequence[_Rows], kept: Sequence[_Rows]
) -> Curves:
    out = [rows.kind.title for rows in there if rows not in kept]
    return Curves(found[0], found[1], most, found[2], total, out)


def _has(results: Results, kind: Kind) -> bool:
    files = results.manifest["files"]
    known = {table for name in results.measured for table in measures.registry()[name].TABLES}
    return kind.table in known and any(each["path"].startswith(f"{kind.table}/") for each in files)


def _read(results: Results) -> list[_Rows]:
    """Return what the long tables have for each kind; rows without a value are left out."""
    there = [kind for kind in KINDS if _has(results, kind)]
    number = pd.Series(np.arange(len(results.trials)), index=results.trials["key"])
    found: list[_Rows] = []
    for table in dict.fromkeys(kind.table for kind in there):
        own = [kind for kind in there if kind.table == table]
        names = list(dict.fromkeys(["key", *(name for kind in own for name in (*kind.at, kind.column))]))
        where = {"key": some} if (some := _some(results, table)) else None
        pair = ["t", "k"] if table == "jacobian_by_index" else []
        frame = results.table(table, [*names, *pair], where=where)
        if pair:  # of the pair that the trial's row tells of
            frame = frame.merge(results.statistics("jacobian")[["key", *pair]], on=["key", *pair])
        trials = number.loc[frame["key"]].to_numpy() if len(frame) else np.empty(0, np.int64)
        found += [_ordered(kind, frame, trials) for kind in own]
    order = list(KINDS)
    return sorted((rows for rows in found if len(rows.trials)), key=lambda rows: order.index(rows.kind))


def _ordered(kind: Kind, frame: pd.DataFrame, trials: np.ndarray) -> _Rows:
    values = frame[kind.column].to_numpy(np.float64, na_value=np.nan)
    known = ~np.isnan(values)
    trials, values = trials[known], values[known]
    places = frame[list(kind.at)].to_numpy(np.int64)[known]
    order = np.lexsort((*reversed(places.T), trials))
    numbers, starts = np.unique(trials[order], return_index=True)
    return _Rows(kind, numbers, np.append(starts, len(values)), places[order], values[order])


def _some(results: Results, table: str) -> list[str]:
    """Return the trials to read where a table is too long to read it all; empty: all."""
    rows = sum(each["rows"] for each in results.manifest["files"] if each["path"].startswith(f"{table}/"))
    keys = list(results.trials["key"])
    return analysis.spaced(keys, max(1, len(keys) * _ROWS // rows)) if rows > _ROWS else []


def _size(rows: Sequence[_Rows], most: int) -> int:
    """Return about how many points are kept."""
    return sum(int(np.minimum(np.diff(e.starts), most if len(e.kind.at) == 1 else 8 * most).sum()) for e in rows)


def _packed(rows: Sequence[_Rows], most: int) -> tuple[list[dict[str, Any]], str, int]:
    """Return what unpacks each kind, all of it packed, and how many trials have something."""
    packer = Packer()
    entries = [_entry(each, most, packer) for each in rows if len(each.trials)]
    have = np.unique(np.concatenate([np.empty(0, np.int64), *(each.trials for each in rows)]))
    return entries, packer.packed(), len(have)


def _entry(rows: _Rows, most: int, packer: Packer) -> dict[str, Any]:
    kind, grids, at, keep, thinned = rows.kind, {}, [], [], 0  # type: ignore[var-annotated]
    for start, end in itertools.pairwise(rows.starts.tolist()):
        places = rows.places[start:end]
        name = places.tobytes()
        if name not in grids:
            kept = _kept(places, most)
            grids[name] = (len(grids), kept, places[kept])
        number, kept, _ = grids[name]
        thinned += len(kept) < end - start
        at.append(number)
        keep.append(kept + start)
    described = measures.registry()[kind.table.partition("_by_")[0]].TABLES[kind.table]
    columns = {column.name: column for column in described}
    grid = [places.tolist() if len(kind.at) > 1 else places[:, 0].tolist() for _, _, places in grids.values()]
    return {
        "title": kind.title, "table": kind.table, "at": list(kind.at), "column": kind.column, "thinned": thinned,
        "label": columns[kind.column].axis_label, "atLabels": [columns[name].axis_label for name in kind.at],
        "grids": grid, "trials": packer.add(codes(rows.trials, int(rows.trials.max()))),
        "gridOf": packer.add(codes(at, len(grids))), "values": packer.add(compact(rows.values[np.concatenate(keep)])),
    }  # fmt: skip


def _kept(places: np.ndarray, most: int) -> np.ndarray:
    """Return which points of a curve (points, coordinates) are kept: evenly spaced, with both ends.

    Of a map they are every n-th of both coordinates.
    """
    if places.shape[1] == 1:
        return np.arange(len(places)) if len(places) <= most else _spaced(len(places), most)
    side = max(2, int(np.sqrt(8 * most)))
    keep = np.ones(len(places), bool)
    for column in places.T:
        distinct = np.unique(column)
        keep &= np.isin(column, distinct[_spaced(len(distinct), min(side, len(distinct)))])
    return np.flatnonzero(keep)


def _spaced(count: int, most: int) -> np.ndarray:
    return np.linspace(0, count - 1, most).round().astype(int)
