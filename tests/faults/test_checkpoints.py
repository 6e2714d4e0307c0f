"""Rows 4, 5 and 6, of measures that pause: power loss and errors of the disk while checkpoints are written.

Each run pauses at every update, and writes a checkpoint each time. Whatever is left on the disk, the same command goes
on and ends with the tables of an undisturbed run; what a checkpoint had told for certain is not done again.
"""

from __future__ import annotations

import errno
import itertools

import pytest

from rnnlab import runner, store
from rnnlab.errors import StoreIOError
from rnnlab.runner import checkpoints, jobs
from tests import pausing
from tests.faults import disk_model
from tests.faults.runs import LONG, results, small_blocks, unreadable
from tests.faults.test_operations import ERRORS, fails_at

SAMPLE = 40
UPDATES = 4


def long_trials():
    return pausing.made({"seed": {"range": 2}}, updates=UPDATES)


def hurried(patch) -> None:
    pausing.install(patch)
    small_blocks(patch, 1)
    patch.setattr(jobs, "PAUSE_SECONDS", 0.0)
    patch.setattr(checkpoints, "EVERY", 0.0)
    patch.setattr(checkpoints, "_SHARE", float("inf"))


def updates_of(root) -> dict[str, int]:
    """Return by key how many updates the whole checkpoints tell of."""
    place, found = store.layout(root, "e"), {}
    for name in store.checkpoints(place):
        each = store.read_checkpoint(place, name)  # raises where it is not whole
        found[each.key] = len(each.state["y"])
    return found


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The trace of a run, acknowledged as `<key> <updates>`, and the tables that it ends with."""
    folder = tmp_path_factory.mktemp("power")
    (folder / "s").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        hurried(patch)
        recorder = disk_model.Recorder(folder / "s")
        recorder.install(patch)
        write = store.write_checkpoint

        def acknowledged(place, each):
            write(place, each)
            recorder.acknowledge(f"{each.key} {len(each.state['y'])}")

        patch.setattr(checkpoints.store, "write_checkpoint", acknowledged)
        runner.run(long_trials(), store=folder / "s", workers=1)
        return recorder.trace, results(folder / "s")


def test_every_state_that_power_loss_leaves_is_gone_on_from(story, tmp_path, monkeypatch):
    hurried(monkeypatch)
    trace, undisturbed = story
    assert [step.kind for step in trace].count("acknowledge") == 2 * (UPDATES - 1)
    chosen = disk_model.states(trace) if LONG else disk_model.sample(trace, SAMPLE, seed=4)
    went_on = number = 0
    for number, (_, acknowledged, state) in enumerate(chosen, 1):
        root = tmp_path / str(number)
        disk_model.materialise(state, root)
        if (root / "e").is_dir():
            there = updates_of(root)
            done = set(store.published(store.layout(root, "e"), "walk")["key"].to_pylist())
            for key, updates in (each.split() for each in acknowledged):
                assert key in done or there[key] >= int(updates)
            went_on += bool(there)
        summary = runner.run(long_trials(), store=root, workers=1)
        assert summary.failed == 0
        assert not any("damaged" in note for note in summary.notes)
        assert results(root) == undisturbed
    print(f"\npower loss: {number} states of {len(trace)} steps survived, {went_on} with checkpoints")
    assert number >= SAMPLE
    assert went_on > SAMPLE // 4


@pytest.mark.parametrize("code", ERRORS, ids=["no space", "I/O", "too many files"])
def test_whatever_operation_fails_the_same_command_ends_the_same(story, tmp_path, monkeypatch, code):
    _, undisturbed = story
    hurried(monkeypatch)
    met = 0
    for number in itertools.count(1, 1 if LONG else 9):
        root = tmp_path / str(number)
        with monkeypatch.context() as patch:
            fails_at(patch, number, code)
            try:
                runner.run(long_trials(), store=root, workers=1)
            except (StoreIOError, OSError):
                met += 1
                failed = True
            else:
                failed = False
        if (root / "e").is_dir():
            updates_of(root)
            assert unreadable(root / "e") == []
        assert runner.run(long_trials(), store=root, workers=1).failed == 0
        assert results(root) == undisturbed
        if not failed and number > 60:
            break
    print(f"\n{errno.errorcode[code]}: {met} of {number} operations made to fail")
    assert met > 5
