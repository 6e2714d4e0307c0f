"""Measures that pause: the same bits however often, whatever happens between two pieces, and nothing is left behind."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

from rnnlab import api, draws, runner, store
from rnnlab.errors import StoreIOError
from rnnlab.runner import checkpoints as checkpointing
from rnnlab.runner import jobs, running, warming
from rnnlab.store import files
from rnnlab.tasks import TASKS
from tests import pausing
from tests.test_runner import results

TRIALS = 4


@pytest.fixture(autouse=True)
def known(monkeypatch):
    pausing.install(monkeypatch)
    monkeypatch.setattr(jobs, "PAUSE_SECONDS", 0.0)  # one update a piece
    monkeypatch.setattr(checkpointing, "EVERY", 0.0)
    monkeypatch.setattr(checkpointing, "_SHARE", float("inf"))
    small(monkeypatch, 2)


def small(monkeypatch, number):
    monkeypatch.setattr("rnnlab.grid.dividing.MAX_BLOCK", number)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The tables of a run that never paused."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        pausing.install(patch)
        patch.setattr(checkpointing.store, "write_checkpoint", lambda *_: pytest.fail("it paused"))
        runner.run(pausing.made(), store=folder, workers=1)
    assert len(pd.read_parquet(folder / "e" / "walk_by_update")) == TRIALS * 40
    return results(folder)


def left(folder):
    there = Path(folder, "e", ".checkpoints")
    return sorted(path.name for path in there.iterdir()) if there.exists() else []


class Stop(Exception):
    """What ends a run in the midst of it."""


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """Run until so many checkpoints are written, and return what is left."""

    def run(number, found=None, **options):
        write, seen = store.write_checkpoint, []

        def counted(place, each):
            write(place, each)
            seen.append(each)
            if len(seen) == number:
                raise Stop

        with monkeypatch.context() as patch:
            patch.setattr(checkpointing.store, "write_checkpoint", counted)
            with pytest.raises(Stop):
                runner.run(found or pausing.made(), store=tmp_path, workers=1, **options)
        return left(tmp_path)

    return run


@pytest.mark.parametrize(("executor", "workers"), [("threads", 1), ("threads", 2)])
def test_the_tables_are_those_of_a_run_that_never_pauses(tmp_path, undisturbed, monkeypatch, executor, workers):
    written = []
    write = store.write_checkpoint
    monkeypatch.setattr(
        checkpointing.store, "write_checkpoint", lambda place, each: (written.append(each.name), write(place, each))
    )
    runner.run(pausing.made(), store=tmp_path, executor=executor, workers=workers)
    assert results(tmp_path) == undisturbed
    assert len(written) >= TRIALS * 39
    assert left(tmp_path) == []
    assert store.verify(store.layout(tmp_path, "e")).notes == ()


@pytest.mark.parametrize(("number", "block"), [(1, 2), (30, 1), (77, 4)])
def test_another_run_goes_on_from_the_checkpoints_however_it_divides_the_trials(
    tmp_path, undisturbed, monkeypatch, stopped, number, block
):
    begun = stopped(number)
    assert begun
    small(monkeypatch, block)
    updates = []
    update = pausing._update
    monkeypatch.setattr(pausing, "_update", lambda U, state, s: (updates.append(len(U)), update(U, state, s))[1])
    runner.run(pausing.made(), store=tmp_path, workers=2)
    assert results(tmp_path) == undisturbed
    assert left(tmp_path) == []
    done_before = TRIALS * 40 - updates.count(6)  # the others are those of the networks that warm the kernels
    assert done_before >= number - 2


def test_other_measures_of_the_same_trials_are_computed_as_ever(tmp_path, undisturbed):
    found = pausing.made(more={"gradients": {}})
    seen = []
    summary = runner.run(found, store=tmp_path, workers=1, progress=lambda *now: seen.append(now))
    assert (summary.new, summary.failed, summary.left) == (TRIALS, 0, 0)
    assert undisturbed.items() <= results(tmp_path).items()
    assert len(pd.read_parquet(tmp_path / "e" / "gradients")) == TRIALS
    assert seen[0] == (0, TRIALS)
    assert seen[-1] == (TRIALS, TRIALS)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert any(done != int(done) for done, _ in seen)
    timings = pd.read_parquet(tmp_path / "e" / "timings")
    assert timings["measure"].value_counts().to_dict() == {"gradients": TRIALS, "walk": TRIALS}
    assert runner.run(found, store=tmp_path).new == 0


def test_the_seconds_of_all_pieces_are_noted_and_shown_to_a_plan(tmp_path, stopped):
    found = pausing.made(updates=5, nap=0.02)
    stopped(4, found)
    runner.run(found, store=tmp_path, workers=1)
    seconds = pd.read_parquet(tmp_path / "e" / "timings")["seconds"]
    assert len(seconds) == TRIALS
    assert (seconds >= 5 * 0.02 / 2).all()  # two share a block
    wider = runner.plan(pausing.made({"seed": {"range": 8}}, updates=5, nap=0.02), store=tmp_path)
    assert (wider.new, wider.measured) == (TRIALS, TRIALS)


def test_a_trial_keeps_its_checkpoints_apart_by_settings(tmp_path, stopped):
    stopped(30)
    other = pausing.made(updates=7)
    runner.run(other, store=tmp_path, workers=1)
    kept = left(tmp_path)
    assert kept  # of the settings that the run before it had: nobody knows yet that they are not wanted
    assert store.verify(store.layout(tmp_path, "e")).ok
    assert "not finished" in store.verify(store.layout(tmp_path, "e")).notes[0]
    assert set(runner.collect("e", store=tmp_path, dry_run=True).files) == {f".checkpoints/{name}" for name in kept}
    assert left(tmp_path) == kept
    runner.collect("e", store=tmp_path)
    assert left(tmp_path) == []


def test_what_is_under_way_is_kept_by_gc_and_by_all_that_only_reads(tmp_path, undisturbed, stopped):
    begun = stopped(30)
    assert runner.collect("e", store=tmp_path).files == ()
    runner.compact("e", store=tmp_path)
    assert [entry.status for entry in api.listing(tmp_path)] == ["interrupted"]
    assert len(api.load("e", tmp_path).trials) == TRIALS
    assert runner.plan(pausing.made(), store=tmp_path).new == TRIALS
    assert left(tmp_path) == begun
    runner.run(pausing.made({"seed": 9}), store=tmp_path)  # another grid leaves it alone
    assert left(tmp_path) == begun
    assert len(runner.collect("e", store=tmp_path).files) == len(begun)  # whose manifest does not name it
    runner.run(pausing.made(), store=tmp_path)
    runner.collect("e", store=tmp_path)  # the rows of the other grid
    assert results(tmp_path) == undisturbed


def test_what_a_killed_run_had_no_time_to_remove_goes_with_the_next(tmp_path, undisturbed, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(checkpointing.Checkpoints, "drop", lambda *_: None)
        patch.setattr(checkpointing.Checkpoints, "clear", lambda *_: None)
        runner.run(pausing.made(), store=tmp_path, workers=1)
    assert len(left(tmp_path)) == TRIALS
    place = store.layout(tmp_path, "e")
    manifest = store.read_manifest(place)
    assert len(runner.collect("e", store=tmp_path, dry_run=True).files) == TRIALS
    store.write_manifest(place, {**manifest, "finished": None})
    runner.run(pausing.made(), store=tmp_path, workers=1)
    assert left(tmp_path) == []
    assert results(tmp_path) == undisturbed


# --- what is wrong with a checkpoint ---------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 70, 200, -1])
def test_any_changed_byte_lets_the_trial_begin_anew(tmp_path, undisturbed, stopped, at):
    name = stopped(30)[0]
    path = tmp_path / "e" / ".checkpoints" / name
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    summary = runner.run(pausing.made(), store=tmp_path, workers=1)
    assert [note for note in summary.notes if "is damaged" in note and name in note]
    assert results(tmp_path) == undisturbed
    assert left(tmp_path) == []


@pytest.mark.parametrize("size", [0, 1, 64, 65, 300])
def test_a_truncated_one_too(tmp_path, undisturbed, stopped, size):
    name = stopped(30)[0]
    path = tmp_path / "e" / ".checkpoints" / name
    path.write_bytes(path.read_bytes()[:size])
    assert any("is damaged" in note for note in runner.run(pausing.made(), store=tmp_path, workers=1).notes)
    assert results(tmp_path) == undisturbed


def test_that_of_another_trial_is_not_taken(tmp_path, undisturbed, stopped):
    first, second, *_ = stopped(30)
    folder = tmp_path / "e" / ".checkpoints"
    (folder / first).write_bytes((folder / second).read_bytes())
    notes = runner.run(pausing.made(), store=tmp_path, workers=1).notes
    assert any("is of another trial than its name tells" in note for note in notes)
    assert results(tmp_path) == undisturbed


def test_that_of_other_versions_is_not_gone_on_from_and_this_is_said(tmp_path, undisturbed, stopped):
    place = store.layout(tmp_path, "e")
    stopped(30)
    for name in store.checkpoints(place):
        found = store.read_checkpoint(place, name)
        wrong = {part: array * 0 for part, array in found.state.items()}  # other bits, were they used
        store.write_checkpoint(place, dataclasses.replace(found, environment="f" * 10, state=wrong))
    number = len(left(tmp_path))
    notes = runner.run(pausing.made(), store=tmp_path, workers=1).notes
    assert f"{number} trials were begun with other versions or on another machine, and began anew" in notes
    assert results(tmp_path) == undisturbed
    assert left(tmp_path) == []


@pytest.mark.parametrize("kind", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_is_survived_or_named(tmp_path, undisturbed, stopped, kind):
    name = stopped(30)[0]
    path = tmp_path / "e" / ".checkpoints" / name
    path.unlink()
    kind(path)
    try:
        runner.run(pausing.made(), store=tmp_path, workers=1)
    except StoreIOError as error:
        assert name in str(error)  # noqa: PT017
    else:
        assert results(tmp_path) == undisturbed


def test_a_planted_link_in_place_of_the_folder_is_not_followed(tmp_path, stopped):
    names = stopped(30)
    folder, victim = tmp_path / "e" / ".checkpoints", tmp_path / "victim"
    folder.rename(victim)
    folder.symlink_to(victim)
    with pytest.raises(StoreIOError, match="checkpoint"):
        runner.run(pausing.made(), store=tmp_path, workers=1)
    assert sorted(path.name for path in victim.iterdir()) == names


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_disk_that_is_full_ends_the_run_and_nothing_is_lost(tmp_path, undisturbed, monkeypatch):
    write, before = files.write, {}

    def refuse(path, data):
        there = left(tmp_path)
        if len(there) == 2 and len(data) > 600 and not before:
            before.update({name: (tmp_path / "e" / ".checkpoints" / name).read_bytes() for name in there})
            write(path, data[:100])
            raise OSError(28, "No space left on device", str(path))
        write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", refuse)
        with pytest.raises(StoreIOError, match="Make room") as caught:
            runner.run(pausing.made(), store=tmp_path, workers=1)
    assert caught.value.exit_code == 6
    assert "cannot write a checkpoint" in str(caught.value)
    assert {name: (tmp_path / "e" / ".checkpoints" / name).read_bytes() for name in left(tmp_path)} == before
    runner.run(pausing.made(), store=tmp_path, workers=1)
    assert results(tmp_path) == undisturbed


def test_a_piece_that_raises_is_a_failure_and_its_trial_begins_anew(tmp_path):
    failing = pausing.made(fails_at=20)
    summary = runner.run(failing, store=tmp_path, workers=2, options=runner.Options(retries=1))
    assert (summary.new, summary.failed, summary.left) == (TRIALS, TRIALS, 0)
    failures = pd.read_parquet(tmp_path / "e" / "failures")
    assert failures["message"].tolist() == ["ValueError: no update 20"] * TRIALS
    assert failures["traceback"].str.contains("in advance").all()
    assert left(tmp_path) == []
    assert runner.run(failing, store=tmp_path, workers=1).failed == TRIALS


def test_a_measure_that_spoils_the_states_it_is_given_harms_nothing(tmp_path, undisturbed):
    runner.run(pausing.made(spoils=True), store=tmp_path, workers=2)
    whole = pd.read_parquet(tmp_path / "e" / "walk").set_index("key")["x"]
    assert whole.notna().all()
    runner.run(pausing.made(), store=tmp_path / "other", workers=1)
    other = pd.read_parquet(tmp_path / "other" / "e" / "walk").set_index("key")["x"]
    pd.testing.assert_series_equal(whole.sort_index(), other.sort_index(), check_exact=True)


def test_a_state_that_no_checkpoint_can_hold_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(pausing, "_first", lambda U: {"w": U[0], "y": [1.0], "left": 1})
    monkeypatch.setattr(pausing, "_update", lambda U, state, settings: state)
    monkeypatch.setattr(pausing, "done", lambda state: False)
    runner.run(pausing.made(), store=tmp_path, workers=1)
    message = pd.read_parquet(tmp_path / "e" / "failures")["message"][0]
    assert message == "TypeError: the measure walk has a state whose y is no array of numbers"


def test_no_more_trials_are_begun_than_the_workers_need(tmp_path, monkeypatch):
    most = []
    keep = checkpointing.Checkpoints.keep

    def counted(self, job):
        keep(self, job)
        most.append(len(left(tmp_path)))

    monkeypatch.setattr(checkpointing.Checkpoints, "keep", counted)
    small(monkeypatch, 1)
    runner.run(pausing.made({"seed": {"range": 12}}, updates=6), store=tmp_path, workers=1)
    assert max(most) == 2


def test_checkpoints_are_written_now_and_then(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(checkpointing, "EVERY", 1000.0)
    monkeypatch.setattr(checkpointing.store, "write_checkpoint", lambda place, each: written.append(each.name))
    runner.run(pausing.made(), store=tmp_path, workers=1)
    assert len(written) == len(set(written)) == TRIALS


# --- signals, and workers elsewhere ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_at_its_next_pauses(tmp_path, undisturbed, monkeypatch, number, code):
    monkeypatch.setattr(checkpointing, "EVERY", 1000.0)
    pieces = []
    paused = running.Books.paused

    def after_some(self, job, result):
        paused(self, job, result)
        pieces.append(job.keys)
        if len(pieces) == 33:
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        patch.setattr(running.Books, "paused", after_some)
        with pytest.raises(runner.Interrupted, match="the same command goes on from there") as caught:
            runner.run(pausing.made(), store=tmp_path, workers=1)
    assert (caught.value.exit_code, caught.value.at_once) == (code, False)
    assert len(left(tmp_path)) == TRIALS
    place = store.layout(tmp_path, "e")
    done = [len(store.read_checkpoint(place, name).state["y"]) for name in left(tmp_path)]
    assert sum(done) >= 2 * 33  # the newest states, though they were written long ago
    runner.run(pausing.made(), store=tmp_path, workers=1)
    assert results(tmp_path) == undisturbed


@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_states_travel_to_other_processes_and_back(tmp_path, executor):
    settings = {"updates": 12, "nap": 0.02}
    with pausing.start(tmp_path / "s", settings=settings, executor=executor, workers=2) as running:
        output, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    assert '"failed": 0' in output
    runner.run(pausing.made(**settings), store=tmp_path / "here", workers=1)
    assert results(tmp_path / "s") == results(tmp_path / "here")
    assert left(tmp_path / "s") == []


def test_a_time_limit_is_of_a_piece_and_a_lost_worker_is_gone_on_from(tmp_path):
    settings = {"updates": 80, "nap": 0.1}
    begin = time.monotonic()
    options = {"executor": "processes", "workers": 1, "options": {"timeout": 2.0}, "grid": {"seed": 0}}
    with pausing.start(tmp_path / "s", settings=settings, hurry=(10.0, 0.0, 2), **options) as running:
        output, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    assert '"failed": 0' in output
    assert time.monotonic() - begin > 8
    assert len(pd.read_parquet(tmp_path / "s" / "e" / "walk")) == 1


def test_a_worker_that_dies_costs_a_piece_and_the_state_of_a_lost_trial_is_kept(tmp_path):
    settings = {"updates": 30, "kills_at": 20, "nap": 0.01}
    with pausing.start(tmp_path / "s", settings=settings, executor="processes", workers=1, grid={"seed": 0}) as running:
        output, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    assert '"failed": 1' in output
    assert "SIGKILL" in pd.read_parquet(tmp_path / "s" / "e" / "failures")["message"][0]
    [name] = left(tmp_path / "s")
    kept = store.read_checkpoint(store.layout(tmp_path / "s", "e"), name)
    assert 1 <= len(kept.state["y"]) < 20


# --- kernels before the first piece ----------------------------------------------------------------------------------


@pytest.mark.parametrize("task", [name for name in TASKS if name != "arrays"])  # which wants a file
def test_kernels_are_loaded_by_networks_that_the_task_allows(task):
    length = 64 if task == "digits" else 30
    loss_at = TASKS[task].form(length, "").loss_at[0]
    loss = TASKS[task].form(length, "").losses[0]
    shape = {"task": task, "loss": loss, "loss_at": loss_at, "length": length, "width": 8}
    found = pausing.made(shape, more={"gradients": {}})
    tiny = list(warming.tiny_blocks(found))
    assert [[name for name, _ in block.work] for block in tiny] == [["gradients"], ["walk"]]
    networks = draws.networks(tiny[0].trials)
    form = TASKS[task].form(tiny[0].trials[0].length, "")
    assert networks.shape[0] == networks.shape[2] == networks.shape[3] == 1
    assert form.inputs in (None, networks.shape[4])
    assert form.outputs in (None, networks.shape[5])
