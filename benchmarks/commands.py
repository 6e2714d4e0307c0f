"""What a user waits for: --help, a finished experiment, the first run ever, a hundred thousand tiny trials."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.bars import Bar, summary, table
from benchmarks.processes import RNNLAB, in_turn, seconds

FLAGSHIP = Path(__file__).parents[1] / "experiments" / "vanishing-exploding.toml"
QUICKSTART = FLAGSHIP.with_name("quickstart.toml")
EVERYTHING = """
schema = 1
name = "every-kernel"
[grid]
activation = ["tanh", "sigmoid", "relu", "identity"]
loss = ["squared", "cross_entropy"]
loss_at = ["every", "last"]
dtype = ["float64", "float32"]
initial_state = ["zeros", "gaussian"]
recurrent_init = ["gaussian", "orthogonal"]
width = 4
length = 12
[measure.gradients]
"""
TINY = """
schema = 1
name = "tiny"
[grid]
activation = "tanh"
width = 4
length = 5
seed = {{ range = {count} }}
[measure.gradients]
steps = false
"""


def section(quick: bool, rounds: int) -> str:
    """Measure and return the table."""
    bars = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for measure in (start, flagship, first_run, tiny):
            print(measure.__name__, flush=True)
            bars += measure(folder, quick, rounds)
    rows = [[bar.what, bar.cell] for bar in bars]
    return "\n\n".join([summary(bars), table(["what", "measured (bar)"], rows)])


def start(folder: Path, quick: bool, rounds: int) -> list[Bar]:
    """Measure --help beside an interpreter that does nothing: at most 0.15 s where that takes 0.02."""
    commands = {"python -c 0": [sys.executable, "-c", "0"], "rnnlab --help": [*RNNLAB, "--help"]}
    times = in_turn({name: lambda c=c: seconds(c) for name, c in commands.items()}, 3 * rounds)  # type: ignore[misc]
    nothing, ours = (median(t) for t in times.values())
    limit = 0.15 * max(1.0, nothing / 0.02)  # on a slower machine both are slower
    return [Bar(f"`rnnlab --help` (`python -c 0`: {nothing:.3f} s)", ours, limit, False, "{:.3f} s")]


def flagship(folder: Path, quick: bool, rounds: int) -> list[Bar]:
    """Measure the flagship experiment, and its command again when it is finished."""
    file = QUICKSTART if quick else FLAGSHIP
    command = [*RNNLAB, "run", str(file), "--store", str(folder / "flagship")]
    first = seconds(command)
    again = median(seconds(command) for _ in range(rounds))
    return [
        Bar(f"`rnnlab run {file.name}`, warm kernel cache", first, 60.0, False, "{:.1f} s"),
        Bar("the same command when it is finished", again, 2.0, False, "{:.2f} s"),
    ]


def first_run(folder: Path, quick: bool, rounds: int) -> list[Bar]:
    """Measure a run of every kernel with an empty kernel cache, and warm runs after it."""
    cache, file = folder / "cache", folder / "every-kernel.toml"
    file.write_text(EVERYTHING, encoding="utf-8")

    def run(i: int) -> float:
        return seconds([*RNNLAB, "run", str(file), "--store", str(folder / f"every-{i}")], RNNLAB_CACHE_DIR=str(cache))

    cold = run(0)
    before = compiled(cache)
    warm = median(run(1 + i) for i in range(rounds))
    return [
        Bar(f"first run ever, beyond a warm one ({warm:.2f} s)", cold - warm, 30.0, False, "{:.1f} s"),
        Bar("kernels that a later process compiles", len(compiled(cache) - before), 0, False, "{:.0f}"),
    ]


def compiled(cache: Path) -> set[tuple[str, int]]:
    """Return the files of the kernel cache and when they were written."""
    return {(str(path), path.stat().st_mtime_ns) for path in cache.rglob("*") if path.is_file()}


def tiny(folder: Path, quick: bool, rounds: int) -> list[Bar]:
    """Measure trials that are hardly any work, N = 4, T = 5, B = 1: their cost beyond that of a process with one."""
    few, many = (100, 1000) if quick else (1000, 100_000)
    times = in_turn({str(n): lambda n=n: run_tiny(folder, n) for n in (1, few, many)}, rounds)  # type: ignore[misc]
    best = {int(n): min(t) for n, t in times.items()}
    cost = {n: 1e6 * (best[n] - best[1]) / n for n in (few, many)}
    return [
        Bar(f"a trial of {many:,}, everything but the process's start", cost[many], 200.0, False, "{:.0f} µs"),
        Bar(
            f"the same beside a trial of {few:,} (a tenth more is noise)",
            cost[many] / max(cost[few], 1.0),
            1.1,
            False,
            "{:.2f}x",
        ),
    ]


def run_tiny(folder: Path, count: int) -> float:
    """Return the time of a run of this many trials into a new store."""
    file = folder / f"tiny-{count}.toml"
    file.write_text(TINY.format(count=count), encoding="utf-8")
    return seconds([*RNNLAB, "run", str(file), "--store", tempfile.mkdtemp(dir=folder)])
