"""Rows 1 and 2: SIGKILL of a worker, of the driver, of the whole group, at any moment; and a terminal that is closed.

A real run by the real command, with worker processes. Each round kills something at a random moment after the first
published file, and the store is judged: no file that cannot be read, no trial lost that was there before. The next
round goes on with the same command. When all is done the tables are compared bit for bit with those of an undisturbed
run, and the next round begins anew. Short here, 100 rounds in `make soak`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.runs import LONG, ROOT, call, keys, process, results, unreadable

ROUNDS = 100 if LONG else 4
GRID = """\
schema = 1
name = "e"
[grid]
activation = ["tanh", "relu"]
width = { range = [30, 40] }
length = [300, 500]
recurrent_scale = [0.5, 2.0, 4.0]
seed = { range = 2 }
[measure.gradients]
"""
RUN = ("run", "e.toml", "--executor", "processes", "--workers", "2", "--store", "s")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("e.toml").write_text(GRID, encoding="utf-8")
    return Path("s", "e")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "e.toml").write_text(GRID, encoding="utf-8")
    call("run", folder / "e.toml", "--store", folder / "s")
    return results(folder / "s")


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a driver (its other child keeps the books of its semaphores)."""
    found = []
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
        if b"spawn_main" in command:
            found.append(child)
    return found


def committed(place: Path) -> set[Path]:
    return set((place / "gradients").glob("*.parquet"))


def wait_for_a_new_file(running: subprocess.Popen, place: Path, before: set[Path]) -> None:
    deadline = time.monotonic() + 120
    while committed(place) <= before and running.poll() is None:
        assert time.monotonic() < deadline, "nothing is published"
        time.sleep(0.005)


def kill(running: subprocess.Popen, what: str, dice: random.Random) -> bool:
    """Kill it; say whether there was anything to kill."""
    if running.poll() is not None:
        return False
    try:
        if what == "worker":
            os.kill(dice.choice(workers_of(running.pid) or [running.pid]), signal.SIGKILL)
        elif what == "driver":
            os.kill(running.pid, signal.SIGKILL)
        else:
            os.killpg(running.pid, signal.SIGKILL)
    except (ProcessLookupError, FileNotFoundError):
        return False
    return True


@pytest.mark.slow
def test_sigkill_at_any_moment_loses_nothing(place, undisturbed, monkeypatch):
    dice = random.Random(2026)
    killed = {"worker": 0, "driver": 0, "group": 0}
    finished = failed = lost = 0
    kinds = ["worker", "driver", "group", "driver"]
    for number in range(ROUNDS):
        before, seen = committed(place), keys(place) if place.exists() else set()
        what = kinds[number % 4]
        with process(*RUN) as running:
            wait_for_a_new_file(running, place, before)
            time.sleep(dice.uniform(0, 0.4))
            seen |= keys(place)
            killed[what] += kill(running, what, dice)
            if what != "worker":
                running.wait(60)
            elif dice.random() < 0.5:  # and let it find out; else it goes on alone
                time.sleep(dice.uniform(0, 0.4))
                kill(running, "group", dice)
            _, errors = running.communicate(timeout=120)
        assert running.returncode in (0, -signal.SIGKILL), errors
        failed += len(unreadable(place))
        lost += len(seen - keys(place))
        if LONG:
            print(f"round {number + 1}: {what}, {len(seen)} done, {failed} unreadable, {lost} lost", flush=True)
        if running.returncode == 0:
            finished += 1
            assert results("s") == undisturbed
            place.rename(f"finished-{number}")
    call("run", "e.toml", "--store", "s")
    assert results("s") == undisturbed
    print(f"\nSIGKILL: {ROUNDS} rounds, killed {killed}, runs that ended {finished}: {failed} unreadable, {lost} lost")
    assert (failed, lost) == (0, 0)
    assert sum(killed.values()) >= ROUNDS // 2


TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from rnnlab.cli import main; main()"


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_terminal_that_is_closed_ends_the_run_and_the_same_command_resumes(place, undisturbed, executor):
    pty = pytest.importorskip("pty")
    mother, child = pty.openpty()
    arguments = ["run", "e.toml", "--store", "s", "--executor", executor]
    with subprocess.Popen(
        [sys.executable, "-c", TERMINAL, *arguments],
        stdin=child, stdout=child, stderr=child, start_new_session=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as running:  # fmt: skip
        os.close(child)
        os.set_blocking(mother, False)
        wait_for_a_new_file(running, place, set())
        os.close(mother)  # the window is gone
        assert running.wait(60) == -signal.SIGHUP
    done = keys(place)
    assert done
    assert unreadable(place) == []
    output = call("run", "e.toml", "--store", "s")
    assert f"{len(done)} were there before" in output
    assert results("s") == undisturbed
