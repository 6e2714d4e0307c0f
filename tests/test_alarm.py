"""The same trial computed twice: the same bits are one result, different bits an alarm that nobody overlooks."""

from __future__ import annotations

import dataclasses

import pyarrow as pa
import pytest

from rnnlab import experiment, runner, store
from rnnlab.errors import StoreDamaged
from rnnlab.store import digest, files, journal, parquet, publishing, repeated, staging
from tests import fake_measure


@pytest.fixture
def place(tmp_path, monkeypatch):
    fake_measure.install(monkeypatch)
    place = store.layout(tmp_path, "e")
    staging.folder(place.root)
    return place


def plant(place, tables):
    """Put files into the store as rsync would: no lock, no question."""
    for path, data in publishing.encoded(tables, "fake").items():
        staging.folder((place.root / path).parent)
        (place.root / path).write_bytes(data)


def changed(tables, table, column, value, row=0):
    """The same tables, but for one value."""
    rows = tables[table].to_pylist()
    rows[row][column] = value
    return {**tables, table: pa.Table.from_pylist(rows, tables[table].schema)}


def commits(place):
    return sorted(path.name for path in place.table("fake").iterdir())


@pytest.mark.parametrize("table", ["fake", "fake_by_step"])
@pytest.mark.parametrize("column", [None, "key"])
def test_a_reader_picks_none_of_two_results(place, table, column):
    block = fake_measure.block(fake_measure.trials(3))
    plant(place, block)
    plant(place, changed(block, table, "x" if table == "fake" else "y", 0.123, row=1))
    assert len(list(place.table(table).iterdir())) == 2
    with pytest.raises(store.ComputedTwice) as caught:
        store.read(place, table, columns=column and [column])
    for path in place.table(table).iterdir():
        assert path.name in str(caught.value)
    assert f"`rnnlab repair e --store {place.root.parent}`" in str(caught.value)
    assert caught.value.columns == ("x" if table == "fake" else "y",)
    assert caught.value.exit_code == 4
    assert caught.value.keys == (block[table]["key"][1].as_py(),)


def test_blocks_that_overlap_are_compared_trial_by_trial(place):
    trials = fake_measure.trials(6)
    plant(place, fake_measure.block(trials[:4]))
    plant(place, fake_measure.block(trials[2:]))
    assert store.read(place, "fake").num_rows == 6
    assert store.read(place, "fake_by_step").num_rows == 18
    plant(place, changed(fake_measure.block([trials[0], trials[5]]), "fake", "x", 9.0))
    with pytest.raises(store.ComputedTwice):
        store.published(place, "fake")
    kept = [trial.key for trial in trials[1:5]]
    assert sorted(store.read(place, "fake", keys=kept)["key"].to_pylist()) == sorted(kept)


def test_no_file_is_read_beyond_the_rows_that_are_wanted(place):
    trials = fake_measure.trials(6)
    for some in (trials[:4], trials[2:]):
        plant(place, fake_measure.block(some))
    assert store.read(place, "fake", most=4).num_rows == 4
    assert store.read(place, "fake", most=5).num_rows == 5
    assert store.read(place, "fake", most=100).num_rows == 6


@pytest.mark.parametrize(
    ("a", "b", "alarm"),
    [(0.0, -0.0, True), (float("nan"), float("nan"), False), (float("nan"), None, True), (None, None, False)],
)
def test_bits_are_compared_not_values(place, a, b, alarm):
    block = fake_measure.block(fake_measure.trials(2))
    first, other = changed(block, "fake", "x", a), changed(block, "fake", "x", b)
    both = [first["fake"], other["fake"]]
    marks = repeated.marks("fake", both[0]).to_pylist()
    assert bool(repeated.differences(*both, marks)) == alarm
    found = repeated.differences(*both, marks)
    assert found == ({"x": marks[:1]} if alarm else {})


def test_two_machines_that_agree_are_no_alarm(place):
    block = fake_measure.block(fake_measure.trials(2))
    plant(place, block)
    plant(place, changed(block, "fake", "environment", "f" * 10))
    assert len(commits(place)) == 2
    assert store.published(place, "fake").num_rows == 2
    store.compact(place)
    assert store.published(place, "fake").num_rows == 2
    assert len(commits(place)) == 1


def test_rows_of_different_number_are_an_alarm(place):
    block = fake_measure.block(fake_measure.trials(2))
    plant(place, block)
    plant(place, {**block, "fake_by_step": block["fake_by_step"].slice(0, 5)})
    with pytest.raises(store.ComputedTwice, match="number of rows"):
        store.read(place, "fake_by_step")


def test_compaction_makes_one_of_equal_rows_and_none_of_others(place):
    trials = fake_measure.trials(6)
    plant(place, fake_measure.block(trials[:4]))
    plant(place, fake_measure.block(trials[2:]))
    store.compact(place)
    assert len(commits(place)) == 1
    path = place.table("fake") / commits(place)[0]
    assert parquet.shape(path)[0] == 6
    plant(place, changed(fake_measure.block([trials[3]]), "fake_by_step", "y", 9.0))
    before = files.entries(place.table("fake_by_step"))
    with pytest.raises(store.ComputedTwice, match=trials[3].key):
        store.compact(place)
    assert files.entries(place.table("fake_by_step")) == before


@pytest.mark.parametrize("table", ["fake", "fake_by_step"])
def test_other_results_are_not_published_beside_those_that_stand_there(place, table):
    block = fake_measure.block(fake_measure.trials(3))
    store.publish(place, block)
    before = {path: path.read_bytes() for path in place.root.rglob("*.parquet")}
    with pytest.raises(store.ComputedTwice, match="computed twice"):
        store.publish(place, changed(changed(block, "fake", "environment", "f"), table, "key" and _value(table), 7.0))
    assert {path: path.read_bytes() for path in place.root.rglob("*.parquet")} == before
    store.publish(place, block)  # the same once more is nothing
    assert {path: path.read_bytes() for path in place.root.rglob("*.parquet")} == before


def _value(table):
    return "x" if table == "fake" else "y"


def test_a_run_neither_picks_nor_heals(tmp_path):
    data = {"schema": 1, "name": "e", "grid": {"activation": "tanh", "width": 4, "length": 3, "seed": {"range": 3}}}
    described = experiment.parse({**data, "measure": {"gradients": {}}}, "test")
    runner.run(described, store=tmp_path, workers=1)
    place = store.layout(tmp_path, "e")
    rows = store.read(place, "gradients")
    other = rows.set_column(rows.column_names.index("loss"), rows.schema.field("loss"), pa.array([1.0, 2.0, 3.0]))
    path, encoded = next(iter(publishing.encoded({"gradients": other}, "gradients").items()))
    (place.root / path).write_bytes(encoded)
    names = sorted(path.name for path in place.table("gradients").iterdir())
    with pytest.raises(store.ComputedTwice, match="rnnlab repair e") as caught:
        runner.run(described, store=tmp_path, workers=1)
    assert all(name in str(caught.value) for name in names)
    assert isinstance(caught.value, StoreDamaged)
    assert sorted(path.name for path in place.table("gradients").iterdir()) == names


# --- a damaged journal -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["prepared", "committed"])
def test_a_damaged_journal_shows_no_trial_twice(place, monkeypatch, state):
    trials = fake_measure.trials(4)
    for trial in trials:
        store.publish(place, fake_measure.block([trial]))
    monkeypatch.setattr(journal, "_end", lambda *_: None)  # the run is killed with the old and the new files in place
    store.compact(place)
    monkeypatch.undo()
    fake_measure.install(monkeypatch)
    entry = dataclasses.replace(journal.parse(journal.raw(place)), state=state)
    whole = digest.seal(dataclasses.asdict(entry))
    for i in range(0, len(whole), 17):
        place.journal.write_bytes(whole[:i] + bytes([whole[i] ^ 1 << i % 8]) + whole[i + 1 :])
        assert store.published(place, "fake").num_rows == 4
        assert store.read(place, "fake_by_step").num_rows == 12
        assert not store.at_rest(place)
    assert "was damaged" in store.recover(place)[0]
    assert store.at_rest(place)
    store.compact(place)
    assert len(commits(place)) == 1
    assert store.published(place, "fake").num_rows == 4
