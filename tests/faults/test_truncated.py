"""Row 8: a file that ends too early, wherever: it is found and named, it trips no other, and is computed anew."""

from __future__ import annotations

import pytest

from rnnlab import runner, store
from rnnlab.errors import StoreDamaged
from rnnlab.store import parquet
from tests import fake_measure
from tests.faults.fakes import install
from tests.faults.runs import LONG, keys, made, results, small_blocks


@pytest.fixture
def place(tmp_path, monkeypatch):
    small_blocks(monkeypatch, 2)
    install(monkeypatch)
    place = store.layout(tmp_path, "e")
    with store.writing(place):
        for first in (0, 2):
            store.publish(place, fake_measure.block(fake_measure.trials(2, first=first)))
    return place


@pytest.mark.parametrize("table", ["fake", "fake_by_step"])
def test_every_prefix_of_a_file_is_damage(place, table):
    path = next(place.table(table).glob("*.parquet"))
    data = path.read_bytes()
    step = 1 if LONG else 29  # bytes; and every one of both ends
    for length in sorted({*range(0, len(data), step), *range(100), *range(len(data) - 300, len(data))}):
        path.write_bytes(data[:length])
        with pytest.raises(StoreDamaged, match=path.name):
            parquet.shape(path)
        if length % 10 == 0:
            with pytest.raises(StoreDamaged, match=path.name):
                store.read(place, table)
    path.write_bytes(data)
    assert store.read(place, table).num_rows in (4, 12)


@pytest.mark.parametrize("table", ["fake", "fake_by_step"])
def test_a_run_sets_any_prefix_aside_and_computes_its_trials_alone(tmp_path, monkeypatch, table):
    small_blocks(monkeypatch, 1)
    install(monkeypatch)
    grid = made(measure={"fake": {}}, activation="tanh", length=3, recurrent_scale=0.5, seed={"range": 2})
    longer = made(measure={"fake": {}}, activation="tanh", length=3, recurrent_scale=0.5, seed={"range": 3})
    runner.run(longer, store=tmp_path / "whole", workers=1)
    undisturbed = results(tmp_path / "whole")
    for part in range(0, 100, 1 if LONG else 23):
        folder = tmp_path / str(part)
        runner.run(grid, store=folder, workers=1)  # one file with two trials
        monkeypatch.setattr(store, "compact", lambda place: None)
        monkeypatch.setattr(runner.running.stores, "compact", lambda place: None)
        runner.run(longer, store=folder, workers=1)  # and one with the third
        monkeypatch.undo()
        small_blocks(monkeypatch, 1)
        install(monkeypatch)
        victim = max((folder / "e" / table).glob("*.parquet"), key=lambda path: path.stat().st_size)
        data = victim.read_bytes()
        victim.write_bytes(data[: len(data) * part // 100])
        summary = runner.run(longer, store=folder, workers=1)
        assert summary.new in (1, 2)  # those of the file, and no other
        assert any(victim.name in note and "set aside" in note for note in summary.notes)
        assert len(keys(folder / "e", "fake")) == 3
        assert results(folder) == undisturbed
