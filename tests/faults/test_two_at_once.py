"""Rows 11 to 13: two runs at a time, a reader beside a writer, and locks of those who are gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from rnnlab import runner, store
from rnnlab.errors import StoreBusy
from rnnlab.store import locks
from tests.faults.runs import ROOT, SMALL, call, frame, made, process, results

LARGER = SMALL.replace("range = 3", "range = 40").replace("length = 12", "length = [8, 9, 10, 11, 12, 13]")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(LARGER, encoding="utf-8")
    return Path("s", "small")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    (folder / "small.toml").write_text(LARGER, encoding="utf-8")
    call("run", folder / "small.toml", "--store", folder / "s")
    return folder / "s"


def test_two_runs_at_a_time_make_the_tables_of_one(place, alone):
    with store.writing(store.layout("s", "small")):  # so that neither is done before the other has begun
        both = [process("run", "small.toml", "--store", "s", "--wait") for _ in range(2)]
        told = process("run", "small.toml", "--store", "s")
        _, said = told.communicate(timeout=120)
        assert told.returncode == 5
        assert f"process {os.getpid()} on" in said
    for each in both:
        _, errors = each.communicate(timeout=120)
        assert each.returncode == 0, errors
    assert results("s", "small") == results(alone, "small")


READER = textwrap.dedent("""
    import sys, time
    from rnnlab import api, errors

    whole = api.load("small", sys.argv[1]).trials.drop(columns="environment").set_index("key")
    ended = time.monotonic() + 120
    seen, wrong, looks = set(), 0, 0
    print("ready", flush=True)
    while len(seen) < len(whole) and time.monotonic() < ended:
        try:
            results = api.load("small", "s")
            trials = results.trials.drop(columns="environment").set_index("key")
            steps = results.table("gradients_by_step", columns=["key", "t"])["key"].value_counts()
        except errors.UsageError:  # not begun
            continue
        done = trials[trials.status.notna()]
        wrong += not done.equals(whole.loc[done.index].astype(done.dtypes))
        wrong += not seen <= set(done.index)
        wrong += not (steps[done.index] == done.length).all()
        seen, looks = set(done.index), looks + 1
    print(looks, wrong, len(seen), flush=True)
""")


def test_load_sees_whole_blocks_of_a_run_that_writes_and_compacts(place, alone):
    """Never neither, never both: what was seen stays, and every trial is what it will be at the end."""
    command = [sys.executable, "-c", READER, str(alone)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as reader:
        assert reader.stdout.readline() == "ready\n"
        for seeds in (2, 5, 10, 20, 40):
            call("run", "small.toml", "--store", "s", "-s", f"seed={','.join(map(str, range(seeds)))}")
        looks, wrong, seen = map(int, reader.stdout.read().split())
    assert (wrong, seen) == (0, len(frame(alone / "small")))
    assert looks > 2


HOLDER = textwrap.dedent("""
    import sys, time
    from rnnlab import store
    with store.writing(store.layout("s", "e")):
        print("held", flush=True)
        time.sleep(600)
""")


@pytest.fixture
def held(tmp_path, monkeypatch):
    """Another process that holds the lock."""
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def small():
    return made(activation="tanh", length=3, seed=0, recurrent_scale=0.5)


def test_a_lock_dies_with_its_process(held):
    with pytest.raises(StoreBusy, match=f"process {held.pid} on "):
        runner.run(small(), store="s")
    held.send_signal(signal.SIGKILL)
    held.wait()
    noted = store.holder(store.layout("s", "e"))
    assert noted.pid == held.pid
    assert noted.dead
    assert runner.run(small(), store="s").new == 1


def note(pid: int, host: str) -> None:
    entry = {"pid": pid, "host": host, "command": "rnnlab run e", "start": "2026-01-01T00:00:00+00:00"}
    Path("s", "e", ".holder.json").write_text(json.dumps(entry), encoding="utf-8")


def test_a_lock_of_another_host_is_named_and_not_waited_for_without_end(held):
    """A network file system may keep the lock of a host that is gone: only who runs the command can know."""
    note(4321, "node17")
    with pytest.raises(StoreBusy, match=r"process 4321 on node17 since 2026-01-01.*--wait"):
        runner.run(small(), store="s")
    begin = time.monotonic()
    with pytest.raises(StoreBusy, match=r"process 4321 on node17.*Waited for"):
        runner.run(small(), store="s", wait=0.5)
    assert time.monotonic() - begin < 60
    assert locks._WAIT_AT_MOST <= 24 * 3600


def test_a_lock_whose_holder_is_dead_is_given_up(held, monkeypatch):
    import socket

    monkeypatch.setattr(locks, "_DEAD_AFTER", 0.5)
    note(2**22 + 1, socket.gethostname())
    with pytest.raises(StoreBusy, match="That process is gone, but its lock is not"):
        runner.run(small(), store="s", wait=True)
