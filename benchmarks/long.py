"""Long sequences: what gradients cost in segments from checkpoints, and the peak memory of a million steps."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.bars import Bar, summary, table
from rnnlab.trial import Trial, trial_of

LIMIT = 1.6  # times the time per step of the held form
MEMORY = 1024.0  # MiB

_EXPERIMENT = """
schema = 1
name = "long"
[grid]
activation = "tanh"
width = 64
length = {length}
[measure.gradients]
"""


def section(quick: bool, rounds: int) -> str:
    """Measure and return the table."""
    lengths = [2_000] if quick else [10_000, 100_000]
    bars = [ratio(length, loss_at, rounds) for length in lengths for loss_at in ("every", "last")]
    bars.append(peak(100_000 if quick else 10**6))
    return "\n\n".join([summary(bars), table(["N = 64, B = 1, float64", "(bar)"], [[b.what, b.cell] for b in bars])])


def ratio(length: int, loss_at: str, rounds: int) -> Bar:
    """Measure draws and `gradients`, held and in segments by turns; one round before, unmeasured."""
    values = {"activation": "tanh", "width": 64, "length": length, "recurrent_scale": 1.2, "loss_at": loss_at}
    trial = trial_of(values)
    times = [(_seconds(trial, False), _seconds(trial, True)) for _ in range(rounds + 1)][1:]
    told = f"T = {length:,}, loss at {loss_at}: processor time in segments / held"
    return Bar(told, median(segments / held for held, segments in times), LIMIT, False)


def _seconds(trial: Trial, segments: bool) -> float:
    from rnnlab import draws
    from rnnlab.measures import gradients
    from rnnlab.networks import Trajectory, trajectory
    from rnnlab.tasks import long

    limits = long.LONG_BYTES, trajectory.HELD_BYTES
    long.LONG_BYTES = trajectory.HELD_BYTES = 0 if segments else 2**40
    try:
        begin = time.process_time()
        networks = draws.networks([trial])
        gradients.measure(networks, Trajectory(networks), gradients.Settings())
        return time.process_time() - begin
    finally:
        long.LONG_BYTES, trajectory.HELD_BYTES = limits


def peak(length: int) -> Bar:
    """Measure the largest resident set of `rnnlab run` in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "long.toml")
        file.write_text(_EXPERIMENT.format(length=length), encoding="utf-8")
        command = [sys.executable, "-m", "rnnlab", "run", str(file), "--store", folder, "--workers", "1", "-q"]
        subprocess.run(command, check=True, capture_output=True)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Bar(f"T = {length:,}: peak of `rnnlab run`", largest, MEMORY, False, "{:.0f} MiB")
