"""The order of rows in a file: by trial, so that it does not depend on who computed what first."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_LABELS = ("key", "measure", "settings", "measure_version")


def ordered(table: pa.Table) -> pa.Table:
    """Return the rows sorted by trial and label; those of one trial keep their order (a long table's is by step)."""
    labels = [name for name in _LABELS if name in table.column_names]
    table = table.combine_chunks()
    order = _order(table, labels, _starts(table, labels))
    return table if order is None else table.take(order)


def _order(table: pa.Table, labels: list[str], starts: np.ndarray) -> np.ndarray | None:
    """Return the order of the rows, None where they stand in it; sorts trials, not rows."""
    import numpy as np
    import pyarrow.compute as pc

    heads = table.select(labels).take(starts)
    rank = pc.sort_indices(heads, sort_keys=[(name, "ascending") for name in labels]).to_numpy()
    if np.array_equal(rank, np.arange(len(rank))):
        return None
    lengths = np.diff(starts, append=table.num_rows)[rank]
    shift = starts[rank] - np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return np.repeat(shift, lengths) + np.arange(table.num_rows)


def _starts(table: pa.Table, labels: list[str]) -> np.ndarray:
    """Return where a row's label differs from that of the row before."""
    import numpy as np
    import pyarrow.compute as pc

    rows = table.num_rows
    new = np.ones(rows, dtype=bool)
    if rows > 1:
        new[1:] = False
        for name in labels:
            column = table[name].chunk(0)
            new[1:] |= pc.not_equal(column.slice(1), column.slice(0, rows - 1)).to_numpy(zero_copy_only=False)
    return np.flatnonzero(new)


def heads(table: pa.Table) -> pa.Table:
    """Return the labels of the trials of an ordered table, each once."""
    labels = [name for name in _LABELS if name in table.column_names]
    table = table.select(labels).combine_chunks()
    return table.take(_starts(table, labels)) if table.num_rows else table


def identity(table: pa.Table) -> str:
    """Return 16 digits that stand for the trials of a (sorted) per-trial table, labels included."""
    import pyarrow as pa
    import pyarrow.compute as pc

    labels = [pc.fill_null(table[name].cast(pa.string()), "None") for name in _LABELS if name in table.column_names]
    text = "\n".join(pc.binary_join_element_wise(*labels, " ").to_pylist())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
