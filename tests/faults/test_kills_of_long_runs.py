"""Rows 1 and 2, of measures that pause: SIGKILL at any moment costs the work since the last checkpoint, and no bit.

A run of four long trials in a process of its own, with threads or with worker processes. Each round kills something at
a random moment; the same command goes on, and ends with the tables of an undisturbed run, byte for byte.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pandas as pd
import pytest

from rnnlab import runner, store
from tests import pausing
from tests.faults.runs import LONG, results, unreadable
from tests.faults.test_kills import kill

ROUNDS = 40 if LONG else 3
SETTINGS = {"updates": 300}
NAP = 0.01  # s of an update: 6 s of two workers


@pytest.fixture(autouse=True)
def known(monkeypatch):
    pausing.install(monkeypatch)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        pausing.install(patch)
        runner.run(pausing.made(**SETTINGS), store=folder)
    return results(folder)


def updates_kept(place: Path) -> int:
    """Return how many updates are on the disk, in checkpoints or published."""
    there = store.layout(place.parent, place.name)
    found = [store.read_checkpoint(there, name) for name in store.checkpoints(there)]
    done = len(pd.read_parquet(place / "walk_by_update")) if (place / "walk").exists() else 0
    return done + sum(len(each.state["y"]) for each in found)


@pytest.mark.slow
@pytest.mark.parametrize(("executor", "kinds"), [("threads", ["driver"]), ("processes", ["worker", "group", "driver"])])
def test_sigkill_of_a_long_run_costs_the_work_since_the_last_checkpoint(tmp_path, undisturbed, executor, kinds):
    dice = random.Random(2026)
    place = tmp_path / "s" / "e"
    killed, before = 0, 0
    for number in range(ROUNDS):
        with pausing.start(tmp_path / "s", settings=SETTINGS, nap=NAP, executor=executor, workers=2) as running:
            wait_for_progress(running, place, before)
            time.sleep(dice.uniform(0, 0.7))
            what = kinds[number % len(kinds)]
            killed += kill(running, what, dice)
            if what == "worker":
                time.sleep(dice.uniform(0, 0.7))
                kill(running, "group", dice)
            running.communicate(timeout=120)
        assert unreadable(place) == []
        now = updates_kept(place)
        assert now >= before
        before = now
    assert killed == ROUNDS or LONG
    assert before > 0
    with pausing.start(tmp_path / "s", settings=SETTINGS, nap=NAP, executor=executor, workers=2) as running:
        output, errors = running.communicate(timeout=120)
    assert running.returncode == 0, errors
    assert '"failed": 0' in output
    assert results(tmp_path / "s") == undisturbed
    assert not list((place / ".checkpoints").iterdir())


def wait_for_progress(running, place: Path, before: int) -> None:
    deadline = time.monotonic() + 120
    while running.poll() is None:
        assert time.monotonic() < deadline, "nothing goes on"
        if place.exists() and list(place.glob(".checkpoints/*")) and updates_kept(place) > before:
            return
        time.sleep(0.02)
