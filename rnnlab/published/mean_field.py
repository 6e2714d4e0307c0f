"""Mean field: fixed points, χ and the edge of chaos, by quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

from rnnlab import theory
from rnnlab.published.result import Measured, Published

_POOLE = "Poole 2016, Schoenholz 2017"
_PRINTED = "as printed"


def results() -> Iterator[Published]:
    """Yield the published numbers of mean field theory."""
    for bias, edge, q in ((0.05, 1.760955, 0.570048), (1.0, 3.443211, 3.036396)):
        yield _number(f"edge of chaos, tanh, σb² = {bias:g}", edge, partial(_edge, "tanh", bias))
        yield _number(f"q* at that edge, tanh, σb² = {bias:g}", q, partial(_q_at_edge, "tanh", bias))
    yield _number("edge of chaos, tanh, no bias", 1.0, partial(_edge, "tanh", 0.0))
    for scale, q, chi in ((1.3, 0.607047, 0.939807), (2.5, 4.079124, 1.585225)):
        yield _number(f"q*, tanh, σw = {scale:g}, σb = 0.3", q, partial(_q, "tanh", scale**2, 0.09))
        yield _number(f"χ, tanh, σw = {scale:g}, σb = 0.3", chi, partial(_chi, "tanh", scale**2, 0.09))
    yield _closed("q*, ReLU, σw² = 1, σb² = 0.3", 0.3 / (1 - 0.5), partial(_q, "relu", 1.0, 0.3))
    yield _closed("edge of chaos, ReLU", 2.0, partial(_edge, "relu", 0.0))
    yield _closed("edge of chaos, erf, no bias", math.pi / 4, partial(_edge, "erf", 0.0))
    yield _closed("χ - 4σw²/(π√(1+4q*)), erf", 0.0, _erf_chi)
    yield _closed("q* - σw²(2/π) asin(2q*/(1+2q*)) - σb², erf", 0.0, _erf_map)


def _edge(activation: str, bias_variance: float) -> float:
    return theory.edge_of_chaos(activation, bias_variance=bias_variance)


def _q_at_edge(activation: str, bias_variance: float) -> float:
    return _q(activation, _edge(activation, bias_variance), bias_variance)


def _chi(activation: str, weight_variance: float, bias_variance: float) -> float:
    return theory.chi(activation, weight_variance=weight_variance, bias_variance=bias_variance)


def _erf_chi() -> float:
    return _chi("erf", 1.7, 0.1) - 4 * 1.7 / (math.pi * math.sqrt(1 + 4 * _q("erf", 1.7, 0.1)))


def _q(activation: str, weight_variance: float, bias_variance: float) -> float:
    return theory.fixed_point(activation, weight_variance=weight_variance, bias_variance=bias_variance)


def _erf_map() -> float:
    weight, bias = 1.7, 0.1
    q = _q("erf", weight, bias)
    return q - weight * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) - bias


def _number(name: str, expected: float, measure: Callable[[], float]) -> Published:
    return Published(
        name=name, source=_POOLE, expected=expected, tolerance=6e-7, because=_PRINTED,
        measure=lambda: Measured(measure()),
    )  # fmt: skip


def _closed(name: str, expected: float, measure: Callable[[], float]) -> Published:
    return Published(
        name=name, source="closed form", expected=expected, tolerance=1e-9, because="quadrature",
        measure=lambda: Measured(measure()),
    )  # fmt: skip
