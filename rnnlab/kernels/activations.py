"""Activations phi and their slopes phi', vectorised, from the same exponential.

Each kernel writes h = phi(a) and replaces the pre-activations a by phi'(a): one array for both, which the compiler
can see through; two that may overlap would not be vectorised. Slopes come from a, not from h: 1 - tanh(a)² is exactly 0
from |a| = 19 on, where sech² is 10^-16 and falling.

Accuracy, over the whole range and in both dtypes: values within 3 ulp, slopes within 5 ulp where they are normal
numbers, within 4 of the smallest denormals below. tanh(-0) = -0; nan gives nan; phi'(+-inf) is the limit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from rnnlab.kernels.options import kernel

TANH, SIGMOID, RELU, IDENTITY = range(4)
CODES = {"tanh": TANH, "sigmoid": SIGMOID, "relu": RELU, "identity": IDENTITY}
# The largest slope: gamma of the norm bound, and the measure of saturation.
LARGEST_SLOPE = {"tanh": 1.0, "sigmoid": 0.25, "relu": 1.0, "identity": 1.0}
BOUNDED = frozenset({"tanh", "sigmoid"})


@intrinsic
def _bits(_context: Any, x: Any) -> Any:
    """Return the bits of a float as the integer of the same size."""
    target = types.int64 if x == types.float64 else types.int32

    def generate(_ctx: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(signature.return_type.bitwidth))

    return target(x), generate


@intrinsic
def _float(_context: Any, bits: Any) -> Any:
    """Return the float that has these bits."""
    target = types.float64 if bits == types.int64 else types.float32

    def generate(_ctx: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType() if signature.return_type == types.float64 else ir.FloatType())

    return target(bits), generate


def _exponential(x: float) -> tuple[float, float]:
    """Return (e^x, e^x - 1) for x <= 0, both to about an ulp, without a branch."""
    raise TypeError("only compiled code calls this")


def _exponential64(x):  # type: ignore[no-untyped-def]
    x = -760.0 if x < -760.0 else x
    shifted = x * 1.4426950408889634 + 6755399441055744.0  # 1.5 * 2^52: the low bits are round(x / ln 2)
    k = shifted - 6755399441055744.0
    r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10
    p = 1.0 / 6227020800
    p = p * r + 1.0 / 479001600
    p = p * r + 1.0 / 39916800
    p = p * r + 1.0 / 3628800
    p = p * r + 1.0 / 362880
    p = p * r + 1.0 / 40320
    p = p * r + 1.0 / 5040
    p = p * r + 1.0 / 720
    p = p * r + 1.0 / 120
    p = p * r + 1.0 / 24
    p = p * r + 1.0 / 6
    p = p * r + 0.5
    p = (p * r) * r + r  # e^r - 1
    exponent = _bits(shifted) - 4843621399236968448
    half = exponent >> 1  # 2^k in two factors, so that e^x may be a denormal
    low = _float((half + 1023) << 52)
    high = _float((exponent - half + 1023) << 52)
    scale = low * high
    return (low + low * p) * high, (scale - 1.0) + scale * p


_F = np.float32
_LOG2E, _MAGIC = _F(1.4426950408889634), _F(12582912.0)
_LN2_HIGH, _LN2_LOW = _F(0.693359375), _F(-2.12194440e-4)
_C7, _C6, _C5, _C4, _C3, _HALF, _ONE = (_F(1.0 / math.factorial(n)) for n in (7, 6, 5, 4, 3, 2, 1))
_LEAST = _F(-110.0)


def _exponential32(x):  # type: ignore[no-untyped-def]
    x = _LEAST if x < _LEAST else x
    shifted = x * _LOG2E + _MAGIC
    k = shifted - _MAGIC
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = _C7 * r + _C6
    p = p * r + _C5
    p = p * r + _C4
    p = p * r + _C3
    p = p * r + _HALF
    p = (p * r) * r + r
    exponent = _bits(shifted) - np.int32(1262485504)
    half = exponent >> np.int32(1)
    low = _float(np.int32((half + np.int32(127)) << np.int32(23)))
    high = _float(np.int32((exponent - half + np.int32(127)) << np.int32(23)))
    scale = low * high
    return (low + low * p) * high, (scale - _ONE) + scale * p


@overload(_exponential, inline="always")
def _(x):  # type: ignore[no-untyped-def]
    return _exponential64 if x == types.float64 else _exponential32


@kernel
def tanh(a, h):  # type: ignore[no-untyped-def]
    """h = tanh a, a = sech² a = 4 e^(-2|a|) / (1 + e^(-2|a|))²."""
    one, two, four = a.dtype.type(1.0), a.dtype.type(2.0), a.dtype.type(4.0)
    for i in range(a.size):
        x = a[i]
        e, less = _exponential(-two * abs(x))
        inverse = one / (one + e)
        h[i] = math.copysign(-less * inverse, x)
        a[i] = four * e * inverse * inverse


@kernel
def sigmoid(a, h):  # type: ignore[no-untyped-def]
    """h = 1 / (1 + e^-a), a = e^(-|a|) / (1 + e^(-|a|))²."""
    one = a.dtype.type(1.0)
    for i in range(a.size):
        x = a[i]
        e, _less = _exponential(-abs(x))
        inverse = one / (one + e)
        h[i] = inverse if x >= 0 else e * inverse
        a[i] = e * inverse * inverse


@kernel
def relu(a, h):  # type: ignore[no-untyped-def]
    """h = max(a, 0), a = 1 for a > 0, else 0: phi'(0) = 0."""
    zero, one = a.dtype.type(0.0), a.dtype.type(1.0)
    for i in range(a.size):
        x = a[i]
        h[i] = zero if x <= zero else x
        a[i] = one if x > zero else (x if x != x else zero)


@kernel
def identity(a, h):  # type: ignore[no-untyped-def]
    """h = a, a = 1."""
    one = a.dtype.type(1.0)
    for i in range(a.size):
        x = a[i]
        h[i] = x
        a[i] = one if x == x else x


@kernel
def activate(code, a, h):  # type: ignore[no-untyped-def]
    """Apply the activation of this code to flat arrays: one branch for a whole array, none for an element."""
    if code == TANH:
        tanh(a, h)
    elif code == SIGMOID:
        sigmoid(a, h)
    elif code == RELU:
        relu(a, h)
    else:
        identity(a, h)
