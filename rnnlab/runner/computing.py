"""A block to its tables: pure, so that it can run anywhere."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rnnlab import measures, store
from rnnlab.columns import Column, schema
from rnnlab.grid import Block
from rnnlab.runner.labels import Label, label_of
from rnnlab.trial import Trial, parameters

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from rnnlab.networks import Networks

Arrays = dict[str, dict[str, "np.ndarray"]]  # table -> column -> values


@dataclass(frozen=True, slots=True)
class BlockResult:
    """The tables of a block, rows in the order of keys, and the seconds that each measure took."""

    tables: dict[str, pa.Table]
    seconds: dict[str, float]


def compute(block: Block, *, keys: Sequence[str] | None = None, environment: str = "") -> BlockResult:
    """Return the tables of all measures of a block: draws -> trajectory -> measures -> rows.

    keys: those of the trials, where they are known already; environment: the hash that the rows are to name.
    """
    keys = [trial.key for trial in block.trials] if keys is None else keys
    arrays, seconds = _measured(block)
    return result_of(block, arrays, seconds, keys=keys, environment=environment)


def result_of(
    block: Block, arrays: Mapping[str, Arrays], seconds: dict[str, float], *, keys: Sequence[str], environment: str
) -> BlockResult:
    """Return the tables of a block of which this was measured."""
    labels = {measure: label_of(measure, settings) for measure, settings in block.work}
    return BlockResult(tables_of(arrays, labels, keys, _per_trial(block.trials, environment)), seconds)


def tables_of(
    arrays: Mapping[str, Arrays], labels: Mapping[str, Label], keys: Sequence[str], common: Mapping[str, Any]
) -> dict[str, pa.Table]:
    """Return the tables of these measures as the store takes them.

    common: the columns that the per-trial table of any measure has.
    """
    import pyarrow as pa

    key = pa.array(keys, pa.string())
    return {
        table: store.ordered(_table(table, values, key, label, common))
        for measure, label in labels.items()
        for table, values in arrays[measure].items()
    }


def _measured(block: Block) -> tuple[dict[str, Arrays], dict[str, float]]:
    """Return what is measured of a block; the draws are charged to the first measure."""
    from rnnlab import draws

    begin = time.perf_counter()
    networks = draws.networks(block.trials)
    drawn = time.perf_counter() - begin
    arrays, seconds = measured(networks, {name: read_settings(name, settings) for name, settings in block.work})
    return arrays, {name: each + (drawn if i == 0 else 0.0) for i, (name, each) in enumerate(seconds.items())}


def measured(networks: Networks, settings: Mapping[str, Any]) -> tuple[dict[str, Arrays], dict[str, float]]:
    """Return measure -> table -> column -> values of all networks, and the seconds of each measure.

    settings: of every measure, by name. The first measure is charged with the forward pass.
    """
    from rnnlab.networks import Trajectory

    seconds = dict.fromkeys(settings, 0.0)
    parts: dict[str, list[Arrays]] = {name: [] for name in settings}
    begin, start = time.perf_counter(), 0
    for slab in networks.slabs():
        trajectory = Trajectory(slab)
        for name, each in settings.items():
            parts[name].append(_shifted(measures.registry()[name].measure(slab, trajectory, each), start))
            now = time.perf_counter()
            seconds[name], begin = seconds[name] + now - begin, now
        start += slab.shape[0]
    return {name: _joined(each) for name, each in parts.items()}, seconds


def read_settings(name: str, settings: Mapping[str, Any]) -> Any:
    """Return the settings of a measure, from those that JSON can hold."""
    module: ModuleType = measures.registry()[name]
    return module.Settings.model_validate_json(json.dumps(settings), strict=True)


def _shifted(tables: Arrays, start: int) -> Arrays:
    """Let the long tables of a part name the trials of the whole block."""
    if start:
        for columns in tables.values():
            if "trial" in columns:
                columns["trial"] = columns["trial"] + start
    return tables


def _joined(parts: list[Arrays]) -> Arrays:
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    join: Any = np.ma.concatenate
    return {
        table: {name: join([part[table][name] for part in parts]) for name in columns}
        for table, columns in parts[0].items()
    }


def _per_trial(trials: Sequence[Trial], environment: str) -> dict[str, Any]:
    """Return the columns that the per-trial table of any measure has."""
    columns = {p.column.name: [getattr(trial, p.name) for trial in trials] for p in parameters().values()}
    return {**columns, "environment": [environment] * len(trials)}


def _table(table: str, values: Mapping[str, Any], key: pa.Array, label: Label, common: Mapping[str, Any]) -> pa.Table:
    import pyarrow as pa

    columns = store.columns_of(table)
    keys = key.take(pa.array(values["trial"])) if "trial" in values else key
    constants = {"settings": label.settings, "measure_version": label.version}

    def column(described: Column) -> pa.Array:
        name = described.name
        if name == "key":
            return keys
        if name in constants:
            return pa.repeat(pa.scalar(constants[name], pa.type_for_alias(described.dtype)), len(keys))
        return arrow(values[name] if name in values else common[name], described)

    return pa.Table.from_arrays([column(each) for each in columns], schema=schema(columns))


def arrow(values: Any, described: Column) -> pa.Array:
    """Return Arrow's array of a column: what is masked is null, and nan stays nan."""
    import numpy as np
    import pyarrow as pa

    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    kind = pa.type_for_alias(described.dtype)
    return pa.array(values if mask is None else np.ma.getdata(values), kind, mask=mask)
