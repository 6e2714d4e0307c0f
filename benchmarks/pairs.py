"""terms beside JAX's vmap(vjp) and a matrix product; lags beside their flops, and beside gradients."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

import numpy as np

from benchmarks.bars import Bar, summary, table
from benchmarks.peers.of_product import FLOPS
from benchmarks.shapes import DTYPES, Shape
from benchmarks.worker import Worker

SHAPES = (Shape(64, 16, 100, 8), Shape(128, 16, 100, 8))
LAGS = Shape(64, 8, 200, 8)
QUICK, QUICK_LAGS = (Shape(8, 3, 9, 2),), Shape(8, 3, 9, 2)
PEERS = {"product": "of_product", "rnnlab": "terms_of_rnnlab", "JAX": "terms_of_jax"}
APART = {"float64": 1e-6, "float32": 3e-2}  # of log10 norms; JAX's fall into rounding where samples cancel
PAUSE = 0.05


@dataclass(frozen=True)
class Measured:
    """Seconds of every variant, round by round."""

    shape: Shape
    dtype: str
    rounds: list[dict[str, float]]

    def ratio(self, above: str, below: str) -> float:
        """Return the median over rounds of one time over another."""
        return median(r[above] / r[below] for r in self.rounds)

    def share(self, variant: str, flops: float) -> float:
        """Return the speed of these flops over the speed of the product."""
        return self.ratio("product matmul", variant) * flops / FLOPS


def peers(jax: bool) -> dict[str, str]:
    """Return the peers that are wanted and installed."""
    return {name: module for name, module in PEERS.items() if name != "JAX" or (jax and find_spec("jax"))}


def measure(shape: Shape, dtype: str, rounds: int, *, jax: bool) -> Measured:
    """Let the peers take turns; raises SystemExit where they do not find the same."""
    workers = {name: Worker(module, shape, dtype) for name, module in peers(jax).items()}
    for worker in workers.values():
        worker.ready()
    if "JAX" in workers:
        agree(workers["rnnlab"].first["found"]["terms"], workers["JAX"].first["found"]["vmap(vjp)"], dtype)
    turns = [one_round(workers) for _ in range(rounds)]
    for worker in workers.values():
        worker.close()
    return Measured(shape, dtype, turns)


def one_round(workers: dict[str, Worker]) -> dict[str, float]:
    """Return the seconds of one turn of each."""
    found = {}
    for peer, worker in workers.items():
        time.sleep(PAUSE)
        found |= {f"{peer} {name}": value for name, value in worker.turn().items()}
    return found


def agree(ours: dict[str, list[float]], theirs: dict[str, list[float]], dtype: str) -> None:
    """Raise SystemExit unless both found the same norms, as far as a framework's floats reach."""
    for name, values in ours.items():
        here, there = np.array(values, float), np.array(theirs[name], float)
        seen = here > np.max(here) - (12 if dtype == "float64" else 5)
        apart = np.max(np.abs(here[seen] - there[seen]))
        if not apart <= APART[dtype]:
            raise SystemExit(f"JAX and rnnlab differ by {apart:.1e} in the terms of {name} ({dtype}).")


def section(quick: bool, rounds: int) -> str:
    """Measure and return the tables."""
    bars, rows = [], []
    for dtype in DTYPES:
        for shape in QUICK if quick else SHAPES:
            measured = measure(shape, dtype, rounds, jax=True)
            found = of_terms(measured)
            bars += found
            speed = pair_flops(shape) / median(r["rnnlab terms"] for r in measured.rounds) / 1e9
            rows.append([shape, dtype, f"{speed:.1f}", *(bar.cell for bar in found)])
    lags = [bar for dtype in DTYPES for bar in of_lags(QUICK_LAGS if quick else LAGS, dtype, rounds)]
    absent = [] if find_spec("jax") else ["JAX is not installed here: skipped."]
    head = ["(N, B, T, G)", "dtype", "GFLOP/s", "of NumPy's product", "JAX"][: max(map(len, rows))]
    by_lag = table(["lags", "measured (bar)"], [[bar.what, bar.cell] for bar in lags])
    return "\n\n".join([summary(bars + lags), *absent, table(head, rows), by_lag])


def pair_flops(shape: Shape) -> float:
    """Return T²·B·N² for each network: half of all pairs, a product of 2·B·N² each."""
    return float(shape.T**2 * shape.B * shape.N**2 * shape.G)


def of_terms(m: Measured) -> list[Bar]:
    """Return the bars of one shape."""
    name = f"terms {m.shape} {m.dtype}"
    share = m.share("rnnlab terms", pair_flops(m.shape))
    bars = [Bar(f"{name}, share of the product", share, 0.6, True, "{:.0%}")]
    if "JAX vmap(vjp)" in m.rounds[0]:
        bars.append(Bar(f"{name}, JAX", m.ratio("JAX vmap(vjp)", "rnnlab terms"), 8.0, True, "{:.2f}x"))
    return bars


def of_lags(shape: Shape, dtype: str, rounds: int) -> list[Bar]:
    """Return the bars of lags: time over that of its flops at the product's speed, and over that of gradients."""
    m = measure(shape, dtype, rounds, jax=False)
    over = 1 / m.share("rnnlab lags", 2 * pair_flops(shape))
    beside = m.ratio("rnnlab lags, loss at last", "rnnlab gradients, loss at last")
    return [
        Bar(f"{shape} {dtype}, over 2·T²·B·N² flops at the product's speed", over, 1.5, False, "{:.2f}x"),
        Bar(f"{shape} {dtype}, loss at the last step, over gradients", beside, 1.5, False, "{:.2f}x"),
    ]
