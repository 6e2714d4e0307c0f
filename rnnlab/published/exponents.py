"""Lyapunov exponents: what decides between vanishing and exploding."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from rnnlab.published.result import Measured, Published
from rnnlab.published.running import over_seeds, trials

if TYPE_CHECKING:
    import pandas as pd

_MOLGEDEY = "Molgedey, Schuchhardt, Schuster 1992"
_SILENT = {"input_scale": 0.0, "initial_state": "gaussian", "inputs": 1, "outputs": 1}
_LEADING = {"exponents": 1}


def results() -> Iterator[Published]:
    """Yield the claims about exponents."""
    for gain, rate in ((1.5, 0.065217), (2.0, 0.154724), (3.0, 0.310249), (5.0, 0.532428)):
        yield _largest(gain, rate, width=512, length=1200, seeds=4, slow=False)
    yield _largest(3.0, 0.310249, width=1024, length=3000, seeds=4, slow=True)
    yield from _public_code()
    yield _claim("tanh explodes at g = 3", ">=", 0.25, activation="tanh", recurrent_scale=3.0)
    yield _claim("ReLU vanishes at g = 1.2", "<=", 0.0, activation="relu", recurrent_scale=1.2)
    yield _claim("sigmoid explodes at g = 16", ">=", 0.0, activation="sigmoid", recurrent_scale=16.0)
    yield _claim("input suppresses chaos", "<=", 0.0, activation="tanh", recurrent_scale=1.5, input_scale=1.0)
    yield Published(
        name="edge with input: λ₁ at g² = 1.76095, s² = 0.05", source=_MOLGEDEY, expected=0.0, tolerance=0.006,
        because="finite width, about -1.5/N", measure=_edge_with_input,
    )  # fmt: skip
    yield Published(
        name="ReLU: λ₁(2g) - λ₁(g) - ln 2, one U", source="homogeneity", expected=0.0, tolerance=1e-12,
        because="powers of two are exact", measure=_homogeneous,
    )  # fmt: skip
    yield Published(
        name="slope of BPTT minus λ₁", source="Mikhaeil, Monfared, Durstewitz 2022", expected=0.0, tolerance=0.01,
        because="finite T: ln N / 2T", measure=_slope_is_lambda,
    )  # fmt: skip
    yield Published(
        name="volume: |Σλ - ln|det U| - ⟨Σ ln|φ'|⟩|, largest", source="identity", expected=0.0, tolerance=1e-9,
        because="rounding", measure=_volume,
    )  # fmt: skip


def _largest(gain: float, rate: float, *, width: int, length: int, seeds: int, slow: bool) -> Published:
    """λ₁ of autonomous tanh networks; mean field is the limit of N, at g = 3 the bias is about -2.7/N."""

    def measure() -> Measured:
        grid: dict[str, Any] = {
            "activation": "tanh",
            "width": width,
            "length": length,
            "recurrent_scale": gain,
            **_SILENT,
        }
        return over_seeds(trials("lyapunov", _LEADING, seed={"range": seeds}, **grid).lyapunov_max)

    return Published(
        name=f"λ₁, tanh, g = {gain:g}, N = {width}", source=_MOLGEDEY, expected=rate, tolerance=4.0 / width,
        because="finite width: 4/N", measure=measure, slow=slow,
    )  # fmt: skip


def _public_code() -> Iterator[Published]:
    """The whole spectrum at g = 3, printed for N = 4096 by the public code rnn-lyapunov; per unit it varies as 1/N."""
    printed = {
        "λ₁": ("lyapunov_max", 0.309583, 0.004),
        "D_KY / N": ("kaplan_yorke_dimension", 0.287168, 0.006),
        "Σ λ>0 / N": ("positive_sum", 0.025106, 0.001),
        "share of λ > 0": ("positive_count", 0.152588, 0.006),
    }
    for what, (column, expected, tolerance) in printed.items():
        yield Published(
            name=f"spectrum of tanh, g = 3, N = 1024: {what}", source="public code rnn-lyapunov, N = 4096",
            expected=expected,
            tolerance=tolerance, because="finite width and one network", measure=_spectrum(column), slow=True,
        )  # fmt: skip


def _spectrum(column: str) -> Callable[[], Measured]:
    per_unit = column != "lyapunov_max"
    return lambda: Measured(_of_wide_network()[column] / (1024 if per_unit else 1))


@cache
def _of_wide_network() -> pd.Series:
    grid: dict[str, Any] = {"activation": "tanh", "width": 1024, "length": 600, "recurrent_scale": 3.0, **_SILENT}
    return trials("lyapunov", {"burn_in": 200}, **grid).iloc[0]


def _claim(name: str, relation: Any, bound: float, **values: Any) -> Published:
    grid: dict[str, Any] = {"width": 256, "length": 600, "outputs": 1, "initial_state": "gaussian", "input_scale": 0.0}

    def measure() -> Measured:
        return over_seeds(trials("lyapunov", _LEADING, seed={"range": 6}, **{**grid, **values}).lyapunov_max)

    return Published(
        name=f"{name}: λ₁", source="derivation's claim, against it", expected=bound, tolerance=0.0, because="a sign",
        relation=relation, measure=measure,
    )  # fmt: skip


def _edge_with_input() -> Measured:
    grid: dict[str, Any] = {"activation": "tanh", "width": 512, "length": 1500, "outputs": 1}
    scales = {"recurrent_scale": math.sqrt(1.76095), "input_scale": math.sqrt(0.05)}
    return over_seeds(trials("lyapunov", _LEADING, seed={"range": 4}, **grid, **scales).lyapunov_max)


def _homogeneous() -> Measured:
    grid: dict[str, Any] = {"activation": "relu", "width": 33, "length": 60, **_SILENT}
    rates = trials("lyapunov", {"exponents": 1, "interval": 1}, recurrent_scale=[0.75, 1.5], **grid).lyapunov_max
    return Measured(rates.iloc[1] - rates.iloc[0] - math.log(2.0))


def _slope_is_lambda() -> Measured:
    grid: dict[str, Any] = {
        "activation": "tanh",
        "width": 64,
        "length": 2000,
        "recurrent_scale": [1.5, 3.0],
        "input_scale": 0.5,
    }
    found = trials("lyapunov", {"exponents": 1, "burn_in": 0}, seed={"range": 3}, loss_at="last", **grid)
    return Measured(float(found.lyapunov_minus_growth_rate.abs().max()))


def _volume() -> Measured:
    grid: dict[str, Any] = {"activation": ["tanh", "sigmoid", "erf", "identity"], "width": [7, 32, 65], "length": 100}
    found = trials("lyapunov", seed={"range": 2}, recurrent_scale=[0.5, 1.5, 4.0], **grid)
    return Measured(float(found.sum_rule_error.abs().max()))
