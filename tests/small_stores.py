"""A small real store that was run once, and copies of it to be damaged."""

from __future__ import annotations

import pyarrow as pa
import pytest

from rnnlab import experiment, runner, store
from rnnlab.grid import dividing
from rnnlab.store import publishing

GRID = {"activation": ["tanh", "relu"], "width": 4, "length": 6, "seed": {"range": 4}}


def made(measures=("gradients", "lags"), **grid):
    data = {"schema": 1, "name": "e", "grid": {**GRID, **grid}, "measure": {name: {} for name in measures}}
    return experiment.parse(data, "test")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A store of the experiment `e`, never changed."""
    there = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dividing, "MAX_BLOCK", 3)  # several files, which are compacted: there is a journal
        runner.run(made(), store=there, workers=1)
    return there


@pytest.fixture
def folder(tmp_path, finished):
    """A copy of it, to be damaged."""
    return copied(finished, tmp_path)


def copied(source, target):
    for path in sorted((source / "e").rglob("*")):
        there = target / path.relative_to(source)
        if path.is_file():
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(path.read_bytes())
    return target


def written(there):
    """Every file that holds something."""
    return sorted(path for path in (there / "e").rglob("*") if path.is_file() and path.stat().st_size)


def tables(there):
    """The files of the measures' tables, which are the same bytes where the tables are the same bits."""
    return {
        path.relative_to(there).as_posix(): path.read_bytes()
        for path in sorted((there / "e").glob("[!.]*/*.parquet"))
        if path.parent.name not in store.BOOKKEEPING
    }


def flipped(data, i):
    return data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1 :]


def with_column(table, name, values):
    i = table.column_names.index(name)
    return table.set_column(i, table.schema.field(name), pa.array(values, table.schema.field(name).type))


def rewritten(folder, table, change):
    """Put a file in the place of the only one of a table, named as rnnlab names it, and let the manifest list it."""
    place = store.layout(folder, "e")
    [old] = place.table(table).iterdir()
    tables = {name: store.read(place, name) for name in {table, store.owner(table)}}
    tables[table] = change(tables[table])
    for path, data in publishing.encoded(tables, store.owner(table)).items():
        if path.startswith(f"{table}/"):
            old.unlink()
            (place.root / path).with_name(old.name[:17] + path[-24:]).write_bytes(data)
    manifest = store.read_manifest(place)
    store.write_manifest(place, {**manifest, "files": store.records(place, {})})
