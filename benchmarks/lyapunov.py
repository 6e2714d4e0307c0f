"""The measure `lyapunov` beside JAX and LAPACK: all N exponents, same networks and frames, in turn."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

import numpy as np

from benchmarks.bars import Bar, summary, table
from benchmarks.kernels import one_round
from benchmarks.shapes import Shape
from benchmarks.worker import Worker

PEERS = {"rnnlab": "spectra_of_rnnlab", "LAPACK": "spectra_of_lapack", "JAX": "spectra_of_jax"}
NEEDS = {"LAPACK": "scipy", "JAX": "jax"}  # Numba finds LAPACK in SciPy
SHAPES = (Shape(32, 1, 500, 16), Shape(64, 1, 300, 8), Shape(128, 1, 100, 4), Shape(256, 1, 40, 2))
QUICK = (Shape(8, 1, 20, 4),)
APART = 1e-9  # nats per step that two peers may differ by
OURS = "rnnlab every step"
HEAD = [
    "(N, T, G)",
    "µs",
    "JAX",
    "LAPACK",
    "faster than JAX",
    "of JAX",
    "than LAPACK",
    "µs with fewer QRs",
    "one in",
    "differ by",
]


@dataclass(frozen=True)
class Measured:
    """Seconds of every peer's variants, round by round, and how rnnlab's two differ."""

    shape: Shape
    rounds: list[dict[str, float]]
    interval: float
    apart: float

    def cost(self, name: str) -> float:
        """Median µs per network and step."""
        return median(r[name] for r in self.rounds) * 1e6 / (self.shape.T * self.shape.G)

    def fastest(self, peer: str) -> str | None:
        """Return the fastest variant of a peer."""
        there = [name for name in self.rounds[0] if name.startswith(peer)]
        return min(there, key=self.cost) if there else None

    def ratio(self, name: str | None) -> float | None:
        """Median over rounds of how many times faster rnnlab is than a variant, with a QR in each step."""
        return median(r[name] / r[OURS] for r in self.rounds) if name in self.rounds[0] else None


def missing() -> list[str]:
    """Return the peers whose modules are not installed."""
    return [name for name, module in NEEDS.items() if find_spec(module) is None]


def measure(shape: Shape, rounds: int) -> Measured:
    """Let all peers take turns; raises SystemExit where they do not find the same."""
    workers = {name: Worker(module, shape, "float64") for name, module in PEERS.items() if name not in missing()}
    for worker in workers.values():
        worker.ready()
    agree(workers)
    turns = [one_round(workers) for _ in range(rounds)]
    for worker in workers.values():
        worker.close()
    found = workers["rnnlab"].first["found"]
    return Measured(shape, turns, float(np.mean(found["auto"]["interval"])), apart(found["auto"], found["every step"]))


def apart(found: dict[str, list[float]], other: dict[str, list[float]]) -> float:
    """Return how far the exponents lie apart."""
    return float(np.max(np.abs(np.array(found["exponents"]) - np.array(other["exponents"]))))


def agree(workers: dict[str, Worker]) -> None:
    """Raise SystemExit unless all had the same arrays and found the same exponents."""
    if len({worker.first["arrays"] for worker in workers.values()}) != 1:
        raise SystemExit("The peers drew different arrays.")
    reference = workers["rnnlab"].first["found"]["every step"]
    for peer, worker in workers.items():
        for variant, found in worker.first["found"].items():
            if not apart(found, reference) <= APART:
                raise SystemExit(f"{peer} {variant} and rnnlab differ by {apart(found, reference):.1e}.")


def bars(m: Measured) -> dict[str, Bar]:
    """Return the bars of a shape that have been measured."""
    limits = {"JAX": 5.0, "LAPACK": 2.0} if m.shape.N <= 128 else {"JAX": 3.0, "LAPACK": 1.5}
    ratios = {peer: m.ratio(m.fastest(peer)) for peer in limits}
    return {
        peer: Bar(f"N = {m.shape.N}, {peer}", ratio, limits[peer], True, "{:.2f}x")
        for peer, ratio in ratios.items()
        if ratio
    }


def section(quick: bool, rounds: int) -> str:
    """Measure every shape and return the table."""
    measured = []
    for shape in QUICK if quick else SHAPES:
        measured.append(measure(shape, rounds))
        print(f"{shape}: {measured[-1].cost(OURS):.1f} µs", flush=True)
    every = [bar for m in measured for bar in bars(m).values()]
    absent = [f"{name}: {NEEDS[name]} is not installed here: skipped." for name in missing()]
    return "\n\n".join([summary(every), f"{rounds} rounds.", *absent, table(HEAD, [line(m) for m in measured])])


def line(m: Measured) -> list[object]:
    """Return the row of one shape."""
    asked, jax, lapack = bars(m), m.fastest("JAX"), m.fastest("LAPACK")
    return [
        f"({m.shape.N}, {m.shape.T}, {m.shape.G})",
        f"{m.cost(OURS):.1f}",
        f"{m.cost(jax):.1f}" if jax else "-",
        f"{m.cost(lapack):.1f}" if lapack else "-",
        asked["JAX"].cell if jax else "-",
        jax.removeprefix("JAX ") if jax else "-",
        asked["LAPACK"].cell if lapack else "-",
        f"{m.cost('rnnlab auto'):.1f}",
        f"{m.interval:.1f}",
        f"{m.apart:.0e}",
    ]
