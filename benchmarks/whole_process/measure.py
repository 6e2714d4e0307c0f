"""rnnlab's command, the JAX script and the PyTorch script in turn, each from nothing to Parquet on disk."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from statistics import median

from benchmarks.bars import Bar, summary, table
from benchmarks.kernels import missing
from benchmarks.processes import RNNLAB, in_turn, ratio, seconds
from benchmarks.whole_process.grid import FILE

SCRIPTS = {  # name -> package, module, options, least ratio
    "JAX": ("JAX", "by_jax", [], 3.0),
    "JAX, tuned": ("JAX", "by_jax", ["--tuned"], 3.0),
    "PyTorch": ("PyTorch", "by_torch", [], 8.0),
    "PyTorch, tuned": ("PyTorch", "by_torch", ["--tuned"], 8.0),
}
QUICK = ["recurrent_scale=0.25,4.0", "length=5,10", "seed=0,1", "width=8", "batch=2"]


def section(quick: bool, rounds: int) -> str:
    """Measure all that is installed and return the table."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {"rnnlab": lambda: fresh(ours(quick), folder)}
        for name, (package, module, options, _) in SCRIPTS.items():
            if package not in missing():
                commands[name] = script(module, [*options, *(["--quick"] if quick else [])], folder)
        commands["rnnlab"]()  # fills the kernel cache
        times = in_turn(commands, rounds)
    bars = {
        name: Bar(f"whole process, {name}", ratio(times[name], times["rnnlab"]), least, True, "{:.2f}x")
        for name, (*_, least) in SCRIPTS.items()
        if name in times
    }
    absent = [f"{name} is not installed here: skipped." for name in missing()]
    rows = [
        [name, f"{median(t):.2f} s", f"{min(t):.2f} s", bars[name].cell if name in bars else ""]
        for name, t in times.items()
    ]
    head = ["", "median", "best", "times rnnlab's"]
    return "\n\n".join([summary(bars.values()), f"{rounds} rounds.", *absent, table(head, rows)])


def ours(quick: bool) -> list[str]:
    """Return rnnlab's command without its store."""
    sets = [word for value in (QUICK if quick else []) for word in ("-s", value)]
    return [*RNNLAB, "run", str(FILE), *sets, "--store"]


def fresh(command: list[str], folder: str) -> float:
    """Return the time of a command that writes into a folder of its own."""
    return seconds([*command, tempfile.mkdtemp(dir=folder)])


def script(module: str, options: list[str], folder: str) -> Callable[[], float]:
    """Return the run of a peer's script."""
    command = [sys.executable, "-m", f"benchmarks.whole_process.{module}", *options]

    def run() -> float:
        return fresh([*command, "--into"], folder)

    return run
