"""gradient_statistics beside a matrix product, NumPy, PyTorch and JAX: same arrays, in turn, ratios within a round."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

import numpy as np

from benchmarks.bars import Bar, summary, table
from benchmarks.peers.of_product import FLOPS
from benchmarks.shapes import DTYPES, QUICK, SHAPES, Shape
from benchmarks.worker import Worker

PEERS = {"rnnlab": "of_rnnlab", "NumPy": "of_numpy", "PyTorch": "of_torch", "JAX": "of_jax"}
NEEDS = {"PyTorch": "torch", "JAX": "jax"}
BY_AUTODIFF = ("JAX vmap", "JAX lax.map")  # what the bar is about
BY_HAND = ("JAX vmap, adjoint by hand", "JAX lax.map, adjoint by hand")
APART = {"float64": 1e-9, "float32": 2e-3}  # how far the log10 norms of two peers may lie apart
HEAD = [
    "(N, B, T, G)",
    "GFLOP/s",
    "of NumPy's product",
    "of the tuned product",
    "NumPy",
    "PyTorch",
    "JAX",
    "faster of",
    "JAX by hand",
]
PAUSE = 0.05  # for a pool that still spins


@dataclass(frozen=True)
class Measured:
    """Seconds of every peer's variants, round by round, at one shape and dtype."""

    shape: Shape
    dtype: str
    rounds: list[dict[str, float]]
    product: str  # the BLAS behind `product`

    def speed(self) -> float:
        """Median GFLOP/s of rnnlab."""
        return self.shape.flops / median(r["rnnlab gradient_statistics"] for r in self.rounds) / 1e9

    def share(self, product: str) -> float | None:
        """Median over rounds of rnnlab's speed over that of the product."""
        if product not in self.rounds[0]:
            return None
        work = self.shape.flops / FLOPS
        return median(work * r[product] / r["rnnlab gradient_statistics"] for r in self.rounds)

    def ratio(self, names: Iterable[str]) -> tuple[float, float, str] | None:
        """Median and best-of ratio of the fastest of these variants to rnnlab, and its name."""
        there = [name for name in names if name in self.rounds[0]]
        if not there:
            return None
        fastest = min(there, key=lambda name: median(r[name] for r in self.rounds))
        ours = "rnnlab gradient_statistics"
        best = min(r[fastest] for r in self.rounds) / min(r[ours] for r in self.rounds)
        return median(r[fastest] / r[ours] for r in self.rounds), best, fastest


def missing() -> list[str]:
    """Return the peers that are not installed."""
    return [name for name, module in NEEDS.items() if find_spec(module) is None]


def measure(shape: Shape, dtype: str, rounds: int) -> Measured:
    """Let all peers take turns; raises SystemExit where they do not find the same."""
    workers = {"product": Worker("of_product", shape, dtype)}
    if core := better_core():
        workers["tuned product"] = Worker("of_product", shape, dtype, OPENBLAS_CORETYPE=core)
    workers |= {name: Worker(module, shape, dtype) for name, module in PEERS.items() if name not in missing()}
    for worker in workers.values():
        worker.ready()
    agree(workers, "gradient_statistics", APART[dtype])
    turns = [one_round(workers) for _ in range(rounds)]
    for worker in workers.values():
        worker.close()
    return Measured(shape, dtype, turns, workers["product"].first["about"])


def better_core() -> str:
    """Return the kernels that OpenBLAS has for this processor where it does not recognise it, or nothing."""
    from numpy._core._multiarray_umath import __cpu_features__ as features

    return "SkylakeX" if features.get("AVX512_SKX") else ""


def one_round(workers: dict[str, Worker]) -> dict[str, float]:
    """Return the seconds of one turn of each."""
    found = {}
    for peer, worker in workers.items():
        time.sleep(PAUSE)
        times = worker.turn()
        found |= {peer if "product" in peer else f"{peer} {name}": value for name, value in times.items()}
    return found


def agree(workers: dict[str, Worker], ours: str, limit: float) -> None:
    """Raise SystemExit unless all had the same arrays and found what rnnlab's variant `ours` did, logs within limit."""
    if len({worker.first["arrays"] for worker in workers.values()}) != 1:
        raise SystemExit("The peers drew different arrays.")
    reference = workers["rnnlab"].first["found"][ours]
    for peer, worker in workers.items():
        for variant, found in worker.first["found"].items():
            for name, value in found.items():
                log = np.log10 if name == "loss" else np.asarray
                apart = np.max(np.abs(log(value) - log(reference[name])))
                if not apart <= limit:
                    raise SystemExit(f"{peer} {variant} and rnnlab differ by {apart:.1e} in {name}.")


def bars(m: Measured) -> dict[str, Bar]:
    """Return the bars of a shape that have been measured."""
    asked, name = m.shape.bars(m.dtype), f"{m.shape} {m.dtype}"
    found: dict[str, Bar] = {}
    share = m.share("product")
    if asked.share and share:
        found["share"] = Bar(f"{name}, share", share, asked.share, True, "{:.0%}")
    for peer, names, limit in (("JAX", BY_AUTODIFF, asked.jax), ("PyTorch", ("PyTorch baddbmm",), asked.torch)):
        ratio = m.ratio(names)
        if ratio and limit:
            found[peer] = Bar(f"{name}, {peer}", ratio[0], limit, True, "{:.2f}x")
    return found


def section(quick: bool, rounds: int) -> str:
    """Measure every shape in both dtypes and return the tables."""
    measured = []
    for dtype in DTYPES:
        for shape in QUICK if quick else SHAPES:
            measured.append(measure(shape, dtype, rounds))
            print(f"{shape} {dtype}: {measured[-1].speed():.1f} GFLOP/s", flush=True)
    every = [bar for m in measured for bar in bars(m).values()]
    absent = [f"{name} is not installed here: skipped." for name in missing()]
    tables = [f"**{dtype}**\n\n{table(HEAD, [line(m) for m in measured if m.dtype == dtype])}" for dtype in DTYPES]
    product = f"NumPy's product: {measured[0].product}. {rounds} rounds."
    return "\n\n".join([summary(every), product, *absent, *tables])


def line(m: Measured) -> list[object]:
    """Return the row of one shape."""
    asked, tuned = bars(m), m.share("tuned product")
    share = asked["share"].cell if "share" in asked else f"{m.share('product'):.0%}"
    jax, hand, numpy = m.ratio(BY_AUTODIFF), m.ratio(BY_HAND), m.ratio(["NumPy matmul"])
    return [
        m.shape,
        f"{m.speed():.1f}",
        share,
        f"{tuned:.0%}" if tuned else "",
        times(numpy),
        with_best(asked.get("PyTorch"), m.ratio(["PyTorch baddbmm"])),
        with_best(asked.get("JAX"), jax),
        jax[2].removeprefix("JAX ") if jax else "",
        times(hand),
    ]


def times(ratio: tuple[float, float, str] | None) -> str:
    """Return how many times faster rnnlab is."""
    return f"{ratio[0]:.2f}x" if ratio else "-"


def with_best(bar: Bar | None, ratio: tuple[float, float, str] | None) -> str:
    """Return the median ratio with its bar, and the ratio of the best times."""
    return f"{bar.cell}, best {ratio[1]:.2f}x" if bar and ratio else times(ratio)
