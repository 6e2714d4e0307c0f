"""Fresh processes and their wall time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

RNNLAB = (
    [str(Path(sys.executable).with_name("rnnlab"))]
    if Path(sys.executable).with_name("rnnlab").exists()
    else [sys.executable, "-m", "rnnlab"]
)


def seconds(command: Sequence[str], **environment: str) -> float:
    """Return the wall time of a command; raises SystemExit with its messages where it fails."""
    start = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **environment})
    taken = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return taken


def in_turn(commands: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Return the times of each, all taking turns."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, run in commands.items():
            times[name].append(run())
            print(f"  {name}: {times[name][-1]:.2f} s", flush=True)
    return times


def ratio(above: list[float], below: list[float]) -> float:
    """Median over rounds of the ratio within a round."""
    return median(a / b for a, b in zip(above, below, strict=True))
