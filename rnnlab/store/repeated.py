"""The same trial in two files: the same bits are one result, different bits an alarm. Nothing is picked silently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.store import order, parquet
from rnnlab.store.layouts import owner
from rnnlab.store.problems import ComputedTwice
from rnnlab.store.tables import LABELS

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = "number of rows"
_NOT_COMPARED = ("environment",)  # two machines may well agree


def marks(table: str, rows: pa.Table) -> pa.Array:
    """Return one text for each trial and label of a file; of a per-trial table for each row."""
    return marks_of_rows(rows if table == owner(table) else order.heads(rows))


def marks_of_rows(rows: pa.Table) -> pa.Array:
    """Return the trial and label of each row, as one text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [rows[column.name].cast(pa.string()) for column in LABELS]
    joined = pc.binary_join_element_wise(*columns, " ")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def repeats(found: Sequence[pa.Array]) -> dict[tuple[int, int], list[str]]:
    """Return which marks of a file stand in one before it, by the places of the first such file and of its own."""
    import pyarrow as pa
    import pyarrow.compute as pc

    joined = pa.chunked_array([*found], pa.string())
    if pc.count_distinct(joined).as_py() == len(joined):
        return {}
    counts = joined.value_counts()
    again = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    first: dict[str, int] = {}
    pairs: dict[tuple[int, int], list[str]] = {}
    for i, each in enumerate(found):
        for mark in each.filter(pc.is_in(each, value_set=again)).to_pylist():
            if (before := first.setdefault(mark, i)) != i:
                pairs.setdefault((before, i), []).append(mark)
    return pairs


def without(rows: pa.Table, dropped: Iterable[str]) -> pa.Table:
    """Return the rows whose marks are none of these."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return rows.filter(pc.invert(pc.is_in(marks_of_rows(rows), value_set=pa.array(dropped, pa.string()))))


def differences(first: pa.Table, other: pa.Table, shared: Iterable[str]) -> dict[str, list[str]]:
    """Return the columns in which two files differ where both have these marks, and the marks for which they do.

    Bit for bit; a column that only one of them has is not compared.
    """
    both = [_of(rows, shared) for rows in (first, other)]
    if uneven := _uneven(*both):
        both = [without(rows, uneven) for rows in both]
    found = {name: _differing(name, *both) for name in both[0].column_names if name in both[1].column_names}
    return {name: each for name, each in {_ROWS: uneven, **found}.items() if each}


def refuse(first: Path, other: Path, shared: Iterable[str], both: tuple[pa.Table, pa.Table] | None = None) -> None:
    """Raise ComputedTwice where two files tell different things of trials with these marks.

    both: their rows, where they are at hand. Raises DamagedFile where a file is not whole.
    """
    rows = both or (parquet.read(first, verify=True), parquet.read(other, verify=True))
    if found := differences(*rows, shared):
        raise ComputedTwice(first, other, keys_of(found), list(found))


def keys_of(found: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the keys of the trials that differ in any column."""
    return sorted({mark.partition(" ")[0] for each in found.values() for mark in each})


def _of(rows: pa.Table, shared: Iterable[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    return order.ordered(rows.filter(pc.is_in(marks_of_rows(rows), value_set=pa.array(shared, pa.string()))))


def _uneven(first: pa.Table, other: pa.Table) -> list[str]:
    """Return the marks of which the two have different numbers of rows."""
    numbers = [
        {each["values"]: each["counts"] for each in marks_of_rows(rows).value_counts().to_pylist()}
        for rows in (first, other)
    ]
    return sorted(mark for mark in {*numbers[0], *numbers[1]} if numbers[0].get(mark) != numbers[1].get(mark))


def _differing(name: str, first: pa.Table, other: pa.Table) -> list[str]:
    import pyarrow.compute as pc

    a, b = _bits(first[name]), _bits(other[name])
    if name in _NOT_COMPARED or a.equals(b):
        return []
    if a.type != b.type:
        return sorted(set(marks_of_rows(first).to_pylist()))
    same = pc.if_else(pc.and_(a.is_valid(), b.is_valid()), pc.equal(a, b), pc.equal(a.is_valid(), b.is_valid()))
    return sorted(set(marks_of_rows(first).filter(pc.invert(same)).to_pylist()))


def _bits(column: pa.ChunkedArray) -> pa.Array:
    """Return a column so that equal means equal bits: nan is nan, and -0.0 is not 0.0."""
    import pyarrow as pa

    array = column.combine_chunks()
    return array.view(pa.int64()) if pa.types.is_float64(array.type) else array
