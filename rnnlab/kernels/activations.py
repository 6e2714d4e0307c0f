"""Activations phi and their slopes phi', vectorised, from the same exponential.

Each kernel writes h = phi(a) and replaces the pre-activations a by phi'(a): one array for both, which the compiler
can see through; two that may overlap would not be vectorised. Slopes come from a, not from h: 1 - tanh(a)² is exactly 0
from |a| = 19 on, where sech² is 10^-16 and falling.

Accuracy, over the whole range and in both dtypes: values within 3 ulp, slopes within 5 ulp where they are normal
numbers, within 4 of the smallest denormals below. Slopes of gelu and silu are a sum of two terms and cross zero: there
an ulp is one of the sum of their magnitudes. Values of gelu for a < -0.5 are within 6 ulp. tanh(-0) = -0; nan gives
nan; phi'(+-inf) is the limit; at a kink phi' is the slope of the flatter side.
"""

from __future__ import annotations

import math

from rnnlab.kernels.activation_table import (
    BOUNDED,
    CODES,
    ELU,
    ERF,
    FIRST_ADDRESS,
    GELU,
    HARDTANH,
    IDENTITY,
    LARGEST_SLOPE,
    LEAK,
    LEAKY_RELU,
    RELU,
    SIGMOID,
    SOFTPLUS,
    TANH,
)
from rnnlab.kernels.exponentials import exponential
from rnnlab.kernels.options import apart, call, kernel
from rnnlab.kernels.smooth import elu, erf, gelu, silu, softplus

__all__ = ["BOUNDED", "CODES", "LARGEST_SLOPE", "activate"]


@kernel
def tanh(a, h):  # type: ignore[no-untyped-def]
    """h = tanh a, a = sech² a = 4 e^(-2|a|) / (1 + e^(-2|a|))²."""
    zero, one, two, four = a.dtype.type(0.0), a.dtype.type(1.0), a.dtype.type(2.0), a.dtype.type(4.0)
    for i in range(a.size):
        x = a[i]
        m, s, less = exponential(-two * abs(x), zero)
        e = m * s
        inverse = one / (one + e)
        h[i] = math.copysign(-less * inverse, x)
        a[i] = four * e * inverse * inverse


@kernel
def sigmoid(a, h):  # type: ignore[no-untyped-def]
    """h = 1 / (1 + e^-a), a = e^(-|a|) / (1 + e^(-|a|))²."""
    zero, one = a.dtype.type(0.0), a.dtype.type(1.0)
    for i in range(a.size):
        x = a[i]
        m, s, _less = exponential(-abs(x), zero)
        e = m * s
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
def leaky_relu(a, h):  # type: ignore[no-untyped-def]
    """h = a, a = 1 for a > 0, else 0.01 a and 0.01: phi'(0) is the slope to the left, as that of ReLU."""
    apart()
    zero, one, leak = a.dtype.type(0.0), a.dtype.type(1.0), a.dtype.type(LEAK)
    for i in range(a.size):
        x = a[i]
        h[i] = leak * x if x <= zero else x
        a[i] = one if x > zero else (leak if x <= zero else x)


@kernel
def hardtanh(a, h):  # type: ignore[no-untyped-def]
    """h = a, a = 1 for |a| < 1, else h = +-1 and a = 0: phi'(+-1) = 0."""
    apart()
    zero, one = a.dtype.type(0.0), a.dtype.type(1.0)
    for i in range(a.size):
        x = a[i]
        h[i] = math.copysign(one, x) if abs(x) > one else x
        a[i] = one if abs(x) < one else (zero if abs(x) >= one else x)


@kernel
def activate(code, a, h):  # type: ignore[no-untyped-def]
    """Apply the activation of this code to flat arrays: one branch for a whole array, none for an element.

    A code from FIRST_ADDRESS on is the address of void(T *a, T *h, int64 n), which does what the kernels here do: of
    this process and of the arrays' dtype, so such a code is made where it is used, and never kept.
    """
    if code == TANH:
        tanh(a, h)
    elif code == SIGMOID:
        sigmoid(a, h)
    elif code == RELU:
        relu(a, h)
    elif code == IDENTITY:
        identity(a, h)
    elif code == LEAKY_RELU:
        leaky_relu(a, h)
    elif code == HARDTANH:
        hardtanh(a, h)
    elif code == SOFTPLUS:
        softplus(a, h)
    elif code == ELU:
        elu(a, h)
    elif code == ERF:
        erf(a, h)
    elif code == GELU:
        gelu(a, h)
    elif code < FIRST_ADDRESS:
        silu(a, h)
    else:
        _own(code, a, h)


@kernel
def _own(address, a, h):  # type: ignore[no-untyped-def]
    apart()
    call(address, a, h)
