"""rnnlab.train beside PyTorch and JAX: updates per second, what statistics cost, and memory."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

from benchmarks.bars import Bar, summary, table
from benchmarks.kernels import agree, one_round
from benchmarks.shapes import COURSES, QUICK_COURSES, QUICK_RULES, RULES, Course
from benchmarks.worker import Worker

PEERS = {"rnnlab": "training_of_rnnlab", "PyTorch": "training_of_torch", "JAX": "training_of_jax"}
NEEDS = {"PyTorch": "torch", "JAX": "jax"}
OURS, BARE = "rnnlab train", "rnnlab without statistics"
LIMITS = {"PyTorch": 3.0, "JAX": 1.8}
WORDED = {  # the variants that the bars name
    "PyTorch": ("PyTorch one by one, nn.RNN", "PyTorch one by one, loop", "PyTorch bmm of all, threads"),
    "JAX": ("JAX scan of vmap",),
}
APART = {"float64": 1e-8, "float32": 5e-3}  # how far the log10 norms of two peers may lie apart
KEPT = 0.10  # of the time, for the statistics
GROWTH = 16.0  # MiB that ten times as many updates may take: their losses and norms
MEMORY = """
import resource, sys
import numpy as np
import rnnlab
updates, G, T, B, N = int(sys.argv[1]), 4, 100, 32, 64
rng = np.random.default_rng(0)
U, W, V = (rng.standard_normal((G, N, N), np.float32) / 8 for _ in range(3))
batches = (rng.standard_normal((1, T, B, N), np.float32) for _ in range(2))
x, y = (np.broadcast_to(batch, (updates, T, B, N)) for batch in batches)  # the same batch, which takes no memory
rnnlab.train(U, W, V, x, y, activation="tanh", loss="squared", loss_at="every", learning_rate=0.01, clip_norm=1.0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@dataclass(frozen=True)
class Measured:
    """Seconds of every peer's variants, round by round, at one shape and dtype."""

    course: Course
    dtype: str
    rounds: list[dict[str, float]]

    def speed(self, name: str) -> float:
        """Median updates of a network per second."""
        return self.course.G * self.course.updates / median(r[name] for r in self.rounds)

    def bars(self, peer: str) -> list[Bar]:
        """Return how many times as many updates rnnlab makes: beside what the bar names, and beside any variant."""
        there = [name for name in self.rounds[0] if name.startswith(peer)]
        chosen = {"": [name for name in there if name in WORDED[peer]], " at its fastest": there}
        return [
            self._bar(f"{peer}{words}", max(names, key=self.speed), peer) for words, names in chosen.items() if names
        ]

    def _bar(self, words: str, name: str, peer: str) -> Bar:
        ratio = median(r[name] / r[OURS] for r in self.rounds)
        return Bar(f"{self.course} {self.dtype}, {words} ({name})", ratio, LIMITS[peer], True, "{:.2f}x")


def missing() -> list[str]:
    """Return the peers whose modules are not installed."""
    return [name for name, module in NEEDS.items() if find_spec(module) is None]


def measure(course: Course, dtype: str, rounds: int) -> Measured:
    """Let all peers take turns; raises SystemExit where they do not find the same."""
    workers = {name: Worker(module, course, dtype) for name, module in PEERS.items() if name not in missing()}
    for worker in workers.values():
        worker.ready()
    agree(workers, "train", APART[dtype])
    turns = [one_round(workers) for _ in range(rounds)]
    for worker in workers.values():
        worker.close()
    return Measured(course, dtype, turns)


def statistics(m: Measured) -> Bar:
    """Return what the statistics of every update cost."""
    cost = median(r[OURS] / r[BARE] for r in m.rounds) - 1
    return Bar(f"{m.course} {m.dtype}, cost of the statistics", cost, KEPT, False, "{:.1%}")


def section(quick: bool, rounds: int) -> str:
    """Measure and return the tables."""
    measured = []
    for course in QUICK_COURSES if quick else COURSES:
        for dtype in ("float32", "float64"):
            measured.append(measure(course, dtype, rounds))
            print(f"{course} {dtype}: {measured[-1].speed(OURS):.0f} updates/s", flush=True)
    few, many = (2, 20) if quick else (50, 500)
    bars = [bar for peer in LIMITS for bar in measured[0].bars(peer)]
    bars += [statistics(measured[0]), memory(few, many)]
    absent = [f"{name} is not installed here: skipped." for name in missing()]
    others = table(["what", "measured (bar)"], [[bar.what, bar.cell] for bar in bars])
    every = table(["(N, B, T, G)", "dtype", "variant", "updates/s"], [cells for m in measured for cells in variants(m)])
    return "\n\n".join([summary(bars), f"{rounds} rounds.", *absent, others, every, rules(quick, rounds)])


def memory(few: int, many: int) -> Bar:
    """Return how much more memory the process takes for ten times as many updates."""
    peaks = []
    for updates in (few, many):
        done = subprocess.run([sys.executable, "-c", MEMORY, str(updates)], check=True, capture_output=True, text=True)
        peaks.append(float(done.stdout))
    told = f"peak of {many} updates ({peaks[1]:.0f} MiB) beyond that of {few}"
    return Bar(told, peaks[1] - peaks[0], GROWTH, False, "{:.0f} MiB")


def variants(m: Measured) -> list[list[object]]:
    """Return a row for every variant at one shape and dtype."""
    return [[m.course, m.dtype, name, f"{m.speed(name):.0f}"] for name in m.rounds[0]]


def rules(quick: bool, rounds: int) -> str:
    """Return the speed of every rule of updating."""
    course = QUICK_RULES if quick else RULES
    worker = Worker("rules_of_rnnlab", course, "float64")
    worker.ready()
    m = Measured(course, "float64", [worker.turn() for _ in range(rounds)])
    worker.close()
    return table(
        [f"update rule, {course}, float64", "updates/s"], [[name, f"{m.speed(name):.0f}"] for name in m.rounds[0]]
    )
