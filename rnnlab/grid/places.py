"""Trials by number: which stand in a grid is told by whole columns, and only those asked for are built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from rnnlab.errors import UsageError
from rnnlab.experiment import Axis, Experiment
from rnnlab.experiment.ranges import Column
from rnnlab.grid.finding import places, taken
from rnnlab.trial import Trial, parameters

_MOST = 2**62  # places that an int64 can number
_CHUNK = 2**18  # places that are looked at together


@dataclass(frozen=True, slots=True)
class _Numbered:
    """One grid whose places begin at `start`; the last axis is the fastest."""

    axes: tuple[Axis, ...]
    start: int
    size: int

    def find(self, columns: Mapping[str, pa.Array]) -> np.ndarray:
        """Return the place (R,) of every row, -1 where it does not stand in this grid."""
        rows = len(next(iter(columns.values())))
        inside, number = np.arange(rows), np.zeros(rows, np.int64)  # only rows that may stand here are looked at
        for axis in self.axes:
            values = [columns[parameters()[name].column.name] for name in axis.names]
            at = places(axis, [_part(each, inside, rows) for each in values])
            inside, number = inside[at >= 0], (number * axis.size + at)[at >= 0]
        found = np.full(rows, -1, np.int64)
        found[inside] = self.start + number
        return found

    def spread(self, at: np.ndarray) -> dict[str, tuple[Column, np.ndarray]]:
        """Return, for every name, its column and where in it these places stand."""
        rest, found = at - self.start, dict[str, tuple[Column, np.ndarray]]()
        for axis in reversed(self.axes):
            rest, here = np.divmod(rest, axis.size)
            found |= {name: (column, here) for name, column in zip(axis.names, axis.columns, strict=True)}
        return found


def _part(values: pa.Array, rows: np.ndarray, of: int) -> pa.Array:
    return values if len(rows) == of else values.take(pa.array(rows))


class Places:
    """The places of an experiment's trials, in grid order; where grids overlap, a trial stands at its first place."""

    def __init__(self, experiment: Experiment) -> None:
        self._grids: list[_Numbered] = []
        self.size = 0  # places, those that only repeat an earlier trial included
        for grid in experiment.grids:
            self._grids.append(_Numbered(grid.axes, self.size, grid.size))
            self.size += grid.size
        if self.size > _MOST:
            raise UsageError(f"{experiment.name}: {self.size:,} trials are more than can be numbered.")

    def find(self, table: pa.Table) -> np.ndarray:
        """Return the place (R,) of the trial of each row, -1 where it does not stand in the grid.

        table: with the columns of all parameters.
        """
        columns = {each.column.name: table[each.column.name].combine_chunks() for each in parameters().values()}
        return self._first(columns, self._grids, table.num_rows)

    def trials(self, among: Iterable[np.ndarray] | None = None) -> Iterator[tuple[np.ndarray, list[Trial]]]:
        """Yield chunks of places in order with their trials: of all places, or of these chunks of sorted ones.

        What only repeats a trial of an earlier grid is left out.
        """
        for at in self.chunks() if among is None else among:
            for i, grid in enumerate(self._grids):
                here = at[(at >= grid.start) & (at < grid.start + grid.size)]
                here = self._new(i, here)
                if len(here):
                    yield here, list(_built(grid, here))

    def columns(self, at: np.ndarray) -> dict[str, pa.Array]:
        """Return the columns of the parameters of the trials at these places, which are sorted."""
        parts = [self._columns(grid, at[(at >= grid.start) & (at < grid.start + grid.size)]) for grid in self._grids]
        return {name: pa.concat_arrays([part[name] for part in parts]) for name in parts[0]}

    def chunks(self) -> Iterator[np.ndarray]:
        """Yield all places, some at a time."""
        for start in range(0, self.size, _CHUNK):
            yield np.arange(start, min(start + _CHUNK, self.size))

    def all(self) -> np.ndarray:
        """Return the places of all trials, each once."""
        return np.concatenate([self._new(i, _range(grid)) for i, grid in enumerate(self._grids)])

    def _new(self, i: int, at: np.ndarray) -> np.ndarray:
        """Return those of the places in the i-th grid whose trials stand in no earlier one."""
        if i == 0 or not len(at):
            return at
        return at[self._first(self._columns(self._grids[i], at), self._grids[:i], len(at)) < 0]

    def _columns(self, grid: _Numbered, at: np.ndarray) -> dict[str, pa.Array]:
        spread = grid.spread(at)
        return {each.column.name: _array(*spread[name], each.column.dtype) for name, each in parameters().items()}

    @staticmethod
    def _first(columns: Mapping[str, pa.Array], grids: Sequence[_Numbered], rows: int) -> np.ndarray:
        found = np.full(rows, -1, np.int64)
        for grid in grids:
            left = np.flatnonzero(found < 0)
            if len(left):
                found[left] = grid.find({name: _part(each, left, rows) for name, each in columns.items()})
        return found


def _range(grid: _Numbered) -> np.ndarray:
    return np.arange(grid.start, grid.start + grid.size)


def _array(column: Column, at: np.ndarray, dtype: str) -> pa.Array:
    """Return the values at these places; a value that stands at many is converted once."""
    coded = pa.array(at).dictionary_encode()
    distinct = taken(column, coded.dictionary.to_numpy())
    return pa.array(distinct, pa.type_for_alias(dtype)).take(coded.indices)


def _built(grid: _Numbered, at: np.ndarray) -> Iterator[Trial]:
    spread = grid.spread(at)
    constants = {name: taken(column, here[:1])[0] for name, (column, here) in spread.items() if _one(column)}
    varying = {name: taken(column, here) for name, (column, here) in spread.items() if name not in constants}
    names = tuple(varying)
    if not names:
        return iter([Trial(**constants)] * len(at))
    return (Trial(**constants, **dict(zip(names, row, strict=True))) for row in zip(*varying.values(), strict=True))


def _one(column: Any) -> bool:
    return isinstance(column, tuple) and len(column) == 1
