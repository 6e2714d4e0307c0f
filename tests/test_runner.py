"""The runner against its promises: only what is missing, the same bits whatever happened, a way on from anything."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from rnnlab import api, draws, experiment, grid, measures, runner, store
from rnnlab.errors import StoreBusy, StoreIOError, UsageError
from rnnlab.grid import dividing
from rnnlab.runner import running
from rnnlab.store import files, parquet
from tests import fake_measure

GRID = {
    "activation": ["tanh", "relu"],
    "width": 5,
    "length": [3, 12],
    "recurrent_scale": [0.5, 40.0],
    "seed": {"range": 3},
}
TRIALS = 24


def made(name="e", measure=None, **grid):
    data = {"schema": 1, "name": name, "grid": {**GRID, **grid}, "measure": measure or {"gradients": {}}}
    return experiment.parse(data, "test")


def results(folder, name="e"):
    """The files of the measures' tables, which are the same bytes where the tables are the same bits."""
    found = Path(folder, name).glob("[!.]*/*.parquet")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if path.parent.name not in store.BOOKKEEPING
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    summary = runner.run(made(), store=folder, workers=1)
    assert (summary.trials, summary.new, summary.done, summary.failed) == (TRIALS, TRIALS, 0, 0)
    return results(folder)


def small_blocks(monkeypatch, number):
    monkeypatch.setattr(dividing, "MAX_BLOCK", number)


# --- the same bits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("executor", "workers", "size"),
    [("threads", 1, 1), ("threads", 2, 1), ("threads", 2, 5), ("processes", 1, 5), ("processes", 2, 1), ("dask", 2, 5)],
)
def test_tables_do_not_depend_on_executor_workers_or_blocks(
    tmp_path, undisturbed, monkeypatch, executor, workers, size
):
    small_blocks(monkeypatch, size)
    runner.run(made(), store=tmp_path, executor=executor, workers=workers)
    assert results(tmp_path) == undisturbed


DRIVER = textwrap.dedent("""
    import sys, time
    from rnnlab import runner
    from rnnlab.grid import dividing
    from rnnlab.store import publishing
    from tests import test_runner

    dividing.MAX_BLOCK = 1
    publish = publishing.publish

    def slowly(place, tables):
        publish(place, tables)
        if "gradients" in tables:
            print("published", flush=True)
            time.sleep(float(sys.argv[3]))

    runner.running.stores.publish = slowly
    if __name__ == "__main__":
        try:
            runner.run(test_runner.made(), store=sys.argv[1], executor=sys.argv[2], workers=2)
        except runner.Interrupted as end:
            print("at once" if end.at_once else "patient", flush=True)
            sys.exit(end.exit_code)
""")


def _here():
    """The package from this tree, for a script that lies elsewhere."""
    return os.environ | {"PYTHONPATH": str(Path.cwd())}


@pytest.fixture
def driver(tmp_path):
    """Return a function that starts a run in a process of its own and waits for its first published blocks."""
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    started = []

    def start(blocks, *, executor="threads", pause=0.05):
        command = [sys.executable, script, tmp_path / "store", executor, str(pause)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_here(), start_new_session=True)
        started.append(process)
        for _ in range(blocks):
            assert process.stdout.readline() == "published\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.stdout.close()
        process.wait()


@pytest.mark.parametrize(("executor", "blocks"), [("threads", 1), ("threads", 9), ("processes", 4)])
def test_a_killed_run_resumes_with_the_same_command(tmp_path, undisturbed, driver, executor, blocks):
    process = driver(blocks, executor=executor)
    process.kill()
    process.wait()
    rows = pd.read_parquet(tmp_path / "store" / "e" / "gradients")
    assert blocks <= len(rows) < TRIALS
    assert [entry.status for entry in api.listing(tmp_path / "store")] == ["interrupted"]
    trials = api.load("e", tmp_path / "store").trials
    assert (len(trials), trials["status"].notna().sum()) == (TRIALS, len(rows))
    summary = runner.run(made(), store=tmp_path / "store")
    assert summary.done == len(rows)
    assert summary.new == TRIALS - len(rows)
    assert results(tmp_path / "store") == undisturbed


def test_kills_at_any_moment_lose_nothing_that_was_published(tmp_path, undisturbed, driver):
    seen: set[str] = set()
    for delay in (0.0, 0.003, 0.01, 0.02):
        process = driver(2, pause=0.0)
        time.sleep(delay)
        process.kill()
        process.wait()
        place = store.layout(tmp_path / "store", "e")
        keys = set(store.published(place, "gradients")["key"].to_pylist())
        assert seen <= keys
        seen = keys
        if len(keys) > TRIALS - 4:
            break
    runner.run(made(), store=tmp_path / "store")
    assert results(tmp_path / "store") == undisturbed


# --- interrupted -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", ["threads", "processes"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_after_its_blocks(tmp_path, undisturbed, driver, executor, number, code):
    process = driver(1, executor=executor, pause=0.2)
    os.killpg(process.pid, number)  # as a terminal does: workers and all
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert output.endswith("patient\n")
    kept = output.count("published") + 1
    assert len(pd.read_parquet(tmp_path / "store" / "e" / "gradients")) == kept < TRIALS
    manifest = store.read_manifest(store.layout(tmp_path / "store", "e"))
    assert (manifest["finished"], manifest["summary"], manifest["files"]) == (None, None, [])
    assert experiment.parse(manifest["experiment"], "manifest") == made()
    assert runner.run(made(), store=tmp_path / "store").done == kept
    assert results(tmp_path / "store") == undisturbed


def test_a_second_signal_ends_the_run_at_once(tmp_path, undisturbed, driver):
    process = driver(1, pause=5.0)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    output, _ = process.communicate(timeout=60)
    assert time.monotonic() - begin < 4
    assert process.returncode == 130
    assert output == "at once\n"
    runner.run(made(), store=tmp_path / "store")
    assert results(tmp_path / "store") == undisturbed


def test_a_signal_while_kernels_are_made_ends_the_run_at_once(tmp_path, monkeypatch):
    def warm(_):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5.0)
        pytest.fail("the signal was not heard")

    monkeypatch.setattr(running, "warm", warm)
    with pytest.raises(runner.Interrupted) as caught:
        runner.run(made(), store=tmp_path)
    assert (caught.value.exit_code, caught.value.at_once) == (143, False)
    assert runner.plan(made(), store=tmp_path).new == TRIALS


# --- only what is missing --------------------------------------------------------------------------------------------


@pytest.fixture
def computed(monkeypatch):
    """The trials of which draws were made, but for the one by which kernels are warmed."""
    seen = []
    original = draws.networks

    def networks(trials):
        seen.extend(trial for trial in trials if trial.width > 1)
        return original(trials)

    monkeypatch.setattr(draws, "networks", networks)
    return seen


def test_a_finished_experiment_is_left_alone(tmp_path, computed, monkeypatch):
    runner.run(made(), store=tmp_path)
    computed.clear()
    for name in files.CHANGES:  # read-only
        monkeypatch.setattr(files, name, lambda *_: pytest.fail("nothing is to be touched"))
    summary = runner.run(made(), store=tmp_path)
    assert (summary.trials, summary.new, summary.done, summary.failed) == (TRIALS, 0, TRIALS, 0)
    assert not computed


def test_a_finished_run_imports_nothing_heavy(tmp_path):
    runner.run(made(), store=tmp_path)
    code = f"""
        import sys
        from rnnlab import runner
        from tests import fake_measure
        from rnnlab import experiment
        data = {{"schema": 1, "name": "e", "grid": {GRID!r}, "measure": {{"gradients": {{}}}}}}
        assert runner.run(experiment.parse(data, ""), store={str(tmp_path)!r}).new == 0
        print([name for name in ("pandas", "numba", "scipy", "pyarrow.parquet", "matplotlib") if name in sys.modules])
    """
    code = textwrap.dedent(code).replace("from tests import fake_measure\n", "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_read_only_store_is_refused_before_anything_is_computed(tmp_path, computed, monkeypatch):
    runner.run(made(), store=tmp_path)
    computed.clear()

    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for name in files.CHANGES:
        monkeypatch.setattr(files, name, refuse)
    with pytest.raises(StoreIOError, match="read-only"):
        runner.run(made(seed={"range": 4}), store=tmp_path)
    summary = runner.run(made(seed={"range": 2}), store=tmp_path)  # all is there, but not a manifest of this grid
    assert (summary.new, summary.done) == (0, 16)
    assert "read-only" in summary.notes[0]
    assert not computed


def test_new_values_of_an_axis_compute_only_what_is_new(tmp_path, computed):
    runner.run(made(), store=tmp_path)
    computed.clear()
    summary = runner.run(made(seed={"range": 5}, length=[3, 12, 4]), store=tmp_path)
    assert (summary.trials, summary.new, summary.done) == (60, 36, TRIALS)
    assert len(computed) == 36
    assert {trial.length for trial in computed if trial.seed < 3} == {4}
    assert runner.run(made(seed=0), store=tmp_path).new == 0


def test_a_grid_that_grew_has_the_bits_of_one_run_at_once(tmp_path):
    runner.run(made(seed={"range": 1}), store=tmp_path / "grown")
    runner.run(made(), store=tmp_path / "grown")
    runner.run(made(), store=tmp_path / "whole")
    assert results(tmp_path / "grown") == results(tmp_path / "whole")


def test_other_settings_and_versions_are_computed_and_old_rows_stay(tmp_path, computed, monkeypatch):
    runner.run(made(), store=tmp_path)
    computed.clear()
    assert runner.run(made(measure={"gradients": {"steps": 2}}), store=tmp_path).new == TRIALS
    monkeypatch.setattr(measures.registry()["gradients"], "VERSION", 2)
    assert runner.run(made(), store=tmp_path).new == TRIALS
    assert len(computed) == 2 * TRIALS
    rows = pd.read_parquet(tmp_path / "e" / "gradients")
    assert len(rows) == 3 * TRIALS
    assert len(rows.groupby(["settings", "measure_version"])) == 3
    steps = store.read(store.layout(tmp_path, "e"), "gradients_by_step", version=2)
    assert steps.num_rows == TRIALS * (3 + 12) / 2


def test_a_further_measure_computes_only_that(tmp_path, fake):
    runner.run(made(), store=tmp_path)
    rows = results(tmp_path)
    fake(lambda trials: None)
    summary = runner.run(made(measure={"gradients": {}, "fake": {}}), store=tmp_path)
    assert summary.new == TRIALS
    assert rows.items() <= results(tmp_path).items()
    assert len(pd.read_parquet(tmp_path / "e" / "fake")) == TRIALS
    timings = pd.read_parquet(tmp_path / "e" / "timings")
    assert timings["measure"].value_counts().to_dict() == {"gradients": TRIALS, "fake": TRIALS}
    assert runner.run(made(measure={"fake": {}}), store=tmp_path).new == 0


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.fixture
def fake(monkeypatch):
    """Return a function that makes the fake measure known; what it is given may raise for trials."""
    current: list = []
    drawn = draws.networks

    def networks(trials):
        current[:] = trials
        return drawn(trials)

    def install(check):
        fake_measure.install(monkeypatch)
        monkeypatch.setattr(draws, "networks", networks)
        original = fake_measure.measure

        def measure(networks, trajectory, settings):
            check(tuple(current))
            return original(tuple(current), trajectory, settings)

        monkeypatch.setattr(fake_measure, "measure", measure)

    return install


def picky(trials):
    bad = [trial for trial in trials if trial.seed == 1 and trial.activation == "relu"]
    if bad:
        raise ValueError(f"no {bad[0].activation} here")


def test_a_trial_that_fails_costs_no_other_and_is_tried_again(tmp_path, fake, monkeypatch):
    fake(picky)
    both = made(measure={"fake": {}, "gradients": {}})
    summary = runner.run(both, store=tmp_path, workers=1)
    assert (summary.new, summary.failed) == (TRIALS, 4)
    assert len(pd.read_parquet(tmp_path / "e" / "fake")) == TRIALS - 4
    assert len(pd.read_parquet(tmp_path / "e" / "gradients")) == TRIALS
    failures = pd.read_parquet(tmp_path / "e" / "failures")
    assert failures["message"].tolist() == ["ValueError: no relu here"] * 4
    assert failures["traceback"].str.contains("in picky").all()
    assert set(failures["measure"]) == {"fake"}
    assert set(failures["activation"]) == {"relu"}
    assert sorted(zip(failures["length"], failures["recurrent_scale"], strict=True)) == [
        (3, 0.5), (3, 40.0), (12, 0.5), (12, 40.0),
    ]  # fmt: skip
    summary = runner.run(both, store=tmp_path, workers=1)
    assert (summary.new, summary.done, summary.failed) == (4, TRIALS - 4, 4)
    assert len(pd.read_parquet(tmp_path / "e" / "failures")) == 4
    monkeypatch.undo()
    fake(lambda trials: None)
    summary = runner.run(both, store=tmp_path, workers=1)
    assert (summary.new, summary.failed) == (4, 0)
    assert not list((tmp_path / "e" / "failures").iterdir())
    assert runner.run(both, store=tmp_path).new == 0


def test_progress_counts_every_trial_once(tmp_path, fake):
    fake(picky)
    seen = []
    runner.run(
        made(measure={"fake": {}, "gradients": {}}), store=tmp_path, workers=1, progress=lambda *now: seen.append(now)
    )
    assert seen[0] == (0, TRIALS)
    assert seen[-1] == (TRIALS, TRIALS)
    assert seen == sorted(seen)


def test_diverged_trials_are_results(tmp_path):
    wild = made(activation="identity", recurrent_scale=1e9, length=[3, 100])
    summary = runner.run(wild, store=tmp_path)
    assert (summary.failed, summary.diverged) == (0, 3)
    assert runner.run(wild, store=tmp_path).diverged == 3
    assert (
        runner.run(made(activation="identity", recurrent_scale=[1.0, 1e9], length=[3, 100]), store=tmp_path).diverged
        == 3
    )


def test_trials_that_diverge_for_a_further_measure_too_are_counted_once(tmp_path):
    wild = {"activation": "identity", "recurrent_scale": 1e9, "length": 100}
    assert runner.run(made(**wild), store=tmp_path).diverged == 3
    both = made(measure={"gradients": {}, "jacobian": {}}, **wild)
    assert runner.run(both, store=tmp_path).diverged == 3
    assert store.read_manifest(store.layout(tmp_path, "e"))["summary"]["diverged"] == 3


def few():
    return made(length=3, recurrent_scale=0.5, seed=[1, 2])


FATAL = textwrap.dedent("""
    import os, signal, sys
    from rnnlab import draws, runner
    from tests import test_runner

    drawn = draws.networks

    def networks(trials):
        if any(trial.seed == 1 and trial.activation == "relu" for trial in trials):
            os.kill(os.getpid(), signal.SIGSEGV)
        return drawn(trials)

    if __name__ != "__main__":  # in the workers only
        draws.networks = networks
    else:
        summary = runner.run(test_runner.few(), store=sys.argv[1], executor="processes")
        print(summary.new, summary.failed)
""")


def test_a_trial_that_kills_its_worker_costs_no_other(tmp_path):
    script = tmp_path / "fatal.py"
    script.write_text(FATAL)
    done = subprocess.run(
        [sys.executable, script, tmp_path], capture_output=True, text=True, check=True, env=_here(), timeout=120
    )
    assert done.stdout == "4 1\n"
    assert len(pd.read_parquet(tmp_path / "e" / "gradients")) == 3
    [failure] = pd.read_parquet(tmp_path / "e" / "failures").to_dict("records")
    assert "SIGSEGV" in failure["message"]
    assert runner.run(few(), store=tmp_path).new == 1


# --- the disk --------------------------------------------------------------------------------------------------------


def test_after_any_failing_operation_the_same_command_ends_the_same(tmp_path, undisturbed, monkeypatch):
    small_blocks(monkeypatch, 8)
    originals = {name: getattr(files, name) for name in files.CHANGES}
    codes = itertools.cycle([errno.ENOSPC, errno.EIO, errno.EMFILE])
    for number in itertools.count(1, 7):
        folder, counter, code = tmp_path / str(number), itertools.count(1), next(codes)

        def failing(name, number=number, counter=counter, code=code):
            def operation(*args):
                if next(counter) == number:
                    raise OSError(code, os.strerror(code))
                return originals[name](*args)

            return operation

        for name in files.CHANGES:
            monkeypatch.setattr(files, name, failing(name))
        try:
            runner.run(made(), store=folder, workers=1)
        except (StoreIOError, OSError):
            failed = True
        else:
            failed = False
        for name in files.CHANGES:
            monkeypatch.setattr(files, name, originals[name])
        runner.run(made(), store=folder, workers=1)
        assert results(folder) == undisturbed
        if not failed:
            break
    assert number > 50


FULL = textwrap.dedent("""
    import resource, sys
    from rnnlab import runner
    from rnnlab.errors import StoreIOError
    from tests import test_runner

    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        runner.run(test_runner.made(), store=sys.argv[1])
    except StoreIOError as error:
        print(error)
""")


def test_a_disk_that_is_full_is_told_and_nothing_is_lost(tmp_path, undisturbed):
    script = tmp_path / "full.py"
    script.write_text(FULL)
    command = [sys.executable, script, tmp_path / "store"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_here(), timeout=120)
    assert "Make room (at least" in done.stdout
    assert "run the same command again" in done.stdout
    runner.run(made(), store=tmp_path / "store")
    assert results(tmp_path / "store") == undisturbed


@pytest.mark.parametrize("table", ["gradients", "gradients_by_step"])
@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_file_is_computed_anew(tmp_path, undisturbed, table, damage):
    runner.run(made(), store=tmp_path)
    victim = next((tmp_path / "e" / table).iterdir())
    data = victim.read_bytes()
    if damage == "truncated":
        victim.write_bytes(data[:-100])
    else:  # found when it is compacted or listed
        middle = len(data) // 3
        victim.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        (tmp_path / "e" / "manifest.json").unlink()
    summary = runner.run(made(), store=tmp_path)
    assert summary.new == TRIALS
    assert any(victim.name in note for note in summary.notes)
    assert results(tmp_path) == undisturbed
    assert [path for path in (tmp_path / "e" / ".damaged").iterdir() if victim.name in path.name]


def test_a_damaged_manifest_is_written_anew(tmp_path, computed):
    runner.run(made(), store=tmp_path)
    before = store.read_manifest(store.layout(tmp_path, "e"))
    computed.clear()
    (tmp_path / "e" / "manifest.json").write_bytes(b"{")
    summary = runner.run(made(), store=tmp_path)
    assert summary.new == 0
    assert "manifest" in summary.notes[0]
    after = store.read_manifest(store.layout(tmp_path, "e"))
    for name in ("experiment", "measures", "files", "environments", "seeds"):
        assert after[name] == before[name]
    assert not computed


def test_a_store_of_a_newer_rnnlab_is_left_untouched(tmp_path):
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "manifest.json").write_text('{"format": 99}')
    with pytest.raises(UsageError, match="newer rnnlab"):
        runner.run(made(), store=tmp_path)
    assert [path.name for path in (tmp_path / "e").iterdir()] == ["manifest.json"]


# --- one writer at a time --------------------------------------------------------------------------------------------


def test_a_second_run_is_busy_or_waits(tmp_path, undisturbed, driver, computed):
    process = driver(1, pause=0.1)
    with pytest.raises(StoreBusy, match=f"process {process.pid} on "):
        runner.run(made(), store=tmp_path / "store")
    summary = runner.run(made(), store=tmp_path / "store", wait=True)
    assert process.wait(timeout=60) == 0
    assert (summary.new, summary.done) == (0, TRIALS)
    assert not computed
    assert results(tmp_path / "store") == undisturbed


def test_a_reader_sees_whole_blocks_while_a_run_writes(tmp_path, monkeypatch):
    small_blocks(monkeypatch, 1)
    place = store.layout(tmp_path, "e")
    wrong, ended = [], threading.Event()
    lengths = {trial.key: trial.length for trial in grid.trials(made())}

    def read():
        while not ended.is_set():
            keys = store.published(place, "gradients")["key"].to_pylist()
            steps = store.read(place, "gradients_by_step")["key"].value_counts().to_pylist()
            found = {each["values"]: each["counts"] for each in steps}
            if len(keys) != len(set(keys)) or any(found.get(key) != lengths[key] for key in keys):
                wrong.append(keys)

    reader = threading.Thread(target=read)
    reader.start()
    runner.run(made(), store=tmp_path, workers=1)
    ended.set()
    reader.join()
    assert not wrong


# --- the manifest ----------------------------------------------------------------------------------------------------


def test_the_manifest_tells_what_was_run(tmp_path):
    runner.run(made(seed=[0, 1, 2, 7]), store=tmp_path, executor="processes", workers=1)
    manifest = store.read_manifest(store.layout(tmp_path, "e"))
    assert experiment.parse(manifest["experiment"], "manifest") == made(seed=[0, 1, 2, 7])
    assert manifest["seeds"] == [[0, 2], [7, 7]]
    assert manifest["summary"] | {"seconds": 0} == {
        "trials": 32, "new": 32, "done": 0, "failed": 0, "diverged": 0, "seconds": 0,
    }  # fmt: skip
    rows = pd.read_parquet(tmp_path / "e" / "gradients")
    assert set(rows["environment"]) == {manifest["environment"]} <= set(manifest["environments"])
    assert set(rows["settings"]) == {manifest["measures"]["gradients"]["settings"]}
    assert manifest["measures"]["gradients"]["resolved"]["steps"] is True
    for file in manifest["files"]:
        data = (tmp_path / "e" / file["path"]).read_bytes()
        assert file["bytes"] == len(data)
        assert file["sha256"].startswith(parquet.content(data))
    assert manifest["started"] <= manifest["finished"]
    assert (manifest["executor"], manifest["workers"]) == ("processes", 1)
    assert "git" in manifest


def test_environments_accumulate_when_versions_change(tmp_path, monkeypatch):
    runner.run(made(), store=tmp_path)
    from rnnlab import environment

    describe = environment.describe
    monkeypatch.setattr(environment, "describe", lambda: describe() | {"python": "9.9"})
    runner.run(made(seed={"range": 4}), store=tmp_path)
    manifest = store.read_manifest(store.layout(tmp_path, "e"))
    assert len(manifest["environments"]) == 2
    assert set(pd.read_parquet(tmp_path / "e" / "gradients")["environment"]) == set(manifest["environments"])


# --- a block ---------------------------------------------------------------------------------------------------------


def test_a_block_gives_ordered_tables_with_pinned_types(tmp_path):
    [block, *_] = grid.blocks(grid.trials(made()), {"gradients": {"steps": True, "skip_first": 0, "skip_last": 0}})
    result = runner.compute(block, environment="e" * 10)
    rows = result.tables["gradients"]
    assert rows["key"].to_pylist() == sorted(trial.key for trial in block.trials)
    assert [field.name for field in rows.schema] == [column.name for column in store.columns_of("gradients")]
    assert rows["loss_function"].to_pylist() == ["squared"] * len(block.trials)
    assert result.seconds["gradients"] > 0
    trial = min(block.trials, key=lambda trial: trial.key)
    assert rows.slice(0, 1).to_pylist()[0].items() >= {"seed": trial.seed, "width": 5, "key": trial.key}.items()


def test_unknown_executors_are_named_before_the_store_is_touched(tmp_path):
    with pytest.raises(UsageError, match="threads"):
        runner.run(made(), store=tmp_path / "store", executor="thread")
    assert not (tmp_path / "store").exists()
