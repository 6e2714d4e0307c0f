"""Measure networks that are given as arrays: nothing is stored, the tables come back at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnlab.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike

    from rnnlab.networks import Networks

_SIZES = ("networks", "length", "batch", "width", "inputs", "outputs")


@dataclass(frozen=True, eq=False, repr=False)
class Measurement(Mapping[str, "pd.DataFrame"]):
    """The tables of what was measured, by name: m["lags"] is m.lags. A table of one network by itself has one row."""

    sizes: Mapping[str, int]  #: networks, length, batch, width, inputs, outputs
    tables: Mapping[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self.tables:
            raise UsageError(f"{name} was not measured.{did_you_mean(name, self.tables)}")
        return self.tables[name]

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_") or name not in self.tables:  # what Python itself asks for comes before the tables
            raise AttributeError(f"{name} was not measured.{did_you_mean(name, vars(self).get('tables', ()))}")
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __contains__(self, name: object) -> bool:
        return name in self.tables

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.tables})

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {size}" for name, size in self.sizes.items())
        rows = "".join(f"\n  .{name}: {len(table):,} rows" for name, table in self.tables.items())
        return f"<Measurement: {sizes}{rows}>"


def measure(
    U: ArrayLike, W: ArrayLike, V: ArrayLike, x: ArrayLike, y: ArrayLike | None = None, *,
    activation: str | Sequence[str], measures: Iterable[str] | Mapping[str, Mapping[str, Any]] = ("gradients",),
    loss: str = "squared", loss_at: str = "every", cotangents: ArrayLike | None = None,
    h0: ArrayLike | None = None, b: ArrayLike | None = None, c: ArrayLike | None = None,
) -> Measurement:  # fmt: skip
    """Return the tables of any measures of one network, or of G networks, that are given as arrays.

    Arrays, loss and cotangents are as `gradients` takes them, or with a leading G as `gradient_statistics` does: then
    the tables have a column `network`, 0..G-1. measures: names, or a dict of name to settings. Raises UsageError where
    an argument cannot be used, or where a setting does not fit the shapes.

    >>> import rnnlab
    >>> p = rnnlab.draw(activation="relu", width=8, length=20, seed=1)
    >>> m = rnnlab.measure(p.U, p.W, p.V, p.x, p.y, activation="relu", measures=["gradients", "lags"])
    >>> list(m)
    ['gradients', 'gradients_by_step', 'lags', 'lags_by_lag']
    >>> m.gradients.verdict[0]
    'vanishes'
    """
    from rnnlab import experiment
    from rnnlab.arrays import networks_of

    given = {"U": U, "W": W, "V": V, "x": x, "y": y, "cotangents": cotangents, "h0": h0, "b": b, "c": c}
    single = _dimensions(U) != 3
    networks = networks_of(given, activation=activation, loss=loss, loss_at=loss_at, single=single)
    sizes = sizes_of(networks)
    return _measurement(networks, sizes, experiment.wanted(measures, sizes, "rnnlab.measure"), single)


def sizes_of(networks: Networks) -> dict[str, int]:
    """Return the sizes of networks in the words of an experiment."""
    G, T, B, N, D, O = networks.shape
    return dict(zip(_SIZES, (G, T, B, N, D, O), strict=True))


def _dimensions(U: Any) -> int:
    """Return the dimensions of U; of what is no array, those of one network: its own check explains it."""
    import numpy as np

    try:
        return np.ndim(U)
    except Exception:
        return 2


def _measurement(
    networks: Networks, sizes: Mapping[str, int], settings: Mapping[str, Any], single: bool
) -> Measurement:
    from rnnlab.blas import single_threaded_blas
    from rnnlab.measures import registry
    from rnnlab.runner import measured

    with single_threaded_blas():
        arrays, _seconds = measured(networks, settings)
    tables = {
        table: _frame(registry()[name].TABLES[table], columns, single)
        for name in settings
        for table, columns in sorted(arrays[name].items())
        if columns
    }
    return Measurement(sizes, tables)


def _frame(described: Iterable[Any], values: Mapping[str, np.ndarray], single: bool) -> pd.DataFrame:
    import numpy as np
    import pyarrow as pa

    from rnnlab.columns import schema
    from rnnlab.runner import arrow

    described = tuple(described)
    columns = [arrow(values[column.name], column) for column in described]
    frame = pa.Table.from_arrays(columns, schema=schema(described)).to_pandas()
    if not single:
        frame.insert(0, "network", values.get("trial", np.arange(len(frame))))
    return frame
