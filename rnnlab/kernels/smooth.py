"""Smooth activations and their slopes, as in `activations`, whose promises hold here too but for what is said there."""

from __future__ import annotations

import math

from rnnlab.kernels.exponentials import _bell, _log1p, _tail, exponential, small_erf
from rnnlab.kernels.options import apart, kernel

_TWO_BY_ROOT_PI = 2.0 / math.sqrt(math.pi)
_ROOT_HALF = math.sqrt(0.5)
_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)  # of N(0, 1) at 0


@kernel
def softplus(a, h):  # type: ignore[no-untyped-def]
    """h = ln(1 + e^a) = max(a, 0) + ln(1 + e^(-|a|)), a = 1 / (1 + e^-a)."""
    apart()
    zero, one = a.dtype.type(0.0), a.dtype.type(1.0)
    for i in range(a.size):
        x = a[i]
        m, s, _less = exponential(-abs(x), zero)
        e = m * s
        inverse = one / (one + e)
        h[i] = (x if x > zero else zero) + _log1p(e)
        a[i] = inverse if x >= zero else e * inverse


@kernel
def elu(a, h):  # type: ignore[no-untyped-def]
    """h = a for a >= 0, else e^a - 1; a = 1, else e^a."""
    apart()
    zero, one = a.dtype.type(0.0), a.dtype.type(1.0)
    for i in range(a.size):
        x = a[i]
        m, s, less = exponential(-abs(x), zero)
        h[i] = x if x >= zero else less
        a[i] = one if x >= zero else m * s


@kernel
def erf(a, h):  # type: ignore[no-untyped-def]
    """h = erf a, a = 2/√π e^(-a²)."""
    apart()
    one, far, near = a.dtype.type(1.0), a.dtype.type(30.0), a.dtype.type(0.6)
    steepest = a.dtype.type(_TWO_BY_ROOT_PI)
    for i in range(a.size):
        x = a[i]
        size = far if abs(x) > far else abs(x)
        m, s = _bell(size, one)
        h[i] = math.copysign(size * small_erf(size * size) if size < near else one - _tail(size) * m * s, x)
        a[i] = steepest * m * s


@kernel
def gelu(a, h):  # type: ignore[no-untyped-def]
    """h = a Φ(a), a = Φ(a) + a Φ'(a) = 1 - phi'(-a), Φ the distribution function of N(0, 1)."""
    apart()
    zero, half, one, far = a.dtype.type(0.0), a.dtype.type(0.5), a.dtype.type(1.0), a.dtype.type(60.0)
    near, root_half, density = a.dtype.type(0.6), a.dtype.type(_ROOT_HALF), a.dtype.type(_DENSITY)
    for i in range(a.size):
        x = a[i]
        size = far if abs(x) > far else abs(x)
        m, s = _bell(size, half)
        t = size * root_half
        # abs: vectors and what is left after them would fuse these products with the differences below differently.
        tail, rise = abs(half * _tail(t)), abs(size * density)  # Φ(-|a|) and |a| Φ'(a), both times e^(a²/2)
        close = half - half * t * small_erf(t * t)
        below = close if t < near else tail * m * s  # Φ(-|a|)
        less = close - rise * m * s if t < near else (tail - rise) * m * s  # phi'(-|a|)
        value = -size * close if t < near else -(size * tail * m) * s
        h[i] = value if x < zero else x * (one - below)
        a[i] = less if x < zero else one - less


@kernel
def silu(a, h):  # type: ignore[no-untyped-def]
    """h = a σ(a), a = σ(a) (1 + a (1 - σ(a))) = 1 - phi'(-a), σ the sigmoid."""
    apart()
    zero, one, far = a.dtype.type(0.0), a.dtype.type(1.0), a.dtype.type(800.0)
    for i in range(a.size):
        x = a[i]
        size = far if abs(x) > far else abs(x)
        m, s, _less = exponential(-size, zero)
        e = m * s
        inverse = one / (one + e)
        less = ((one - size) + e) * inverse * inverse * m * s
        h[i] = -(size * inverse * m) * s if x < zero else x * inverse
        a[i] = less if x < zero else one - less
