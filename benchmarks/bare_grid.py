"""`python -m benchmarks.bare_grid bare|run|resume|plan COUNT FOLDER`: seconds and kB of one way to measure tiny trials.

bare: draws and kernels of every block in the threads that a run has, then one DataFrame.to_parquet of the rows: no
store, no keys, no crash safety. run: the same trials through `rnnlab.run`. Imports and kernels are warm in both.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet  # noqa: F401

import rnnlab
from rnnlab import draws, experiment, grid, runner
from rnnlab.blas import single_threaded_blas
from rnnlab.machine import processors
from rnnlab.measures import registry

GRID = {"activation": "tanh", "width": 4, "length": 5}
STEPS = {"steps": False}


def described(name: str, **axes: Any) -> experiment.Experiment:
    """Return the experiment of tiny trials."""
    return experiment.parse({"schema": 1, "name": name, "grid": {**GRID, **axes}, "measure": {"gradients": STEPS}})


def bare(folder: Path, count: int) -> None:
    """Measure the trials and write one file."""
    settings = registry()["gradients"].Settings(**STEPS)
    one = described("bare", seed={"range": count})
    parts = grid.blocks(grid.trials(one), {"gradients": settings.model_dump(mode="json")})

    def rows(block: grid.Block) -> dict[str, np.ndarray]:
        return runner.measured(draws.networks(block.trials), {"gradients": settings})[0]["gradients"]["gradients"]

    with single_threaded_blas(), ThreadPoolExecutor(processors()) as pool:
        found = list(pool.map(rows, parts))
    columns = {name: np.ma.concatenate([part[name] for part in found]).filled(np.nan) for name in _numbers(found[0])}
    words = {name: np.concatenate([part[name] for part in found]) for name in found[0] if name not in columns}
    parameters = pd.DataFrame([trial.values() for block in parts for trial in block.trials])
    frame = pd.concat([parameters.rename(columns={"loss": "loss_function"}), pd.DataFrame(columns | words)], axis=1)
    frame.to_parquet(folder / "bare.parquet")


def _numbers(columns: dict[str, np.ndarray]) -> list[str]:
    return [name for name, values in columns.items() if values.dtype.kind == "f"]


def run(folder: Path, count: int) -> None:
    """Measure them through the store; with what is there already this is a resumption."""
    rnnlab.run(described("tiny", seed={"range": count}), store=folder)


def resume(folder: Path, count: int) -> None:
    """Find that all is there without a manifest that says so, as after a kill at the very end."""
    (folder / "tiny" / "manifest.json").unlink()
    assert rnnlab.run(described("tiny", seed={"range": count}), store=folder).summary.new == 0


def plan(folder: Path, count: int) -> None:
    """Plan 10^9 trials, whatever count."""
    scales = {"start": 0.5, "stop": 4.0, "num": 1000, "spacing": "log"}
    one = described("huge", recurrent_scale=scales, length={"range": [1, 101]}, seed={"range": 10_000})
    assert runner.plan(one, store=folder / "none").new == 10**9


WAYS: dict[str, Callable[[Path, int], None]] = {"bare": bare, "run": run, "resume": resume, "plan": plan}


def main() -> None:
    """Print the seconds that it took, and the kB by which the process grew."""
    way, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    with contextlib.ExitStack() as stack:
        if way in ("bare", "run"):
            import tempfile

            for warm_up in (bare, run):
                warm_up(Path(stack.enter_context(tempfile.TemporaryDirectory())), 100)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        WAYS[way](folder, count)
        taken = time.perf_counter() - start
    print(json.dumps({"seconds": taken, "kB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before}))


if __name__ == "__main__":
    main()
