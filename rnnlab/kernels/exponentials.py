"""What activations are made of: e^x and its kin without a branch, so that loops over them vectorise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from rnnlab.kernels.options import inside, kernel


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


@intrinsic
def _leading(_context: Any, x: Any) -> Any:
    """Return x with half of its digits, so that its square is exact."""
    size, dropped = (64, 27) if x == types.float64 else (32, 12)

    def generate(_ctx: Any, builder: Any, _signature: Any, args: Any) -> Any:
        whole = ir.IntType(size)
        kept = builder.and_(builder.bitcast(args[0], whole), ir.Constant(whole, -(1 << dropped)))
        return builder.bitcast(kept, args[0].type)

    return x(x), generate


@intrinsic
def constant(_context: Any, value: Any, like: Any) -> Any:
    """Return a constant in the type of `like`."""

    def generate(_ctx: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return args[0] if args[0].type == args[1].type else builder.fptrunc(args[0], args[1].type)

    return like(types.float64, like), generate


def polynomial(double: tuple[float, ...], single: tuple[float, ...]) -> Any:
    """Return a function of x for kernels: the polynomial with these coefficients, highest power first."""

    @intrinsic
    def evaluate(_context: Any, x: Any) -> Any:
        def generate(_ctx: Any, builder: Any, _signature: Any, args: Any) -> Any:
            first, *rest = (ir.Constant(args[0].type, c) for c in (double if x == types.float64 else single))
            for coefficient in rest:
                first = builder.fadd(builder.fmul(first, args[0]), coefficient)
            return first

        return x(x), generate

    return evaluate


def exponential(x: float, low: float) -> tuple[float, float, float]:
    """Return (m, s, e^x - 1) for x <= 0, with m·s = e^x, x standing for x + low, all to about an ulp, without a branch.

    m is a normal number even where e^x is none: what multiplies m before s is rounded once.
    """
    raise TypeError("only compiled code calls this")


def _exponential64(x, low):  # type: ignore[no-untyped-def]
    x = -760.0 if x < -760.0 else x
    shifted = x * 1.4426950408889634 + 6755399441055744.0  # 1.5 * 2^52: the low bits are round(x / ln 2)
    k = shifted - 6755399441055744.0
    r = ((x - k * 0.6931471803691238) - k * 1.9082149292705877e-10) + low
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
    first = _float((half + 1023) << 52)
    second = _float((exponent - half + 1023) << 52)
    scale = first * second
    return first + first * p, second, (scale - 1.0) + scale * p


_F = np.float32
_LOG2E, _MAGIC = _F(1.4426950408889634), _F(12582912.0)
_LN2_HIGH, _LN2_LOW = _F(0.693359375), _F(-2.12194440e-4)
_C7, _C6, _C5, _C4, _C3, _HALF, _ONE = (_F(1.0 / math.factorial(n)) for n in (7, 6, 5, 4, 3, 2, 1))
_LEAST = _F(-120.0)


def _exponential32(x, low):  # type: ignore[no-untyped-def]
    x = _LEAST if x < _LEAST else x
    shifted = x * _LOG2E + _MAGIC
    k = shifted - _MAGIC
    r = ((x - k * _LN2_HIGH) - k * _LN2_LOW) + low
    p = _C7 * r + _C6
    p = p * r + _C5
    p = p * r + _C4
    p = p * r + _C3
    p = p * r + _HALF
    p = (p * r) * r + r
    exponent = _bits(shifted) - np.int32(1262485504)
    half = exponent >> np.int32(1)
    first = _float(np.int32((half + np.int32(127)) << np.int32(23)))
    second = _float(np.int32((exponent - half + np.int32(127)) << np.int32(23)))
    scale = first * second
    return first + first * p, second, (scale - _ONE) + scale * p


@overload(exponential, inline="always")
def _(x, low):  # type: ignore[no-untyped-def]
    return _exponential64 if x == types.float64 else _exponential32


@kernel
def _bell(x, share):  # type: ignore[no-untyped-def]
    """Return (m, s) with m·s = e^(-share x²), share a power of two; the digits that x² drops are not lost."""
    inside()
    head = _leading(x)
    square, rest = head * head, abs((x - head) * (x + head))  # abs: as in `gelu`
    high = square + rest
    first, second, _less = exponential(-share * high, -share * (rest - (high - square)))
    return first, second


# erfc(x) e^(x²) (x + 3) for x >= 0, a polynomial in (x - 3)/(x + 3) as mpmath.chebyfit finds it: to 4e-18 and 1e-8.
_scaled_tail = polynomial(
    (
        -1.3807366412787348e-10, 1.6305251390807375e-10, 1.6739940735895117e-09, -9.71345776632279e-10,
        -1.1066712172163132e-08, -1.0001676849090178e-09, 5.4957361232324514e-08, 4.6085612531551385e-08,
        -2.3769581319180373e-07, -4.079824582965953e-07, 1.0014294992887557e-06, 2.7654103185099284e-06,
        -4.7502313075737725e-06, -1.747058701476735e-05, 3.0398423921881705e-05, 0.0001075614977090451,
        -0.00027677788930351106, -0.000548309694726331, 0.0030340620054672574, -0.0012124166268093813,
        -0.026827234624709966, 0.11952776128726571, -0.31046726190056184, 0.5902283571041024, -0.8833944531698836,
        1.0740069070883398,
    ),
    (
        2.0254132e-5, 6.77336749e-5, -0.00026663477, -0.000507609782, 0.00302908369, -0.00123258275, -0.0268261005,
        0.119532377, -0.310467358, 0.590227966, -0.883394452, 1.07400691,
    ),
)  # fmt: skip


@kernel
def _tail(x):  # type: ignore[no-untyped-def]
    """Return erfc(x) e^(x²) for x >= 0."""
    inside()
    three = constant(3.0, x)
    inverse = constant(1.0, x) / (x + three)
    return _scaled_tail((x - three) * inverse) * inverse


# erf(x)/x as a polynomial in x², x < 0.6, and (2 atanh(s)/s - 2)/s² as one in s², s <= 1/3; fitted in the same way.
small_erf = polynomial(
    (
        1.2571527790315968e-08, -1.618012353496922e-07, 1.6453268035388928e-06, -1.4925387173887144e-05,
        0.00012055327937169339, -0.0008548326961249098, 0.00522397762496354, -0.02686617064510975,
        0.11283791670955076, -0.37612638903183754, 1.1283791670955126,
    ),
    (0.00451446762, -0.0266485141, 0.112810264, -0.376125151, 1.12837916),
)  # fmt: skip
_atanh_rest = polynomial(
    (
        0.1616404561194353, 0.08800738486144674, 0.12001072809590713, 0.13314144209654935, 0.15385570064958623,
        0.18181789436132859, 0.22222222717427864, 0.2857142856710876, 0.40000000000014585, 0.6666666666666666,
    ),
    (0.232243292, 0.217065758, 0.28592358, 0.399997063, 0.666666673),
)  # fmt: skip


@kernel
def _log1p(f):  # type: ignore[no-untyped-def]
    """Return ln(1 + f) for 0 <= f <= 1."""
    inside()
    s = f / (constant(2.0, f) + f)
    w = s * s
    return f - s * (f - w * _atanh_rest(w))
