"""The activations against mpmath over the whole range, in units of the last place, and at every odd value."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from rnnlab import theory
from rnnlab.kernels import activations
from tests.cases import DTYPES

EXACT = {
    "tanh": (mpmath.tanh, lambda a: 4 * mpmath.exp(-2 * abs(a)) / (1 + mpmath.exp(-2 * abs(a))) ** 2),
    "sigmoid": (lambda a: 1 / (1 + mpmath.exp(-a)), lambda a: mpmath.exp(-abs(a)) / (1 + mpmath.exp(-abs(a))) ** 2),
}
VALUE_ULP, SLOPE_ULP, DENORMAL_ULP = 3, 5, 4  # what the module promises


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


def ulps(got, exact, dtype):
    """Return the largest error where the exact number is normal and where it is not, in ulp and in least denormals."""
    info = np.finfo(dtype)
    normal, denormal = 0.0, 0.0
    for ours, true in zip(got, exact, strict=True):
        size = abs(true)
        if size >= float(info.tiny):
            unit = np.spacing(dtype(float(size)))
            normal = max(normal, float(abs(mpmath.mpf(float(ours)) - true) / mpmath.mpf(float(unit))))
        else:
            unit = info.smallest_subnormal
            denormal = max(denormal, float(abs(mpmath.mpf(float(ours)) - true) / mpmath.mpf(float(unit))))
    return normal, denormal


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EXACT)
def test_accurate_over_the_whole_range(name, dtype):
    kind = np.dtype(dtype).type
    a = arguments(dtype)
    value, slope = apply(name, a)
    with mpmath.workprec(400):
        exact = [mpmath.mpf(float(v)) for v in a]
        for got, function, limit in ((value, EXACT[name][0], VALUE_ULP), (slope, EXACT[name][1], SLOPE_ULP)):
            normal, denormal = ulps(got, [function(v) for v in exact], kind)
            assert normal <= limit
            assert denormal <= DENORMAL_ULP


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_and_identity_are_exact(dtype):
    a = arguments(dtype)
    for name, value, slope in (("relu", np.maximum(a, 0), a > 0), ("identity", a, np.ones_like(a))):
        ours = apply(name, a)
        np.testing.assert_array_equal(ours[0], value)
        np.testing.assert_array_equal(ours[1], slope.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", activations.CODES)
def test_odd_values(name, dtype):
    a = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], dtype)
    value, slope = apply(name, a)
    limits = {
        "tanh": ([0, 0, 1, -1], [1, 1, 0, 0]),
        "sigmoid": ([0.5, 0.5, 1, 0], [0.25, 0.25, 0, 0]),
        "relu": ([0, 0, np.inf, 0], [0, 0, 1, 0]),
        "identity": ([0, 0, np.inf, -np.inf], [1, 1, 1, 1]),
    }[name]
    np.testing.assert_array_equal(value[:4], limits[0])
    np.testing.assert_array_equal(slope[:4], limits[1])
    assert np.isnan(value[4])
    assert np.isnan(slope[4])
    if name in ("tanh", "identity"):
        assert np.signbit(value[1])


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
    _value, slope = apply(name, np.linspace(-5, 5, 10_001))
    assert slope.max() == activations.LARGEST_SLOPE[name]


def test_theory_has_the_same_slopes_without_the_kernels():
    assert theory.STEEPEST_SLOPE == activations.LARGEST_SLOPE
