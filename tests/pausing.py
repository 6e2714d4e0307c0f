"""A measure of long work that pauses: a chaotic walk of each network, which any slip of a bit would lead astray.

As a script, `python -m tests.pausing STORE OPTIONS` runs a small experiment of it in a process of its own, with
worker processes if it is asked for: the options are JSON.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from rnnlab import experiment, measures
from rnnlab.columns import Column
from rnnlab.measures.work import Work
from rnnlab.store import tables as known_tables

NAP = 0.0  # s of one update: no setting, so that tables of slow runs are the bytes of fast ones
ROOT = Path(__file__).parent.parent
NAME = "walk"
VERSION = 1
TABLES = {
    "walk": (Column("status", "string", "ok"), Column("x", "float64", "x")),
    "walk_by_update": (Column("update", "int64", "u"), Column("y", "float64", "y")),
}


class Settings(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    updates: int = 40
    nap: float = 0.0  # s of one update
    fails_at: int = 0  # the network of the smallest U raises before this update
    kills_at: int = 0  # it kills its worker instead
    spoils: bool = False  # and it spoils the states that it was given, whenever it is asked to advance


def work(trial, settings):
    return Work(rows=settings.updates)


def advance(networks, settings, states, seconds):
    until = time.monotonic() + seconds
    given, states = states, [_first(networks.U[g]) if each is None else dict(each) for g, each in enumerate(states)]
    while not all(map(done, states)):
        for g, state in enumerate(states):
            if not done(state):
                states[g] = _update(networks.U[g], state, settings)
        if settings.spoils:
            for state in filter(None, given):
                state["w"][:] = np.nan
        time.sleep(settings.nap + NAP)
        if time.monotonic() >= until:
            break
    for state in states:
        state["left"] = np.array(settings.updates - len(state["y"]))
    return states


def _first(U):
    return {"w": np.asfortranarray(U[0]), "y": np.empty(0), "left": np.array(1)}


def _update(U, state, settings):
    u = len(state["y"]) + 1
    if u == settings.fails_at:
        raise ValueError(f"no update {u}")
    if u == settings.kills_at and len(U) > 1:  # not where the kernels are loaded
        signal.raise_signal(signal.SIGKILL)
    w = np.tanh(3.0 * U @ state["w"] + np.sin(u))
    return {"w": w, "y": np.append(state["y"], w.sum()), "left": np.array(settings.updates - u)}


def done(state):
    return int(state["left"]) == 0


def progress(state):
    return len(state["y"]) / (len(state["y"]) + int(state["left"]))


def tables(networks, settings, states):
    G, K = len(states), settings.updates
    return {
        "walk": {"status": np.full(G, "ok", object), "x": np.array([state["w"].sum() for state in states])},
        "walk_by_update": {
            "trial": np.repeat(np.arange(G), K),
            "update": np.tile(np.arange(1, K + 1), G),
            "y": np.concatenate([state["y"] for state in states]),
        },
    }


def measure(networks, trajectory, settings):
    return tables(networks, settings, advance(networks, settings, [None] * len(networks.U), float("inf")))


GRID = {"activation": "tanh", "width": 6, "length": 3, "seed": {"range": 4}}


def made(grid=None, more=None, **settings):
    """The experiment `e` of this measure, and of others."""
    wanted = {"walk": settings, **(more or {})}
    return experiment.parse({"schema": 1, "name": "e", "grid": GRID | (grid or {}), "measure": wanted}, "test")


def install(patch=None):
    if patch is None:
        measures._MODULES[NAME] = __name__
    else:
        patch.setitem(measures._MODULES, NAME, "tests.pausing")
    known_tables.columns_of.cache_clear()


def hurry(pause, every, block):
    """Let jobs pause, and checkpoints be written, sooner than in earnest."""
    from rnnlab.grid import dividing
    from rnnlab.runner import checkpoints, jobs

    jobs.PAUSE_SECONDS, checkpoints.EVERY, dividing.MAX_BLOCK = pause, every, block
    checkpoints._SHARE = float("inf")


def start(store, **options):
    """Start a run as a process of its own, group included."""
    command = [sys.executable, "-m", "tests.pausing", str(store), json.dumps(options)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )


def main():
    from rnnlab import runner

    store, text = sys.argv[1:]
    options = json.loads(text)
    sys.modules["tests.pausing"] = sys.modules["__main__"]
    options.pop("nap", None)
    hurry(*options.pop("hurry", (0.05, 0.0, 2)))
    found = made(options.pop("grid", None), options.pop("more", None), **options.pop("settings"))
    limits = runner.Options(**options.pop("options", {}))
    try:
        summary = runner.run(found, store=store, options=limits, **options)
    except runner.Interrupted as end:
        print(end, flush=True)
        sys.exit(end.exit_code)
    print(json.dumps({"new": summary.new, "failed": summary.failed, "notes": summary.notes}))


if __name__ in ("__main__", "__mp_main__"):
    NAP = json.loads(sys.argv[2]).get("nap", NAP)
    install()
if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
