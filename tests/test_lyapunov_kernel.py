"""Growth of frames: against LAPACK, against numbers of many digits, by identities, and against what is published."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlab
from rnnlab.networks import growth, spectrum
from tests import naive_lyapunov as naive


def gaussian(width, gain=1.0, seed=0):
    return gain * np.random.default_rng([seed, width]).standard_normal((width, width)) / width**0.5


def slopes(length, width, least=0.05, seed=0):
    return np.random.default_rng([seed, length, width]).uniform(least, 1.0, (length, width))


def grown(jacobian, slope=None, count=None, *, piece=10**9, **options):
    length, width = (len(jacobian), jacobian.shape[1]) if slope is None else slope.shape
    slope = np.ones((length, width)) if slope is None else slope
    found = growth.Growth(jacobian, length, count or width, **options)
    for start in range(0, length, piece):
        found.carry(start, np.ascontiguousarray(slope[start : start + piece]))
    return found


def by_lapack(jacobian, slope, count=None, burn_in=0):
    frame = growth.start_frame(len(jacobian), count or len(jacobian))
    return np.sort(naive.growth(slope[:, :, None] * jacobian, frame)[burn_in:].mean(axis=0))[::-1]


@pytest.mark.parametrize("width", [1, 2, 3, 15, 16, 17, 33, 65, 130])
@pytest.mark.parametrize("interval", [1, 0])
def test_agrees_with_lapack(width, interval):
    U, slope = gaussian(width), slopes(23, width)
    ours = grown(U, slope, interval=interval, burn_in=2)
    np.testing.assert_allclose(ours.exponents, by_lapack(U, slope, burn_in=2), rtol=0, atol=1e-11)
    assert ours.slopes == pytest.approx(np.log(slope[2:]).sum(axis=1).mean(), abs=1e-11)


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 30), st.integers(0, 10), st.integers(0, 10**6))
def test_agrees_with_lapack_at_any_shape(width, count, length, burn_in, seed):
    count, burn_in = min(count, width), min(burn_in, length - 1)
    U, slope = gaussian(width, seed=seed), slopes(length, width, seed=seed)
    ours = grown(U, slope, count, burn_in=burn_in, interval=1 + seed % 3)
    limit = 1e-11 + 1e-13 * np.linalg.cond(U) ** (1 + seed % 3)
    np.testing.assert_allclose(ours.exponents, by_lapack(U, slope, count, burn_in), rtol=0, atol=limit)


@pytest.mark.parametrize("width", [17, 40])
def test_a_matrix_of_condition_1e12_keeps_its_leading_exponents_and_its_volume(width):
    rng = np.random.default_rng(width)
    left, right = (np.linalg.qr(rng.standard_normal((width, width)))[0] for _ in range(2))
    U, slope = (left * np.logspace(0, -12, width)) @ right, slopes(20, width)
    ours, theirs = grown(U, slope), by_lapack(U, slope)
    np.testing.assert_allclose(ours.exponents[: width // 3], theirs[: width // 3], rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.exponents, theirs, rtol=0, atol=1e-3)
    assert ours.exponents.sum() == pytest.approx(growth.log_volume(U) + ours.slopes, abs=1e-2)


def test_saturated_slopes_keep_every_digit():
    """LAPACK's exponents are off by whole numbers here: rows that differ by 10^100."""
    rng = np.random.default_rng(0)
    U, slope = gaussian(7), 10.0 ** rng.uniform(-100, 0, (4, 7))
    exact = naive.exact_growth(slope[:, :, None] * U, growth.start_frame(7, 7)).mean(axis=0)
    np.testing.assert_allclose(grown(U, slope).exponents, np.sort(exact)[::-1], rtol=1e-12, atol=0)
    assert np.max(np.abs(by_lapack(U, slope) - np.sort(exact)[::-1])) > 1.0


@pytest.mark.parametrize("decades", [3, 30, 60, 170])
@pytest.mark.parametrize("width", [5, 16, 33, 70])
def test_the_volume_of_saturated_networks(width, decades):
    rng = np.random.default_rng(width)
    U, slope = gaussian(width, 3.0), 10.0 ** rng.uniform(-decades, 0, (12, width))
    ours = grown(U, slope)
    volume = np.linalg.slogdet(U)[1] + np.log(slope).sum(axis=1).mean()
    assert ours.exponents.sum() == pytest.approx(volume, rel=1e-12)


@pytest.mark.parametrize("factor", [1e-300, 1e-150, 1e150, 1e300])
def test_scales_far_out_shift_the_exponents(factor):
    U, slope = gaussian(20), slopes(15, 20)
    base = grown(U, slope).exponents
    np.testing.assert_allclose(grown(factor * U, slope).exponents, base + math.log(factor), rtol=1e-12)
    if factor < 1:
        np.testing.assert_allclose(grown(U, factor * slope).exponents, base + math.log(factor), rtol=1e-12)


def test_a_power_of_two_is_exact():
    U, slope = gaussian(20), slopes(15, 20)
    np.testing.assert_array_equal(grown(4 * U, slope)._run.sums, grown(U, slope)._run.sums)


@pytest.mark.parametrize("count", [1, 7, 16, 17, 39])
def test_fewer_exponents_are_the_first_of_all(count):
    U, slope = gaussian(40), slopes(30, 40)
    few, every = (grown(U, slope, n, interval=1)._run.sums for n in (count, 40))
    np.testing.assert_allclose(few, every[:, :count], rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("piece", [1, 7, 64])
@pytest.mark.parametrize("interval", [0, 1, 5])
def test_pieces_change_no_bit(piece, interval):
    U, slope = gaussian(20, 1.1), slopes(130, 20)
    options = {"burn_in": 11, "window": 9, "interval": interval}
    whole, pieces = grown(U, slope, **options), grown(U, slope, piece=piece, **options)
    np.testing.assert_array_equal(pieces.exponents, whole.exponents)
    np.testing.assert_array_equal(pieces.errors, whole.errors)
    np.testing.assert_array_equal(pieces.local, whole.local)


@pytest.mark.parametrize("interval", [0, 1, 3])
def test_windows_add_up(interval):
    found = grown(gaussian(9), slopes(100, 9), burn_in=10, window=15, interval=interval)
    assert found.local.shape == (6,)
    assert found.local.mean() == pytest.approx(found.exponents[0], abs=1e-12)


def test_a_chosen_interval_loses_nothing():
    U = np.linalg.qr(gaussian(30))[0]
    slope = slopes(400, 30, least=0.7)
    chosen, each = grown(U, slope), grown(U, slope, interval=1)
    assert chosen.interval > 3
    np.testing.assert_allclose(chosen.exponents, each.exponents, rtol=0, atol=1e-11)


def test_frames_stay_orthonormal_to_the_root_of_rounding():
    width = 50
    found = grown(gaussian(width, 3.0), 10.0 ** np.random.default_rng(0).uniform(-6, 0, (40, width)))
    run = found._run
    panels = run.frames[run.state[growth.lyapunov.WHICH]].reshape(-1, width, growth.lanes(float))
    frame = panels.transpose(1, 0, 2).reshape(width, -1)[:, :width]
    np.testing.assert_allclose(frame.T @ frame, np.eye(width), rtol=0, atol=1e-8)


# --- directions that die ---


@pytest.mark.parametrize(("width", "rank"), [(1, 0), (5, 0), (5, 1), (20, 7), (40, 33)])
def test_a_singular_matrix(width, rank):
    rng = np.random.default_rng([width, rank])
    U = rng.standard_normal((width, rank)) @ rng.standard_normal((rank, width))
    slope = slopes(20, width)
    found = grown(U, slope).exponents
    assert np.isneginf(found).sum() == width - rank
    if rank:
        np.testing.assert_allclose(found[:rank], by_lapack(U, slope, rank), rtol=0, atol=1e-10)
    assert growth.log_volume(U) == -np.inf


@pytest.mark.parametrize("width", [3, 16, 41])
def test_slopes_of_zero_take_as_many_directions(width):
    slope = slopes(30, width)
    alive = max(1, width // 3)
    slope[7, alive:] = 0.0
    found = grown(gaussian(width), slope, burn_in=2)
    assert np.isneginf(found.exponents).sum() == width - alive
    assert found.slopes == -np.inf
    np.testing.assert_allclose(found.exponents[:alive], by_lapack(gaussian(width), slope, alive, 2), rtol=0, atol=1e-11)


def test_a_diagonal_network_loses_the_direction_that_has_died():
    slope = np.ones((20, 4))
    slope[3:, 2] = 0.0
    np.testing.assert_allclose(grown(np.eye(4), slope, burn_in=5).exponents, [0, 0, 0, -np.inf], atol=1e-14)


def test_a_dead_direction_is_not_made_anew_of_rounding():
    """Each step kills one unit of one of two blocks: fewer are alive than any step alone tells."""
    U, slope = np.zeros((6, 6)), np.ones((40, 6))
    U[:3, :3], U[3:, 3:] = gaussian(3), gaussian(3, seed=1)
    slope[5, 1] = slope[7, 4] = 0.0
    for interval in (0, 1, 10):
        assert np.isneginf(grown(U, slope, interval=interval).exponents).sum() == 2


def test_nothing_is_left():
    for found in (grown(gaussian(6), np.zeros((5, 6))), grown(np.zeros((6, 6)), np.ones((5, 6)), window=2)):
        np.testing.assert_array_equal(found.exponents, np.full(6, -np.inf))


# --- closed forms and published results ---


def test_linear_networks_have_the_logarithms_of_their_eigenvalues():
    values = np.array([1.5, -1.1, 0.7, 0.4, -0.05])
    basis = gaussian(5)
    found = grown(basis * values @ np.linalg.inv(basis), np.ones((4000, 5)), burn_in=2000)
    np.testing.assert_allclose(found.exponents, np.log(np.abs(values)), rtol=0, atol=1e-10)


def test_orthogonal_linear_networks_have_none():
    found = grown(np.linalg.qr(gaussian(50))[0], np.ones((200, 50)))
    np.testing.assert_allclose(found.exponents, 0.0, atol=1e-12)


def test_untied_gaussian_products():
    """Newman 1986: lambda_i = ½[ln(2g²/N) + psi((N-i+1)/2)], exact at finite N."""
    width = 10
    exact = [0.5 * (math.log(2 / width) + float(mpmath.digamma((width - i + 1) / 2))) for i in range(1, width + 1)]
    assert exact[0] == pytest.approx(-0.051660, abs=1e-6)
    assert exact[-1] == pytest.approx(-1.786474, abs=1e-6)
    matrices = np.random.default_rng(0).standard_normal((20_000, width, width)) / width**0.5
    found = grown(matrices, burn_in=100)
    assert np.max(np.abs(found.exponents - exact) / found.errors) < 4.0
    assert np.all(found.errors < 0.02)


def test_the_henon_map():
    found = grown(naive.along(naive.henon, [0.1, 0.1], 200_000), burn_in=1000)
    assert found.exponents == pytest.approx([0.4193, -1.6233], abs=2e-3)
    assert found.exponents.sum() == pytest.approx(math.log(0.3), abs=1e-12)
    assert spectrum.kaplan_yorke(found.exponents, 2) == pytest.approx(1.258, abs=2e-3)


def test_the_logistic_map():
    found = grown(naive.along(naive.logistic, [0.3], 200_000), burn_in=1000)
    assert found.exponents == pytest.approx([math.log(2.0)], abs=1e-3)


def test_the_cat_map():
    found = grown(naive.along(naive.cat, [0.1, 0.2], 200), burn_in=100)
    assert found.exponents == pytest.approx([0.9624236, -0.9624236], abs=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_jacobians_of_any_system(dtype):
    steps = np.broadcast_to(np.array([[2, 1], [1, 1]], dtype), (100, 2, 2))
    np.testing.assert_allclose(rnnlab.lyapunov_exponents(steps, burn_in=50), [0.9624236, -0.9624236], atol=1e-7)
    assert rnnlab.lyapunov_exponents(steps, count=1).shape == (1,)


@pytest.mark.parametrize(
    ("jacobians", "options", "message"),
    [
        (np.ones((5, 2, 2)), {"count": 3}, "count = 3"),
        (np.ones((5, 2, 2)), {"count": 0}, "count = 0"),
        (np.ones((5, 2, 2)), {"burn_in": 5}, "burn_in = 5"),
        (np.ones((5, 2, 3)), {}, r"\(T, N, N\)"),
        (np.full((5, 2, 2), np.nan), {}, "jacobians"),
        ([[["a"]]], {}, "jacobians"),
        (None, {}, "jacobians"),
    ],
)
def test_bad_jacobians(jacobians, options, message):
    with pytest.raises(rnnlab.UsageError, match=message):
        rnnlab.lyapunov_exponents(jacobians, **options)


# --- what a spectrum says ---


@pytest.mark.parametrize(
    ("exponents", "width", "dimension", "positive", "count"),
    [
        ([-1.0, -2.0], 2, 0.0, 0.0, 0),
        ([1.0, 0.5], 2, 2.0, 1.5, 2),
        ([1.0, -2.0], 2, 1.5, 1.0, 1),
        ([1.0, -np.inf], 2, 1.0, 1.0, 1),
        ([1.0, 0.5], 3, np.nan, np.nan, np.nan),
        ([1.0, -0.5], 3, np.nan, 1.0, 1),
        ([1.0, -3.0], 3, 1 + 1 / 3, 1.0, 1),
        ([0.0], 1, 1.0, 0.0, 0),
        ([2e-16, 1e-17, -3e-16], 3, 3.0, 0.0, 0),
        ([-np.inf, -np.inf], 2, 0.0, 0.0, 0),
    ],
)
def test_dimension_and_entropy(exponents, width, dimension, positive, count):
    values = np.array(exponents)
    assert spectrum.kaplan_yorke(values, width) == pytest.approx(dimension, nan_ok=True)
    assert spectrum.positive_sum(values, width) == pytest.approx(positive, nan_ok=True)
    assert spectrum.positive_count(values, width) == pytest.approx(count, nan_ok=True)
