"""Activations in plain NumPy, for averages over Gaussian variables: values phi(x) and slopes phi'(x) of arrays.

PyTorch's formulas: leaky_relu has slope 0.01, elu alpha 1, gelu is the exact x Φ(x). At a kink of phi the slope is that
on the left, as in the kernels; averages do not see it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rnnlab.kernels.activation_table import LEAK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


class Function(NamedTuple):
    """phi and phi'."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def _sigmoid_slope(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return e / (1.0 + e) ** 2


def _tanh_slope(x: Array) -> Array:
    return 4.0 * _sigmoid_slope(2.0 * x)


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _silu_slope(x: Array) -> Array:
    return _sigmoid(x) + x * _sigmoid_slope(x)


def _elu(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))


def _elu_slope(x: Array) -> Array:
    return np.exp(np.minimum(x, 0.0))


def _cumulative(x: Array) -> Array:
    return 0.5 * _erfc(-x / math.sqrt(2.0))


def _density(x: Array) -> Array:
    return np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def _gelu_slope(x: Array) -> Array:
    return _cumulative(x) + x * _density(x)


def _erf_slope(x: Array) -> Array:
    return 2.0 / math.sqrt(math.pi) * np.exp(-x * x)


def _relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


class _Functions(dict[str, Function]):
    """By name; those of packages, which compiled code computes, by their full one."""

    def __missing__(self, name: str) -> Function:
        from rnnlab.plugins import apply

        self[name] = Function(lambda x: apply(name, x)[0], lambda x: apply(name, x)[1])
        return self[name]


FUNCTIONS: dict[str, Function] = _Functions({
    "tanh": Function(np.tanh, _tanh_slope),
    "sigmoid": Function(_sigmoid, _sigmoid_slope),
    "relu": Function(_relu, lambda x: np.where(x > 0, 1.0, 0.0)),
    "identity": Function(np.positive, np.ones_like),
    "leaky_relu": Function(lambda x: np.where(x > 0, x, LEAK * x), lambda x: np.where(x > 0, 1.0, LEAK)),
    "hardtanh": Function(lambda x: np.clip(x, -1.0, 1.0), lambda x: np.where(np.abs(x) < 1, 1.0, 0.0)),
    "softplus": Function(_softplus, _sigmoid),
    "elu": Function(_elu, _elu_slope),
    "erf": Function(_erf, _erf_slope),
    "gelu": Function(lambda x: x * _cumulative(x), _gelu_slope),
    "silu": Function(lambda x: x * _sigmoid(x), _silu_slope),
})  # fmt: skip
