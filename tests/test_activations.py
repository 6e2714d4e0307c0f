"""The activations against mpmath over the whole range, in units of the last place, and at every odd value."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from numba.core.errors import TypingError

from rnnlab import theory
from rnnlab.kernels import activations, options
from tests.cases import DTYPES


def _sigmoid(a):
    return mpmath.exp(min(a, 0)) / (1 + mpmath.exp(-abs(a)))


def _density(a):
    return mpmath.exp(-a * a / 2) / mpmath.sqrt(2 * mpmath.pi)


def _below(a):
    return mpmath.erfc(-a / mpmath.sqrt(2)) / 2 if abs(a) < 100 else mpmath.mpf(a > 0)


# (phi, phi', what the error of phi' is held against: phi' but for those that are a sum of two terms, and cross zero)
EXACT = {
    "tanh": (mpmath.tanh, lambda a: 4 * mpmath.exp(-2 * abs(a)) / (1 + mpmath.exp(-2 * abs(a))) ** 2, None),
    "sigmoid": (_sigmoid, lambda a: mpmath.exp(-abs(a)) / (1 + mpmath.exp(-abs(a))) ** 2, None),
    "softplus": (lambda a: max(a, 0) + mpmath.log1p(mpmath.exp(-abs(a))), _sigmoid, None),
    "elu": (lambda a: mpmath.expm1(min(a, 0)) + max(a, 0), lambda a: mpmath.exp(min(a, 0)), None),
    "erf": (mpmath.erf, lambda a: 2 * mpmath.exp(-a * a) / mpmath.sqrt(mpmath.pi), None),
    "gelu": (
        lambda a: a * _below(a),
        lambda a: _below(a) + a * _density(a),
        lambda a: _below(a) + abs(a) * _density(a),
    ),
    "silu": (
        lambda a: a * _sigmoid(a),
        lambda a: _sigmoid(a) * (1 + a * _sigmoid(-a)),
        lambda a: _sigmoid(a) * (1 + abs(a) * _sigmoid(-a)),
    ),
}
VALUE_ULP, SLOPE_ULP, DENORMAL_ULP = 3, 5, 4  # what the module promises
FAR_GELU_ULP = 6  # of values for a < -0.5


def apply(name, a):
    """Return (phi(a), phi'(a)), leaving a as it is."""
    slope, value = a.copy(), np.empty_like(a)
    activations.activate(activations.CODES[name], slope, value)
    return value, slope


def arguments(dtype):
    """Magnitudes from the least denormal to far beyond saturation, both signs, and a dense middle."""
    info = np.finfo(dtype)
    rng = np.random.default_rng(0)
    wide = 10.0 ** rng.uniform(np.log10(float(info.smallest_subnormal)), 3, 1500)
    middle = np.concatenate([rng.uniform(-scale, scale, 500) for scale in (0.01, 0.5, 2, 20, 110, 800)])
    edges = [float(info.tiny), float(info.smallest_subnormal), float(info.max), 0.0, *np.arange(60) * np.log(2) / 2]
    both = np.concatenate([wide, middle, edges])
    return np.concatenate([both, -both]).astype(dtype)


def ulps(got, exact, scale, dtype):
    """Return the largest error where the exact number is normal and where it is not, in ulp and in least denormals.

    An ulp is that of the number in `scale`.
    """
    info = np.finfo(dtype)
    normal, denormal = 0.0, 0.0
    for ours, true, size in zip(got, exact, scale, strict=True):
        wrong = abs(mpmath.mpf(float(ours)) - true)
        if abs(size) >= float(info.tiny):
            unit = np.spacing(dtype(min(float(abs(size)), float(info.max) / 2)))
            normal = max(normal, float(wrong / mpmath.mpf(float(unit))))
        else:
            denormal = max(denormal, float(wrong / mpmath.mpf(float(info.smallest_subnormal))))
    return normal, denormal


def errors(name, a):
    """Return the errors of the values and of the slopes, as `ulps` does."""
    kind = a.dtype.type
    value, slope = apply(name, a)
    phi, derivative, scale = EXACT[name]
    with mpmath.workprec(400):
        points = [mpmath.mpf(float(v)) for v in a]
        values, slopes = [phi(v) for v in points], [derivative(v) for v in points]
        held = slopes if scale is None else [scale(v) for v in points]
        return ulps(value, values, values, kind), ulps(slope, slopes, held, kind)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EXACT)
def test_accurate_over_the_whole_range(name, dtype):
    a = arguments(dtype)
    if name == "gelu":
        (far, tiny), slopes = errors(name, a[a < -0.5])
        assert far <= FAR_GELU_ULP
        assert max(tiny, slopes[1]) <= DENORMAL_ULP
        assert slopes[0] <= SLOPE_ULP
        a = a[a >= -0.5]
    (value, tiny_value), (slope, tiny_slope) = errors(name, a)
    assert value <= VALUE_ULP
    assert slope <= SLOPE_ULP
    assert max(tiny_value, tiny_slope) <= DENORMAL_ULP


@pytest.mark.parametrize("dtype", DTYPES)
def test_those_of_straight_pieces_are_exact(dtype):
    a = arguments(dtype)
    leak = a.dtype.type(0.01)
    pieces = {
        "relu": (np.maximum(a, 0), a > 0),
        "identity": (a, np.ones_like(a)),
        "leaky_relu": (np.where(a > 0, a, leak * a), np.where(a > 0, 1, leak)),
        "hardtanh": (np.clip(a, -1, 1), np.abs(a) < 1),
    }
    for name, (value, slope) in pieces.items():
        ours = apply(name, a)
        np.testing.assert_array_equal(ours[0], value)
        np.testing.assert_array_equal(ours[1], slope.astype(dtype))


LIMITS = {  # phi and phi' at 0, inf and -inf
    "tanh": ([0, 1, -1], [1, 0, 0]),
    "sigmoid": ([0.5, 1, 0], [0.25, 0, 0]),
    "relu": ([0, np.inf, 0], [0, 1, 0]),
    "identity": ([0, np.inf, -np.inf], [1, 1, 1]),
    "leaky_relu": ([0, np.inf, -np.inf], [0.01, 1, 0.01]),
    "hardtanh": ([0, 1, -1], [1, 0, 0]),
    "softplus": ([np.log(2), np.inf, 0], [0.5, 1, 0]),
    "elu": ([0, np.inf, -1], [1, 1, 0]),
    "erf": ([0, 1, -1], [2 / np.sqrt(np.pi), 0, 0]),
    "gelu": ([0, np.inf, 0], [0.5, 1, 0]),
    "silu": ([0, np.inf, 0], [0.5, 1, 0]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", activations.CODES)
def test_odd_values(name, dtype):
    value, slope = apply(name, np.array([0.0, np.inf, -np.inf, -0.0, np.nan], dtype))
    for got, limits in zip((value, slope), LIMITS[name], strict=True):
        np.testing.assert_array_equal(got[:4], np.array([*limits, limits[0]], dtype))
        assert np.isnan(got[4])
    if limits[0] == 1 or name in ("leaky_relu", "erf", "gelu", "silu"):
        assert np.signbit(value[3])


@pytest.mark.parametrize("name", ["hardtanh", "leaky_relu"])
def test_a_kink_has_the_slope_of_its_flatter_side(name):
    kinks = [-1.0, 1.0] if name == "hardtanh" else [-0.0, 0.0]
    np.testing.assert_array_equal(apply(name, np.array(kinks))[1], [0, 0] if name == "hardtanh" else [0.01, 0.01])


@pytest.mark.parametrize("dtype", DTYPES)
def test_slopes_fall_as_they_should_and_not_to_zero_before(dtype):
    """Far to the left the logs of the slopes are still right; float32 knows no number below e^-103."""
    far = {"float64": -700.0, "float32": -80.0}[dtype]
    wide = {"float64": -37.0, "float32": -12.5}[dtype]
    logs = {
        "softplus": (far, far),
        "elu": (far, far),
        "silu": (far, far + np.log(-far - 1)),
        "erf": (wide / 2**0.5, -(wide**2) / 2 + np.log(2 / np.sqrt(np.pi))),
        "gelu": (wide, -(wide**2) / 2 + np.log((-wide - 1 / -wide) / np.sqrt(2 * np.pi))),
    }
    for name, (a, expected) in logs.items():
        slope = float(apply(name, np.array([a], dtype))[1][0])
        assert np.log(abs(slope)) == pytest.approx(expected, abs=1e-4), name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_slopes_of_opposite_numbers_add_up_to_one(name, dtype):
    """Phi(a) - phi(-a) = a."""
    a = arguments(dtype)
    np.testing.assert_allclose(apply(name, a)[1] + apply(name, -a)[1], 1, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", activations.CODES)
def test_an_element_does_not_depend_on_its_place(name, dtype):
    """Vectors and what is left over after them give the same bits."""
    a = np.random.default_rng(1).normal(0, 3, 100).astype(dtype)
    value, slope = apply(name, a)
    for size in (1, 2, 7, 15, 33):
        for start in (0, 1, 50):
            part = apply(name, a[start : start + size])
            np.testing.assert_array_equal(part[0], value[start : start + size])
            np.testing.assert_array_equal(part[1], slope[start : start + size])


@pytest.mark.parametrize("name", activations.CODES)
def test_the_largest_slope_is_the_largest(name):
    steepest = {"gelu": 2**0.5, "silu": 2.3993572805154677, "softplus": 40.0}.get(name, 0.0)
    _value, slope = apply(name, np.append(np.linspace(-5, 5, 10_001), steepest))
    largest = np.abs(slope).max()
    assert largest == pytest.approx(activations.LARGEST_SLOPE[name], rel=3e-16)


@pytest.mark.parametrize("name", activations.CODES)
def test_bounded_is_what_is_bounded(name):
    ends = apply(name, np.array([-1e300, 1e300]))[0]
    assert (name in activations.BOUNDED) == bool(np.abs(ends).max() < 2)


def test_codes_are_never_renumbered():
    known = ["tanh", "sigmoid", "relu", "identity", "leaky_relu", "hardtanh", "softplus", "elu", "erf", "gelu", "silu"]
    assert [activations.CODES[name] for name in known] == list(range(11))


def test_theory_has_the_same_slopes_without_the_kernels():
    assert theory.STEEPEST_SLOPE == activations.LARGEST_SLOPE


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_code_can_be_the_address_of_a_function_of_ones_own(dtype):
    compiled = options.c_function(lambda a: a / (1 + abs(a)), lambda a: 1 / (1 + abs(a)) ** 2, np.dtype(dtype))
    assert compiled.address >= activations.FIRST_ADDRESS > max(activations.CODES.values())
    a = np.random.default_rng(2).normal(0, 3, 33).astype(dtype)
    slope, value = a.copy(), np.full_like(a, np.nan)
    activations.activate(compiled.address, slope, value)
    wide = a.astype(np.float64)
    np.testing.assert_allclose(value, wide / (1 + abs(wide)), rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_allclose(slope, 1 / (1 + abs(wide)) ** 2, rtol=4 * np.finfo(dtype).eps)


def test_arrays_that_a_c_function_would_misread_are_not_compiled():
    with pytest.raises(TypingError, match="in the order C"):
        activations.activate(2**40, np.ones(8)[::2], np.ones(4))
