"""rnnlab.theory against its naive twin, closed forms, and the numbers that were published."""

from __future__ import annotations

import math
import subprocess
import sys

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlab
from rnnlab import theory
from rnnlab.errors import UsageError
from rnnlab.theory import averages
from tests import naive_theory as naive

ACTIVATIONS = sorted(theory.STEEPEST_SLOPE)
LINES = ("relu", "leaky_relu", "identity")
VARIANCES = (1e-9, 0.037, 1.3, 7.7, 3e4)


def of(activation, w, b, **start):
    names = {"weight_variance": w, "bias_variance": b, **start}
    return theory.fixed_point(activation, **names), theory.chi(activation, **names)


# --- averages ---


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_averages_agree_with_the_naive_twin(activation):
    kinds = [(naive.PHI, 2), (naive.SLOPE, 2), (naive.SLOPE, 4)]
    ours = averages.averages(activation)
    for q in VARIANCES:
        expected = [naive.average(functions[activation], q, power) for functions, power in kinds]
        assert [ours.at(which, q) for which in range(3)] == pytest.approx(expected, rel=2e-11)
        assert [ours.over(which, np.array([q]))[0] for which in range(3)] == pytest.approx(expected, rel=2e-11)


@pytest.mark.parametrize("activation", LINES)
def test_quadrature_finds_the_closed_forms_of_lines(activation):
    q = np.array([1e-9, 0.5, 3e8])
    square, slope, fourth = averages.quadrature(activation, q)
    leak = {"relu": 0.0, "leaky_relu": 0.01, "identity": 1.0}[activation]
    np.testing.assert_allclose(square, q * (1 + leak**2) / 2, rtol=1e-14)
    np.testing.assert_allclose(slope, (1 + leak**2) / 2, rtol=1e-14)
    np.testing.assert_allclose(fourth, (1 + leak**4) / 2, rtol=1e-14)


@pytest.mark.parametrize("q", [0.9, 1.1, 1e6, 1e13, 1e30, 1e100])
def test_hardtanh_under_a_wide_gaussian(q):
    """Nearly all of it is clipped: 1 - 2∫(1 - z²/w²) N(z) dz from 0 to w = 1/√q."""
    with mpmath.workdps(60):
        w = 1 / mpmath.sqrt(mpmath.mpf(q))
        inside = mpmath.erf(w / mpmath.sqrt(2))
        within = inside - 2 * w * mpmath.npdf(w)
        expected = float(q * within + 1 - inside)
    assert theory.average_square("hardtanh", q) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "hardtanh", "erf"])
def test_states_that_are_bounded_settle_at_any_weights(activation):
    q, chi = of(activation, 1e300, 1.0)
    assert q == pytest.approx(1e300 * (0.5 if activation == "sigmoid" else 1.0), rel=1e-12)
    assert chi > 1e140


@given(st.floats(1e-30, 1e30))
def test_erf_in_closed_form(q):
    assert theory.average_square("erf", q) == pytest.approx(
        2 / math.pi * math.atan(2 * q / math.sqrt(1 + 4 * q)), rel=1e-12
    )
    assert theory.average_squared_slope("erf", q) == pytest.approx(4 / math.pi / math.sqrt(1 + 4 * q), rel=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_averages_reach_their_limits(activation):
    ours = averages.averages(activation)
    for which in range(3):
        assert ours.at(which, 1e-31) == pytest.approx(ours.at(which, 0.0), rel=1e-12, abs=2e-31)
        if not ours.bounded:
            assert ours.at(which, 1e31) == pytest.approx(ours.at(which, 1e33) / (100 if which == 0 else 1), rel=1e-12)
        for q in (0.0, 1e-40, 1e-3, 7.0, 1e31, 1e40):
            assert ours.over(which, np.array([q, 2.0]))[0] == pytest.approx(ours.at(which, q), rel=1e-14)


# --- fixed points ---


def test_published_edges_of_chaos():
    """PUBLISHED: tanh, σb² → σw² at the edge (q*)."""
    assert theory.edge_of_chaos("tanh", bias_variance=0.0) == 1
    for b, w, q in ((0.05, 1.760955, 0.570048), (1, 3.443211, 3.036396)):
        edge = theory.edge_of_chaos("tanh", bias_variance=b)
        assert edge == pytest.approx(w, abs=5e-7)
        assert of("tanh", edge, b) == (pytest.approx(q, abs=5e-7), pytest.approx(1, abs=1e-13))
    assert theory.edge_of_chaos("erf", bias_variance=0) == pytest.approx(math.pi / 4, rel=1e-14)
    assert theory.edge_of_chaos("relu", bias_variance=0.3) == 2
    assert math.sqrt(theory.edge_of_chaos("sigmoid", bias_variance=1)) == pytest.approx(10.26, abs=0.005)
    assert math.sqrt(theory.edge_of_chaos("tanh", bias_variance=1)) == pytest.approx(1.856, abs=5e-4)


def test_published_fixed_points():
    """PUBLISHED: tanh, σb = 0.3."""
    assert of("tanh", 1.3**2, 0.3**2) == (pytest.approx(0.607047, abs=5e-7), pytest.approx(0.939807, abs=5e-7))
    assert of("tanh", 2.5**2, 0.3**2) == (pytest.approx(4.079124, abs=5e-7), pytest.approx(1.585225, abs=5e-7))


def test_published_exponents():
    """PUBLISHED: tanh without input, and with the drive that just silences chaos."""
    for g, rate in ((1.5, 0.065217), (2, 0.154724), (3, 0.310249), (5, 0.532428)):
        assert theory.lyapunov("tanh", weight_variance=g * g, drive_variance=0) == pytest.approx(rate, abs=5e-7)
    assert theory.lyapunov("tanh", weight_variance=1.76095, drive_variance=0.05) == pytest.approx(0, abs=1e-6)
    scale = theory.depth_scale("tanh", weight_variance=0.25, drive_variance=0)
    assert scale == pytest.approx(1 / math.log(2))


def test_what_is_wrong_in_tanh_vanishes_and_relu_explodes():
    """PUBLISHED: tanh at g = 3 grows 10^13-fold in 100 steps, a random ReLU network vanishes for g < √2."""
    assert round(100 * theory.lyapunov("tanh", weight_variance=9, drive_variance=0) / math.log(10)) == 13
    assert theory.lyapunov("relu", weight_variance=1.99, drive_variance=1) < 0
    assert theory.lyapunov("relu", weight_variance=1, drive_variance=1) == pytest.approx(-math.log(2) / 2)


@given(st.floats(0, 1.9), st.floats(0, 10))
def test_relu_in_closed_form(w, b):
    assert of("relu", w, b) == (pytest.approx(b / (1 - w / 2)), pytest.approx(w / 2))


@given(st.floats(0.01, 50), st.floats(1e-6, 10))
def test_erf_fixed_points_in_closed_form(w, b):
    q, chi = of("erf", w, b)
    assert q == pytest.approx(w * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) + b, rel=1e-12)
    assert chi == pytest.approx(4 * w / math.pi / math.sqrt(1 + 4 * q), rel=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_fixed_points_agree_with_the_naive_iteration(activation):
    with mpmath.workdps(15):
        q, _ = of(activation, 0.8, 0.3)
        assert q == pytest.approx(naive.fixed_point(activation, 0.8, 0.3, q, 1), rel=1e-11)
        path = theory.iterate(activation, weight_variance=0.8, bias_variance=0.3, steps=3, start=0.1)
        assert path[-1] == pytest.approx(naive.fixed_point(activation, 0.8, 0.3, 0.1, 3), rel=1e-11)


@settings(deadline=None)
@given(st.sampled_from(ACTIVATIONS), st.floats(0, 9), st.floats(0, 4), st.floats(0, 9))
def test_the_iteration_goes_to_the_fixed_point(activation, w, b, start):
    q, _ = of(activation, w, b, start=start)
    path = theory.iterate(activation, weight_variance=w, bias_variance=b, steps=3000, start=start or 1e-9)
    if math.isfinite(q):
        assert abs(path[-1] - q) <= abs(path[0] - q) + 1e-12  # where χ = 1 it hardly moves
        if abs(path[-1] - path[-2]) > 1e-3 * abs(path[1] - path[0]):
            assert abs(path[-1] - q) < 0.05 * max(abs(path[0] - q), q)
    else:
        assert path[-1] > path[0]
        assert path[-1] > 50


def test_the_silent_state_is_returned_where_it_is_stable():
    for activation in ("tanh", "erf", "hardtanh", "elu", "relu", "leaky_relu", "identity"):
        edge = theory.edge_of_chaos(activation, bias_variance=0)
        assert of(activation, edge, 0)[0] == 0
        assert of(activation, edge * 1.01, 0)[0] > 0
    assert of("tanh", 0.81, 0) == (0, pytest.approx(0.81))
    assert theory.iterate("tanh", weight_variance=9, bias_variance=0, steps=3).tolist() == [0, 0, 0, 0]
    assert of("tanh", 1 + 1e-6, 0)[0] == pytest.approx(0.5e-6, rel=1e-5)


def test_a_state_that_grows_without_bound():
    for activation in ("relu", "identity", "softplus", "leaky_relu"):
        edge = 1 if activation == "identity" else 2
        assert of(activation, edge * 1.0001, 0.1)[0] == math.inf
        assert of(activation, edge * 1.5, 0.1)[1] == pytest.approx(1.5, rel=1e-3)
        assert theory.iterate(activation, weight_variance=9e9, bias_variance=1, steps=50)[-1] == math.inf
    assert of("softplus", 2, 1) == (math.inf, 1)
    assert theory.lyapunov("relu", weight_variance=256, drive_variance=1) == pytest.approx(math.log(16 / math.sqrt(2)))


@pytest.mark.parametrize("activation", ["gelu", "silu"])
def test_of_several_fixed_points_the_start_decides(activation):
    assert of(activation, 3, 0)[0] == 0
    assert of(activation, 3, 0, start=100.0)[0] == math.inf
    assert of(activation, 2.1, 0.01)[0] < 1 < of(activation, 2.1, 0.01, start=1e9)[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("b", [0, 1e-6, 0.01, 0.3, 1, 10, 1e4])
def test_chi_passes_one_at_the_edge_of_chaos(activation, b):
    edge = theory.edge_of_chaos(activation, bias_variance=b)
    if b == 0 and activation == "elu":  # touches 1 where the silent state ends
        assert edge == 1
        return
    below, above = (of(activation, edge * share, b)[1] for share in (0.995, 1.005))
    assert below < 1 <= above
    for share in (0.3, 0.6, 0.9):
        assert of(activation, edge * share, b)[1] < 1


def test_no_weights_and_no_gradient():
    assert of("tanh", 0, 0.3) == (0.3, 0)
    assert theory.lyapunov("tanh", weight_variance=0, drive_variance=1) == -math.inf
    assert theory.depth_scale("tanh", weight_variance=0, drive_variance=1) == 0
    assert theory.depth_scale("identity", weight_variance=1, drive_variance=0) == math.inf


# --- products ---


def test_newmans_exponents():
    """PUBLISHED: N = 10, g = 1; and ψ against mpmath."""
    found = theory.gaussian_product_exponents(10, weight_variance=1.0)
    assert (found[0], found[-1]) == (pytest.approx(-0.051660, abs=5e-7), pytest.approx(-1.786474, abs=5e-7))
    for N in (1, 2, 7, 100):
        g2 = 1.7
        exact = [0.5 * (math.log(2 * g2 / N) + float(mpmath.digamma((N - i + 1) / 2))) for i in range(1, N + 1)]
        np.testing.assert_allclose(theory.gaussian_product_exponents(N, weight_variance=g2), exact, rtol=1e-12)


def test_isometry_in_closed_form():
    """PUBLISHED: linear Gaussian L, orthogonal exactly 0."""
    linear = {"weight_variance": 1.0, "bias_variance": 0.0, "steps": 12}
    assert theory.isometry_variance("identity", **linear) == pytest.approx(12)
    assert theory.isometry_variance("identity", **linear, init="orthogonal") == 0
    relu = {"weight_variance": 1.6, "bias_variance": 0.3, "steps": 7}
    assert theory.isometry_variance("relu", **relu, relative=True) == pytest.approx(14)
    assert theory.isometry_variance("relu", **relu, init="orthogonal") == pytest.approx(7 * 0.8**14)
    assert theory.isometry_variance("identity", **{**linear, "weight_variance": 1e9, "steps": 100}) == math.inf


def test_isometry_of_a_product_of_random_matrices():
    rng = np.random.default_rng(0)
    N, L, q = 200, 3, of("tanh", 2.0, 0.2)[0]
    measured = []
    for _ in range(8):
        product = np.eye(N)
        for _ in range(L):
            slope = 1 / np.cosh(math.sqrt(q) * rng.standard_normal(N)) ** 2
            product = slope[:, None] * (rng.standard_normal((N, N)) * math.sqrt(2.0 / N) @ product)
        measured.append(np.var(np.linalg.svd(product, compute_uv=False) ** 2))
    predicted = theory.isometry_variance("tanh", weight_variance=2.0, bias_variance=0.2, steps=L)
    assert np.mean(measured) == pytest.approx(predicted, rel=0.1)


# --- arguments ---


def test_bad_arguments_are_refused():
    calls = {
        "weight_variance = -1": lambda: theory.chi("tanh", weight_variance=-1, bias_variance=0),
        "bias_variance = nan": lambda: theory.fixed_point("tanh", weight_variance=1, bias_variance=math.nan),
        "drive_variance = inf": lambda: theory.lyapunov("tanh", weight_variance=1, drive_variance=math.inf),
        "bias_variance = '1'": lambda: theory.edge_of_chaos("tanh", bias_variance="1"),
        "Did you mean tanh": lambda: theory.edge_of_chaos("tan", bias_variance=1),
        "activation None": lambda: theory.chi(None, weight_variance=1, bias_variance=1),
        "steps = -1": lambda: theory.iterate("tanh", weight_variance=1, bias_variance=1, steps=-1),
        "spectral_norm = -3.0 is no norm": lambda: theory.norm_bound("tanh", [1.0, -3.0]),
        "width = 0": lambda: theory.gaussian_product_exponents(0, weight_variance=1),
        "init = 'haar'": lambda: theory.isometry_variance(
            "tanh", weight_variance=1, bias_variance=1, steps=1, init="haar"
        ),
    }
    for message, call in calls.items():
        with pytest.raises(UsageError, match=message):
            call()


def test_numbers_of_numpy_are_taken():
    assert theory.chi("relu", weight_variance=np.float32(1), bias_variance=np.int64(1)) == 0.5


def test_theory_needs_no_numba():
    code = "import sys, rnnlab; rnnlab.theory.chi; print([m for m in ('numba', 'pandas', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    assert rnnlab.theory is theory
