"""`verify` against its promise: every changed byte, lost file and strange row is found, and nothing else is."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

import rnnlab
from rnnlab import api, runner, store
from rnnlab.cli import main
from rnnlab.errors import StoreDamaged, UsageError
from rnnlab.grid import dividing
from rnnlab.store import checking, digest, files, journal, parquet, publishing, snapshots, staging
from tests import fake_measure
from tests.small_stores import copied, flipped, made, rewritten, with_column, written

EVERY = 1 if os.environ.get("RNNLAB_SOAK") else 199  # byte


def verify_command(folder, *arguments):
    done = CliRunner().invoke(main, ["verify", "--store", str(folder), *arguments])
    return done.exit_code, done.stdout, done.stderr


def keys_of(folder, table="gradients"):
    return set(store.read(store.layout(folder, "e"), table, columns=["key"])["key"].to_pylist())


# --- every byte ------------------------------------------------------------------------------------------------------


def test_a_whole_store_is_well(folder):
    found = rnnlab.verify("e", folder)
    assert (found.ok, found.problems, found.notes, found.trials) == (True, (), (), 8)
    assert found.files == len([path for path in written(folder) if path.suffix == ".parquet"])
    code, out, _ = verify_command(folder)
    assert code == 0
    assert "e: all well" in out
    assert len(rnnlab.load("e", folder, verify=True).trials) == 8


def test_any_changed_byte_of_any_file_is_found(folder, monkeypatch):
    paths = written(folder)
    assert {path.name for path in paths} >= {"manifest.json", ".journal.json"}
    assert len({path.parent.name for path in paths}) >= 6
    flips = 0
    check, known = checking.check, {}

    def check_what_changes(place, file):  # for the time that it takes: the other files are read once
        return (
            check(place, file)
            if place.root / file == path
            else known.get(file) or known.setdefault(file, check(place, file))
        )

    monkeypatch.setattr(checking, "check", check_what_changes)
    for path in paths:
        data = path.read_bytes()
        for i in range(0, len(data), EVERY):
            path.write_bytes(flipped(data, i))
            found = store.verify(store.layout(folder, "e"))
            named = {file for problem in found.problems for file in problem.files}
            assert path.relative_to(folder / "e").as_posix() in named, (path, i)
            with pytest.raises(StoreDamaged, match=path.name.replace(".", "[.]")):
                rnnlab.load("e", folder, verify=True)
            flips += 1
        path.write_bytes(data)
    assert flips > 50
    assert rnnlab.verify("e", folder).ok


def test_what_tells_one_file_damaged_does_so_for_any_byte(folder):
    """The same with the two functions that `verify` asks, quick enough for every byte at all times."""
    for path in written(folder):
        data = path.read_bytes()
        for i in range(len(data)):
            if path.suffix == ".parquet":
                assert not parquet.vouched(path, flipped(data, i))
            else:
                with pytest.raises(ValueError, match=r"record of rnnlab|digest"):
                    digest.unseal(flipped(data, i))


def test_any_truncated_file_is_found(folder):
    for path in written(folder):
        data = path.read_bytes()
        for length in {0, 1, 7, len(data) // 3, len(data) // 2, len(data) - 1} | set(
            range(0, len(data), max(1, 10 * EVERY))
        ):
            path.write_bytes(data[:length])
            found = rnnlab.verify("e", folder)
            if path.name == ".journal.json" and not length:
                continue  # as good as none: nothing is under way
            assert any(path.name in file for problem in found.problems for file in problem.files)
        path.write_bytes(data + b"\n")
        assert not rnnlab.verify("e", folder).ok
        path.write_bytes(data)


# --- files and trials ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["gradients", "gradients_by_step", "lags"])
def test_the_trials_that_damage_costs_are_named(folder, table):
    everything = keys_of(folder)
    [victim] = (folder / "e" / table).iterdir()
    for data in (b"", victim.read_bytes()[:-9]):
        victim.write_bytes(data)
        [problem] = rnnlab.verify("e", folder).problems
        assert (problem.kind, problem.table, set(problem.keys)) == ("damaged", table, everything)
    code, _, err = verify_command(folder)
    assert code == 4
    for word in (victim.name, "it costs 8 trials", problem.keys[0], "and 5 more", "rnnlab repair e --store"):
        assert word in err
    code, out, _ = verify_command(folder, "--json")
    [report] = json.loads(out)
    assert code == 4
    assert set(report["problems"][0]["keys"]) == everything
    assert report["ok"] is False


def test_only_the_trials_of_a_damaged_file_are_named(tmp_path, finished, monkeypatch):
    folder = copied(finished, tmp_path)
    monkeypatch.setattr(store, "compact", lambda place: None)
    monkeypatch.setattr(runner.running.stores, "compact", lambda place: None)
    before = keys_of(folder)
    runner.run(made(seed={"range": 6}), store=folder, workers=1)
    new = [path for path in (folder / "e" / "gradients").iterdir() if path not in written(finished)]
    [victim] = [path for path in new if path.name not in {each.name for each in written(finished)}]
    victim.write_bytes(b"")
    [problem] = rnnlab.verify("e", folder).problems
    assert len(problem.keys) == 4
    assert not set(problem.keys) & before


@pytest.mark.parametrize("table", ["gradients", "gradients_by_step", "timings"])
def test_files_that_are_gone_are_found(folder, table):
    everything = keys_of(folder)
    [victim] = (folder / "e" / table).iterdir()
    victim.unlink()
    found = rnnlab.verify("e", folder)
    gone = {file for problem in found.problems for file in problem.files if problem.kind == "gone"}
    assert f"{table}/{victim.name}" in gone
    assert all(set(problem.keys) == everything for problem in found.problems if problem.table != "timings")


def test_a_manifest_that_is_gone_is_found(folder):
    (folder / "e" / "manifest.json").unlink()
    assert [problem.kind for problem in rnnlab.verify("e", folder).problems] == ["manifest"]


@pytest.mark.parametrize("entry", ["files", "measures", "environments"])
def test_a_manifest_that_rnnlab_did_not_write_is_found(folder, entry):
    place = store.layout(folder, "e")
    place.manifest.write_bytes(digest.seal({**store.read_manifest(place), entry: [1]}))
    [problem] = [each for each in rnnlab.verify("e", folder).problems if each.kind == "manifest"]
    assert entry in problem.message
    assert verify_command(folder)[0] == 4


def test_a_manifest_without_a_list_of_files_vouches_for_none(folder):
    place = store.layout(folder, "e")
    record = {name: value for name, value in store.read_manifest(place).items() if name != "files"}
    place.manifest.write_bytes(digest.seal(record))
    assert {each.kind for each in rnnlab.verify("e", folder).problems} == {"unlisted"}


def test_a_file_that_was_added_is_found(folder, tmp_path):
    runner.run(made(("gradients",), seed=[70, 71]), store=tmp_path / "other", workers=1)
    for path in (tmp_path / "other" / "e").glob("gradients*/*"):
        (folder / "e" / path.parent.name / path.name).write_bytes(path.read_bytes())
    found = rnnlab.verify("e", folder).problems
    assert {problem.kind for problem in found} == {"unlisted"}
    assert len(found) == 2
    assert runner.run(made(), store=folder, workers=1).new == 0  # no such run says that nothing is to be done
    assert rnnlab.verify("e", folder).ok


def test_keys_that_are_not_those_of_their_parameters_are_found(folder):
    rewritten(folder, "gradients", lambda rows: with_column(rows, "seed", [9, *rows["seed"].to_pylist()[1:]]))
    [problem] = rnnlab.verify("e", folder).problems
    assert problem.kind == "rows"
    assert "1 keys are not those of the parameters" in problem.message


def test_long_rows_of_trials_that_the_block_has_not_are_found(folder):
    rewritten(
        folder, "gradients_by_step", lambda rows: with_column(rows, "key", ["0" * 20, *rows["key"].to_pylist()[1:]])
    )
    [problem] = rnnlab.verify("e", folder).problems
    assert problem.kind == "rows"
    assert "1 trials that its block has not" in problem.message


def test_environments_that_nobody_knows_are_found(folder):
    rewritten(folder, "gradients", lambda rows: with_column(rows, "environment", ["f" * 10] * 8))
    [problem] = rnnlab.verify("e", folder).problems
    assert problem.kind == "environment"
    assert "f" * 10 in problem.message
    assert set(problem.keys) == keys_of(folder)


def test_the_same_trials_with_other_results_are_found(folder):
    place = store.layout(folder, "e")
    rows = store.read(place, "gradients")
    other = with_column(rows, "loss", [1.0, *rows["loss"].to_pylist()[1:]])
    for path, data in publishing.encoded({"gradients": other}, "gradients").items():
        (place.root / path).write_bytes(data)
    store.write_manifest(place, {**store.read_manifest(place), "files": store.records(place, {})})
    [problem] = rnnlab.verify("e", folder).problems
    assert problem.kind == "twice"
    assert problem.keys == (rows["key"][0].as_py(),)
    assert "computed twice with different results (gradients: loss)" in problem.message
    code, _, err = verify_command(folder)
    assert code == 4
    for path in place.table("gradients").iterdir():
        assert path.name in err


def test_the_same_bits_twice_are_a_note(folder):
    place = store.layout(folder, "e")
    part = store.read(place, "gradients").slice(0, 3)
    for path, data in publishing.encoded({"gradients": part}, "gradients").items():
        (place.root / path).write_bytes(data)
    store.write_manifest(place, {**store.read_manifest(place), "files": store.records(place, {})})
    found = rnnlab.verify("e", folder)
    assert found.ok
    assert any("3 trials stand in both, the same bits" in note for note in found.notes)


# --- what is harmless ------------------------------------------------------------------------------------------------


def test_what_rnnlab_did_not_write_is_noted_and_never_opened(folder):
    root = folder / "e"
    (root / "notes.txt").write_text("mine")
    (root / "gradients" / "x.parquet").mkdir()
    os.mkfifo(root / "gradients" / f"{'0' * 16}-{'1' * 16}.parquet")
    (root / "lags" / f"{'0' * 16}-{'2' * 16}.parquet").symlink_to(root / "nowhere")
    (root / "gone").symlink_to(root / "nowhere")
    os.mkfifo(root / "pipe")
    staging.folder(root / ".staging")
    (root / ".staging" / ".1-1").write_bytes(b"half")
    (root / ".holder.json").write_text("{")
    found = rnnlab.verify("e", folder)
    assert found.ok
    assert len(found.notes) == 8
    assert sum("skipped" in note for note in found.notes) == 6


@pytest.mark.parametrize("record", ["manifest.json", ".journal.json"])
def test_a_pipe_in_place_of_a_record_is_damage(folder, record):
    (folder / "e" / record).unlink()
    os.mkfifo(folder / "e" / record)
    assert not rnnlab.verify("e", folder).ok


def test_unknown_names_and_empty_stores(folder, tmp_path):
    with pytest.raises(UsageError, match="Did you mean e"):
        rnnlab.verify("ee", folder)
    assert verify_command(folder, "ee")[0] == 2
    assert verify_command(folder, "../x")[0] == 2
    assert verify_command(tmp_path / "none")[0] == 0


def test_a_read_only_store_is_verified(folder, monkeypatch):
    for name in files.CHANGES:
        monkeypatch.setattr(files, name, lambda *_: pytest.fail("nothing is to be touched"))
    assert rnnlab.verify("e", folder).ok


def test_a_store_of_a_newer_rnnlab_is_not_judged(tmp_path, monkeypatch):
    place = store.layout(tmp_path, "e")
    staging.folder(place.root)
    monkeypatch.setattr(store.manifests, "FORMAT", 99)
    store.write_manifest(place, {"name": "e"})
    monkeypatch.undo()
    with pytest.raises(UsageError, match="newer rnnlab"):
        rnnlab.verify("e", tmp_path)


def test_a_killed_exchange_is_a_note(tmp_path, monkeypatch):
    fake_measure.install(monkeypatch)
    place = store.layout(tmp_path, "e")
    staging.folder(place.root)
    store.write_manifest(place, {"finished": None})
    store.note_environment(place, "e" * 10, {"numpy": "1"})
    for trial in fake_measure.trials(4):
        store.publish(place, fake_measure.block([trial]))
    monkeypatch.setattr(journal, "_end", lambda *_: None)
    store.compact(place)
    found = rnnlab.verify("e", tmp_path)
    assert found.ok
    assert found.trials == 4
    assert any("has not ended" in note for note in found.notes)


# --- while a run writes ----------------------------------------------------------------------------------------------


def test_a_run_that_writes_is_no_damage(folder, monkeypatch):
    monkeypatch.setattr(dividing, "MAX_BLOCK", 1)
    wrong, ended, rounds = [], threading.Event(), []

    def watch():
        while not ended.is_set():
            wrong.extend(rnnlab.verify("e", folder).problems)
            rounds.append(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for seeds in (8, 3, 12, 12, 2):
            runner.run(made(seed={"range": seeds}), store=folder, workers=1)
    finally:
        ended.set()
        watcher.join()
    assert not wrong
    assert len(rounds) > 2
    assert api.verify("e", folder).ok
    assert snapshots.at_rest(store.layout(folder, "e"))
    assert Path(folder, "e", "manifest.json").exists()
