"""Trials that raise, hang, kill their worker or want too much memory: in the workers of a run in a process of its own.

As a script, `failing.py KIND STORE OPTIONS` runs twelve small trials of which one does so: the options are JSON.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
GRID = {"activation": ["tanh", "relu"], "width": 5, "length": 3, "seed": {"range": 6}}
TRIALS = 12
LIMIT = 5 << 30  # bytes of address space, where there is to be a limit
EXPERIMENT = {"schema": 1, "name": "e", "grid": GRID, "measure": {"gradients": {}}}


def is_bad(trial):
    return trial.seed == 1 and trial.activation == "relu" and trial.width == 5


def hang():
    time.sleep(600)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def fail():
    raise ValueError("no relu here")


def grow():
    import numpy as np

    np.zeros(2 * LIMIT, np.int8)


KINDS = {"hang": hang, "kill": kill, "fail": fail, "grow": grow, "fine": lambda: None}


def install(kind, store):
    """Make the bad trial do so from now on, and note each time that it begins, and each trial that is begun."""
    from rnnlab import draws

    drawn = draws.networks

    def networks(trials):
        for trial in trials:
            with Path(f"{store}.begun").open("a") as file:
                file.write("bad\n" if is_bad(trial) else "good\n" if trial.width > 1 else "tiny\n")
        if any(map(is_bad, trials)):
            KINDS[kind]()
        return drawn(trials)

    draws.networks = networks


def attempts(store):
    """How often the bad trial was begun."""
    return Path(f"{store}.begun").read_text().split().count("bad")


def begun(store):
    """How often a trial was begun, those by which kernels are loaded left out."""
    return Path(f"{store}.begun").read_text().split().count("good")


def start(kind, store, **options):
    """Start the run as a process of its own, group included."""
    command = [sys.executable, "-m", "tests.failing", kind, str(store), json.dumps(options)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )


def run(kind, store, **options):
    """Run it and return what it prints: new, failed and left, or the error."""
    process = start(kind, store, **options)
    try:
        output, errors = process.communicate(timeout=180)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def main():
    kind, store, text = sys.argv[1:]
    options = json.loads(text)
    from rnnlab import api, errors
    from rnnlab.grid import dividing

    if options.pop("limit", False):  # workers inherit it
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    grid = {**GRID, **options.pop("grid", {})}
    dividing.MAX_BLOCK = options.pop("block", dividing.MAX_BLOCK)
    if options.get("executor", "threads") == "threads":
        install(kind, store)
    try:
        results = api.run({**EXPERIMENT, "grid": grid}, store=store, **options)
    except errors.TrialsFailed as error:
        results = error.results
    summary = results.summary
    print(json.dumps({"new": summary.new, "failed": summary.failed, "left": summary.left}))


if __name__ == "__mp_main__":  # a worker
    install(*sys.argv[1:3])
if __name__ == "__main__":
    main()
