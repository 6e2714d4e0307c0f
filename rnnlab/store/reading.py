"""Tables out of the store: whole blocks only, types pinned, checksums verified."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rnnlab.columns import schema
from rnnlab.errors import StoreBusy
from rnnlab.store import parquet, repeated
from rnnlab.store.layouts import Layout
from rnnlab.store.problems import explained
from rnnlab.store.snapshots import Snapshot, snapshot
from rnnlab.store.tables import BOOKKEEPING, LABELS, columns_of
from rnnlab.trial import added_later, parameters

if TYPE_CHECKING:
    import pyarrow as pa

Result = TypeVar("Result")
_TRIES = 50


def read(
    place: Layout,
    table: str,
    *,
    columns: Sequence[str] | None = None,
    keys: Iterable[str] | None = None,
    settings: str | None = None,
    version: int | None = None,
    where: Mapping[str, pa.Array] | None = None,
    most: int | None = None,
    verify: bool = True,
) -> pa.Table:
    """Return a table, or some of its columns and rows, as it stood at one moment.

    `keys`, `settings` and `version` each keep only the rows that have them, `where` those whose columns have one of
    these values. Files are read until there are `most` rows. Without `verify` only pages are checked, not the
    whole file against its name. A trial that two files tell the same of is read once. Raises ComputedTwice where they
    tell different things, DamagedFile where a file is not what was written.
    """
    described = {column.name: column for column in columns_of(table)}
    wanted = list(described) if columns is None else list(columns)
    keep = _keeper(keys, settings, version, where or {})
    needed = list(dict.fromkeys([*wanted, *(c.name for c in LABELS if c.name in described), *(where or {})]))
    pinned = schema(described[name] for name in needed)

    def load(current: Snapshot) -> pa.Table:
        import pyarrow as pa

        def part(path: Path) -> pa.Table:
            found = parquet.read(path, needed, verify=verify)
            return parquet.guarded(path, lambda: keep(conform(found, pinned, vouched=verify)))

        once = _Once(table, current.paths(place, table))
        parts = list(_until(most, (once.noted(path, part(path)).select(wanted) for path in once.paths)))
        for i, marks in once.again():
            parts[i] = repeated.without(part(once.paths[i]), marks).select(wanted)
        return pa.concat_tables([pinned.empty_table().select(wanted), *parts]).slice(0, most)

    return while_files_change(place, load)


class _Once:
    """Takes the rows of a trial from the first of the files that have it; raises ComputedTwice where they differ."""

    def __init__(self, table: str, paths: list[Path]) -> None:
        self._table, self.paths = table, paths
        self._marks: list[pa.Array] = []

    def noted(self, path: Path, rows: pa.Table) -> pa.Table:
        """Return the rows of a file (the next one); which trials they are of is kept."""
        if len(self.paths) > 1 and self._table not in BOOKKEEPING:
            self._marks.append(parquet.guarded(path, repeated.marks, self._table, rows))
        return rows

    def again(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the place of a file that tells of trials as one before it does, and their marks."""
        found: dict[int, list[str]] = {}
        for (first, other), shared in repeated.repeats(self._marks).items() if self._marks else ():
            repeated.refuse(self.paths[first], self.paths[other], shared)
            found.setdefault(other, []).extend(shared)
        yield from found.items()


def _until(most: int | None, parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    rows = 0
    for part in parts:
        yield part
        rows += part.num_rows
        if most is not None and rows >= most:  # the next file is not even opened
            return


def published(place: Layout, measure: str) -> pa.Table:
    """Return key, parameters, settings, measure_version and (where the measure has one) status of all that is done."""
    names = [*(column.name for column in LABELS), *(each.column.name for each in parameters().values())]
    has_status = any(column.name == "status" for column in columns_of(measure))
    return read(place, measure, columns=[*names, "status"] if has_status else names)


def while_files_change(place: Layout, load: Callable[[Snapshot], Result]) -> Result:
    """Return `load` of a snapshot; where a file has been compacted away since, of the next one."""
    with explained(place.root, "read the store"):
        for _ in range(_TRIES):
            try:
                return load(snapshot(place))
            except FileNotFoundError:
                time.sleep(0.01)
    raise StoreBusy(f"{place.root}: its files change all the time. Try again when the run that writes has finished.")


def conform(table: pa.Table, pinned: pa.Schema, *, vouched: bool = True) -> pa.Table:
    """Return the table with exactly these columns; one that a file of an earlier version lacks is null.

    A parameter that was added since has its neutral value: that is what those trials were computed with. Any other
    column that a file lacks that is not `vouched` for is damage: raises KeyError, and ValueError for a row without key.
    """
    import pyarrow as pa

    if "key" in table.column_names and table["key"].null_count:
        raise ValueError("it has rows without a key")
    later = added_later()

    def column(field: pa.Field) -> pa.ChunkedArray | pa.Array:
        if field.name in later and field.name not in table.column_names:
            return pa.repeat(pa.scalar(later[field.name], field.type), table.num_rows)
        if vouched and field.name not in table.column_names:
            return pa.nulls(table.num_rows, field.type)
        return table[field.name].cast(field.type)

    return pa.Table.from_arrays([column(field) for field in pinned], schema=pinned)


def _keeper(
    keys: Iterable[str] | None, settings: str | None, version: int | None, where: Mapping[str, pa.Array]
) -> Callable[[pa.Table], pa.Table]:
    import pyarrow as pa
    import pyarrow.compute as pc

    tests = []
    if settings is not None:
        tests.append(pc.field("settings") == settings)
    if version is not None:
        tests.append(pc.field("measure_version") == version)
    if keys is not None:
        tests.append(pc.field("key").isin(pa.array(list(keys), pa.string())))
    for name, values in where.items():
        tests.append(pc.field(name).isin(values))

    def keep(table: pa.Table) -> pa.Table:
        for test in tests:
            table = table.filter(test)
        return table

    return keep
