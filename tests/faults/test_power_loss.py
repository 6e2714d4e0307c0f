"""Row 4: after power loss at any moment, with anything unsynced lost, torn or reordered, the promise stands.

The trace is of two runs: one in which a trial fails, and one that lengthens the grid and tries it again. So it holds
the publishing of blocks, the exchange of failures, compaction and three manifests. Each state that the disk may be in
after a crash (tests/faults/disk_model.py) is written down as files and judged.
"""

from __future__ import annotations

import itertools
import os

import pytest

from rnnlab import runner, store
from rnnlab.runner import running
from rnnlab.store import staging
from tests.faults import disk_model
from tests.faults.fakes import install
from tests.faults.runs import LONG, files_of, keys, made, results, small_blocks, unreadable

SAMPLE = 60
MEASURE = {"fake": {}}


def grid(seeds: int):
    return made(measure=MEASURE, activation="tanh", length=3, recurrent_scale=[0.5, 2.0], seed={"range": seeds})


def refuse_one(trials) -> None:
    if any(trial.seed == 1 and trial.recurrent_scale == 2.0 for trial in trials):
        raise ValueError("not this one")


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The trace, and the tables that an undisturbed run ends with."""
    folder = tmp_path_factory.mktemp("power")
    (folder / "s").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch, 1)
        recorder = disk_model.Recorder(folder / "s")
        recorder.install(patch)
        publish = store.publish

        def acknowledged(place, tables):
            publish(place, tables)
            if "fake" in tables:
                recorder.acknowledge(*tables["fake"]["key"].to_pylist())

        patch.setattr(running.stores, "publish", acknowledged)
        install(patch, refuse_one)
        assert runner.run(grid(2), store=folder / "s", workers=1).failed == 1
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch, 1)
        patch.setattr(running.stores, "publish", acknowledged)
        second = disk_model.Recorder(folder / "s", recorder.trace)
        second.install(patch)
        install(patch)
        assert runner.run(grid(3), store=folder / "s", workers=1).failed == 0
        return recorder.trace, results(folder / "s")


@pytest.fixture
def fakes(monkeypatch):
    small_blocks(monkeypatch, 1)
    install(monkeypatch)


def test_the_trace_is_of_everything(story):
    trace, tables = story
    kinds = [step.kind for step in trace]
    assert {"make_folder", "write", "sync", "link", "rename", "remove", "acknowledge"} == set(kinds)
    assert kinds.count("acknowledge") == len(tables) + 4 == 6
    assert any(step.paths[-1].endswith(".journal.json") for step in trace if step.kind == "rename")


def test_the_model_loses_what_is_not_synced():
    """The judge is judged: a store that did not sync, or not in order, would be found out."""
    step = disk_model.Step
    careless = [step("write", ("a",), b"data"), step("rename", ("a", "b"))]
    found = [state for _, _, state in disk_model.states(careless)]
    assert {} in found
    assert {"b": b""} in found
    assert {"b": b"da"} in found
    careful = [step("write", ("a",), b"data"), step("sync", ("a",)), step("rename", ("a", "b")), step("sync", ("",))]
    assert [state for number, _, state in disk_model.states(careful) if number == 3] == []  # as before the crash
    disk = disk_model.Disk()
    for each in careful:
        disk.do(each)
    assert list(disk.crashes()) == [{"b": b"data"}]


def test_every_state_that_power_loss_leaves_is_survived(story, tmp_path, fakes):
    trace, undisturbed = story
    chosen = disk_model.states(trace) if LONG else disk_model.sample(trace, SAMPLE, seed=4)
    number = 0
    for number, (_, acknowledged, state) in enumerate(chosen, 1):
        root = tmp_path / str(number)
        disk_model.materialise(state, root)
        folder = root / "e"
        assert unreadable(folder) == []
        if folder.is_dir():
            assert acknowledged <= keys(folder, "fake")
        else:
            assert not acknowledged
        manifest = store.read_manifest(store.layout(root, "e"))
        assert manifest is None or manifest["name"] == "e"
        summary = runner.run(grid(3), store=root, workers=1)
        assert summary.failed == 0
        assert results(root) == undisturbed
        assert files_of(folder)
    print(f"\npower loss: {number} states of {len(trace)} steps survived")
    assert number >= SAMPLE


def test_a_process_id_that_comes_again_is_no_obstacle(tmp_path, monkeypatch, fakes):
    """In a container each start has the same one: what the killed one staged has the names that this one would give."""
    left = tmp_path / "e" / ".staging"
    left.mkdir(parents=True)
    for number in range(40):
        (left / f".{os.getpid()}-{number}").write_bytes(b"torn")
    monkeypatch.setattr(staging, "_number", itertools.count())
    assert runner.run(grid(2), store=tmp_path, workers=1).new == 4
    assert not list(left.iterdir())
