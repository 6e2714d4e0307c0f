"""Rows of the store beside the trials of a grid: found by their parameters, no trial is built or hashed for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rnnlab import store as stores
from rnnlab.columns import KEY
from rnnlab.errors import StoreDamaged, UsageError
from rnnlab.experiment import Experiment
from rnnlab.grid.places import Places
from rnnlab.machine import memory
from rnnlab.trial import parameters

_TYPES = {each.column.name: pa.type_for_alias(each.column.dtype) for each in parameters().values()}
_CELL = 8  # bytes


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of an experiment's store by the trials of its grid, which are counted from 0 in grid order."""

    place: stores.Layout
    experiment: Experiment
    labels: Mapping[str, Mapping[str, Any]]  # by measure: settings and version of the rows that count

    @cached_property
    def places(self) -> Places:
        """The places of the trials."""
        return Places(self.experiment)

    @cached_property
    def at(self) -> np.ndarray:
        """The places of all trials, in order."""
        self._check_room(2)
        return self.places.all()

    def parameters(self) -> pa.Table:
        """Return the parameters of all trials; raises UsageError where memory cannot hold that."""
        self._check_room(len(_TYPES))
        return pa.table(self.places.columns(self.at))

    def of(
        self, measure: str, columns: Sequence[str], where: Mapping[str, Any] | None = None
    ) -> tuple[np.ndarray, pa.Table]:
        """Return the numbers of the trials that have a row of this measure, in order, and these columns of the rows.

        where: values (one, or several) that parameters must have. Raises StoreDamaged where a trial has two rows.
        """
        needed = list(dict.fromkeys([*columns, *_TYPES]))
        table = stores.read(self.place, measure, columns=needed, where=_arrays(where or {}), **self.labels[measure])
        at = self.places.find(table)
        inside = np.flatnonzero(at >= 0)
        order = inside[np.argsort(at[inside], kind="stable")]
        numbers = np.searchsorted(self.at, at[order])
        self._check_once(measure, numbers)
        return numbers, table.select(list(columns)).take(pa.array(order))

    def beside(self, measure: str, columns: Sequence[str]) -> pa.Table:
        """Return these columns of a measure for all trials, null where they have no row."""
        numbers, table = self.of(measure, columns)
        rows = np.full(len(self.at), -1, np.int64)
        rows[numbers] = np.arange(len(numbers))
        return table.take(pa.array(rows, mask=rows < 0))

    def keys(self, known: pa.ChunkedArray | None = None) -> pa.Array:
        """Return the keys of all trials; only those that are not known are hashed."""
        keys = np.full(len(self.at), None, object) if known is None else known.to_numpy(zero_copy_only=False).copy()
        unknown = self.at[[key is None for key in keys]]
        for at, trials in self.places.trials([unknown]):
            keys[np.searchsorted(self.at, at)] = [trial.key for trial in trials]
        return pa.array(keys, pa.string())

    def stored(self, measures: Iterable[str]) -> pa.ChunkedArray | None:
        """Return the keys of all trials as far as rows of these measures tell them."""
        found = [self.beside(measure, [KEY.name])[KEY.name] for measure in measures]
        return pc.coalesce(*found) if found else None

    def _check_room(self, columns: int) -> None:
        need, there = _CELL * columns * self.places.size, memory()
        if there is not None and need > there:
            raise UsageError(
                f"{self.experiment.name}: {self.places.size:,} trials side by side take {need / 2**30:,.0f} GiB, and "
                f"there are {there / 2**30:.0f}. Read the files of {self.place.root} in parts, as DuckDB can."
            )

    def _check_once(self, measure: str, numbers: np.ndarray) -> None:
        twice = np.flatnonzero(np.diff(numbers) == 0)
        if len(twice):
            row = self.parameters().slice(int(numbers[twice[0]]), 1).to_pylist()[0]
            told = ", ".join(f"{name} {row[name]}" for name in ("activation", "width", "length", "seed"))
            raise StoreDamaged(
                f"{self.place.table(measure)}: {len(twice):,} trials stand there twice, the first with {told}. "
                f"Tell which rows differ with: rnnlab verify {self.place.root.name}"
            )


def _arrays(where: Mapping[str, Any]) -> dict[str, pa.Array]:
    """Return the values as columns hold them; what no column can hold is left for whoever picks from the rows."""
    found = {}
    for name, value in where.items():
        values = [value] if np.ndim(value) == 0 else list(value)
        try:
            found[name] = pa.array(values, _TYPES[name])
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            continue
    return found
