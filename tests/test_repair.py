"""`repair` and `compact`: after them the store verifies, and its tables are those of a run that nothing disturbed."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from click.testing import CliRunner

import rnnlab
from rnnlab import api, runner, store
from rnnlab.cli import main
from rnnlab.errors import StoreDamaged, UsageError
from rnnlab.grid import dividing
from rnnlab.store import publishing
from tests.small_stores import flipped, made, rewritten, tables, with_column, written

TABLES = ("gradients", "gradients_by_step", "lags", "lags_by_lag")


def command(there, *arguments, name="repair"):
    done = CliRunner().invoke(main, [name, *arguments, "--store", str(there)])
    return done.exit_code, done.stdout, done.stderr


def check(there, whole):
    assert rnnlab.verify("e", there).problems == ()
    assert tables(there) == tables(whole)
    assert runner.run(made(), store=there, workers=1).new == 0


def spoil(path):
    data = path.read_bytes()
    path.write_bytes(flipped(data, len(data) // 3))


@pytest.mark.parametrize("table", [*TABLES, "timings"])
def test_a_damaged_file_is_set_aside_and_computed_anew(folder, finished, table):
    [victim] = (folder / "e" / table).iterdir()
    spoil(victim)
    assert runner.run(made(), store=folder, workers=1).new == 0  # which looks at sizes
    code, out, err = command(folder, "e")
    assert code == 0
    assert f"{0 if table == 'timings' else 8} trials computed anew" in out
    assert victim.name in err
    assert any(victim.name in path.name for path in (folder / "e" / ".damaged").iterdir())
    check(folder, finished)


@pytest.mark.parametrize("table", [*TABLES, "timings"])
def test_a_file_that_is_gone_is_computed_anew(folder, finished, table):
    [victim] = (folder / "e" / table).iterdir()
    victim.unlink()
    done = api.repair("e", folder, workers=1)
    assert done.new == (0 if table == "timings" else 8)
    check(folder, finished)


@pytest.mark.parametrize("table", ["gradients_by_step", "lags_by_lag"])
def test_readers_and_plans_tell_of_a_long_table_that_is_gone(folder, finished, table):
    """The per-trial table, by which they know what is done, is there still."""
    [victim] = (folder / "e" / table).iterdir()
    victim.unlink()
    with pytest.raises(StoreDamaged, match=f"{victim.name}: is gone"):
        runner.plan(made(), store=folder)
    results = rnnlab.load("e", folder)
    assert len(results.table("gradients")) == 8
    with pytest.raises(StoreDamaged, match=f"{victim.name}: is gone"):
        results.table(table)
    assert runner.run(made(), store=folder, workers=1).new == 8
    check(folder, finished)
    assert len(rnnlab.load("e", folder).table(table)) > 8


def test_damaged_records_are_written_anew(folder, finished):
    [environment] = (folder / "e" / ".environments").iterdir()
    whole = environment.read_bytes()
    for path in (environment, folder / "e" / ".journal.json"):
        spoil(path)
        assert not rnnlab.verify("e", folder).ok
        assert api.repair("e", folder, workers=1).new == 0
        check(folder, finished)
    assert environment.read_bytes() == whole


def test_everything_at_once(folder, finished):
    for path in written(folder):
        if path.name != "manifest.json":
            spoil(path)
    done = api.repair("e", folder, workers=1)
    assert done.new == 8
    assert len(done.problems) == len(written(finished)) - 1
    assert set(tables(folder)) == set(tables(finished))
    assert rnnlab.verify("e", folder).ok


def test_a_damaged_manifest_needs_the_experiment(folder, finished, tmp_path):
    spoil(folder / "e" / "manifest.json")
    spoil(next((folder / "e" / "lags").iterdir()))
    before = {path: path.read_bytes() for path in written(folder)}
    code, _, err = command(folder, "e")
    assert code == 2
    assert "--experiment FILE" in err
    assert {path: path.read_bytes() for path in written(folder) if path.name != ".holder.json"} == before
    file = tmp_path / "e.toml"
    file.write_text(
        'schema = 1\nname = "e"\n[grid]\nactivation = ["tanh", "relu"]\nwidth = 4\nlength = 6\n'
        "seed = { range = 4 }\n[measure.gradients]\n[measure.lags]\n"
    )
    other = tmp_path / "other.toml"
    other.write_text(file.read_text().replace('"e"', '"f"'))
    assert command(folder, "e", "--experiment", str(other))[0] == 2
    code, out, _ = command(folder, "e", "--experiment", str(file), "--json")
    assert (code, json.loads(out)["new"]) == (0, 8)
    check(folder, finished)


@pytest.mark.parametrize("table", ["gradients", "gradients_by_step"])
def test_both_of_two_results_are_set_aside_and_the_rest_is_kept(folder, finished, table):
    place = store.layout(folder, "e")
    both = {name: store.read(place, name) for name in ("gradients", "gradients_by_step")}
    column = "loss"
    values = both[table][column].to_pylist()
    both[table] = with_column(both[table], column, [*values[:-1], np.nextafter(values[-1], 9.0)])
    for path, data in publishing.encoded(both, "gradients").items():
        (place.root / path).write_bytes(data)
    [wrong] = {key for each in rnnlab.verify("e", folder).problems if each.kind == "twice" for key in each.keys}
    with pytest.raises(store.ComputedTwice):
        runner.run(made(), store=folder, workers=1)
    done = api.repair("e", folder, workers=1)
    assert done.new == 1
    assert any("1 trials differ" in note for note in done.notes)
    assert wrong == both[table]["key"][-1].as_py()
    check(folder, finished)


def test_rows_that_do_not_belong_together_go(folder, finished):
    rewritten(folder, "gradients", lambda rows: with_column(rows, "seed", [9, *rows["seed"].to_pylist()[1:]]))
    assert api.repair("e", folder, workers=1).new == 8
    check(folder, finished)


def test_nothing_to_repair(folder):
    before = {path: path.read_bytes() for path in written(folder)}
    code, out, _ = command(folder, "e")
    assert (code, out) == (0, "e: all well, nothing to repair\n")
    assert {path: path.read_bytes() for path in written(folder)} == before
    assert command(folder, "f")[0] == 2


def test_a_network_of_ones_own_is_measured_again(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(3, 3)) for name in "UWV"} | {"x": rng.normal(size=(4, 1, 3))}
    np.savez(tmp_path / "net.npz", **arrays, y=arrays["x"], activation="tanh")
    api.measure_files(tmp_path / "net.npz", store=tmp_path / "s")
    spoil(next((tmp_path / "s" / "net" / "gradients").iterdir()))
    assert not rnnlab.verify("net", tmp_path / "s").ok
    with pytest.raises(StoreDamaged, match=r"measure it again, rnnlab measure net\.npz --name net"):
        api.repair("net", tmp_path / "s")
    assert api.measure_files(tmp_path / "net.npz", store=tmp_path / "s").summary.new == 1
    assert rnnlab.verify("net", tmp_path / "s").ok


# --- compact ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(folder, monkeypatch):
    """The same results in many files, as runs that were interrupted leave them, of a run that has finished."""
    monkeypatch.setattr(dividing, "MAX_BLOCK", 1)
    place = store.layout(folder, "e")
    for each in (folder / "e").glob("[!.]*/*.parquet"):
        each.unlink()
    monkeypatch.setattr(runner.running.stores, "compact", lambda place: None)
    runner.run(made(), store=folder, workers=1)
    monkeypatch.undo()
    assert len(store.snapshot(place).sizes) > 30
    return folder


def test_compact_leaves_a_finished_experiment_finished(many, finished):
    code, out, _ = command(many, "e", name="compact")
    assert code == 0
    assert "e: 33 files before, 5 now" in out
    check(many, finished)
    assert json.loads(command(many, "e", "--json", name="compact")[1]) == [{"name": "e", "before": 5, "after": 5}]
    assert [entry.status for entry in api.listing(many)] == ["complete"]


def test_readers_see_old_or_new_while_files_are_compacted(many, finished):
    whole = api.load("e", finished).table("gradients_by_step")
    wrong, ended = [], threading.Event()

    def read():
        while not ended.is_set():
            if not api.load("e", many).table("gradients_by_step").equals(whole) or not rnnlab.verify("e", many).ok:
                wrong.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        api.compact("e", many)
    finally:
        ended.set()
        reader.join()
    assert not wrong
    check(many, finished)


def test_nothing_is_compacted_out_of_damage(many):
    spoil(next((many / "e" / "lags").iterdir()))
    before = {path: data for path, data in tables(many).items() if "lags" in path}
    assert command(many, "e", name="compact")[0] == 4
    assert before.items() <= tables(many).items()
    assert api.repair("e", many, workers=1).new == 1


@pytest.mark.parametrize("name", ["compact", "gc"])
@pytest.mark.parametrize("table", ["gradients", "lags_by_lag"])
@pytest.mark.parametrize("left", [0, 1000, None])  # bytes; None: the file is gone
def test_what_is_lost_is_never_listed_away(folder, finished, name, table, left):
    path = next(iter((folder / "e" / table).iterdir()))
    path.unlink() if left is None else path.write_bytes(path.read_bytes()[:left])
    before = {each: each.read_bytes() for each in written(folder)}
    with pytest.raises(StoreDamaged, match=path.name):
        getattr(api, name)("e", folder)
    assert {each: each.read_bytes() for each in written(folder)} == before
    assert runner.run(made(), store=folder, workers=1).new == 8
    assert tables(folder) == tables(finished)


def test_unknown_names(folder):
    for each in ("compact", "gc", "repair"):
        assert command(folder, "nonsense", name=each)[0] == 2
    with pytest.raises(UsageError):
        api.compact("nonsense", folder)
