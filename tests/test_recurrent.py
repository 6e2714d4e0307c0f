"""The kinds of U: the laws of their entries, densities, ranks and eigenvalues, and what their draws share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnlab import draws
from rnnlab.trial import OF_U, parameters, trial_of

BASE = trial_of({"activation": "tanh", "width": 12, "length": 2, "batch": 1, "inputs": 2, "outputs": 2})
KINDS = {
    "uniform": {},
    "sparse": {"recurrent_density": 0.3},
    "normal": {"eigenvalue_floor": 0.25},
    "low_rank": {"recurrent_rank": 3, "recurrent_noise": 0.4},
}
# The first number of U, width 12, seed 7: a change here changes every result ever stored.
FROZEN = {
    "uniform": 0.351751511879954,
    "sparse": -0.8572428767954238,
    "normal": 0.002572772671970732,
    "low_rank": -0.34250521636065495,
}


def draw(init, **changes):
    return draws.problem(replace(BASE, recurrent_init=init, **changes)).U


def moduli(U):
    return np.sort(np.abs(np.linalg.eigvals(U)))


@pytest.mark.parametrize("init", ["uniform", "sparse", "low_rank"])
def test_entries_have_the_variance_of_the_gaussian_ones(init):
    U = np.stack([draw(init, **KINDS[init], width=60, recurrent_scale=1.5, seed=seed) for seed in range(60)])
    norms = np.sum(U**2, axis=(1, 2)) / (1.5**2 * 60)  # ‖U‖² / (g² N)
    assert abs(norms.mean() - 1) < 5 * norms.std() / 60**0.5
    assert abs(U.mean()) < 5 * U.std() / U.size**0.5 * 3  # entries of one low-rank matrix are not independent


def test_uniform_is_uniform():
    U = draw("uniform", width=300, recurrent_scale=2.0) / 2.0 * 300**0.5
    assert np.abs(U).max() < 3**0.5
    shares = np.histogram(U, bins=10, range=(-(3**0.5), 3**0.5))[0] / U.size
    assert np.all(np.abs(shares - 0.1) < 5 * (0.09 / U.size) ** 0.5)


def test_sparse_has_its_density_and_denser_ones_have_the_same_entries():
    thin, dense = (draw("sparse", width=300, recurrent_density=p) for p in (0.1, 0.4))
    for U, p in ((thin, 0.1), (dense, 0.4)):
        share = np.count_nonzero(U) / U.size
        assert abs(share - p) < 5 * (p * (1 - p) / U.size) ** 0.5
        z = U[U != 0] * (p * 300) ** 0.5
        assert abs((z**2).mean() - 1) < 5 * (2 / z.size) ** 0.5
        assert abs((z**4).mean() - 3) < 5 * (96 / z.size) ** 0.5
    there = thin != 0
    np.testing.assert_allclose(dense[there], thin[there] / 2, rtol=1e-12)
    np.testing.assert_array_equal(draw("sparse", recurrent_density=1.0), draw("gaussian"))


@pytest.mark.parametrize("width", [1, 2, 3, 12, 41])
@pytest.mark.parametrize("floor", [0.0, 0.25, 1.0])
def test_normal_is_normal_with_the_eigenvalues_asked_for(width, floor):
    U = draw("normal", width=width, eigenvalue_floor=floor, recurrent_scale=1.7)
    np.testing.assert_allclose(U @ U.T, U.T @ U, atol=1e-13)
    blocks = np.linspace(1.0, floor, -(-width // 2))
    expected = 1.7 * np.sort(np.repeat(blocks, 2)[width % 2 :])  # of odd widths the one that is real stands alone, at 1
    np.testing.assert_allclose(moduli(U), expected, atol=1e-7 if floor == 0 else 1e-12)
    np.testing.assert_allclose(np.sort(np.linalg.svd(U, compute_uv=False)), expected, atol=1e-12)
    radius, norm = draws.spectra([replace(BASE, width=width, recurrent_init="normal", eigenvalue_floor=floor)])
    assert radius[0] == pytest.approx(1.0)
    assert norm[0] == pytest.approx(1.0)


def test_angles_of_normal_are_uniform():
    angles = [np.angle(np.linalg.eigvals(draw("normal", width=10, seed=seed))) for seed in range(200)]
    upper = np.concatenate(angles)
    shares = np.histogram(np.abs(upper), bins=5, range=(0, np.pi))[0] / upper.size
    assert np.all(np.abs(shares - 0.2) < 5 * (0.16 / (upper.size / 2)) ** 0.5)
    signs = [draw("normal", width=1, seed=seed)[0, 0] for seed in range(100)]
    assert set(np.round(signs, 12)) == {-1.0, 1.0}


@pytest.mark.parametrize("rank", [1, 3, 12])
def test_low_rank_has_its_rank_and_noise_fills_it(rank):
    assert np.linalg.matrix_rank(draw("low_rank", recurrent_rank=rank)) == rank
    assert np.linalg.matrix_rank(draw("low_rank", recurrent_rank=rank, recurrent_noise=0.01)) == 12
    np.testing.assert_allclose(draw("low_rank", recurrent_rank=rank, recurrent_noise=1.0), draw("gaussian"), rtol=1e-15)


def test_low_rank_and_its_noise_share_their_draws():
    low, noise = draw("low_rank", recurrent_rank=2), draw("gaussian")
    mixed = draw("low_rank", recurrent_rank=2, recurrent_noise=0.36)
    np.testing.assert_allclose(mixed, 0.8 * low + 0.6 * noise, rtol=1e-12)
    more = draw("low_rank", recurrent_rank=3) * 3**0.5 - low * 2**0.5
    assert np.linalg.matrix_rank(more, tol=1e-12) == 1  # one column was added


@pytest.mark.parametrize("init", KINDS)
def test_a_scale_is_a_factor_and_nothing_else_changes(init):
    one = draws.problem(replace(BASE, recurrent_init=init, **KINDS[init])).arrays()
    np.testing.assert_array_equal(draw(init, **KINDS[init], recurrent_scale=2.0), 2.0 * one["U"])
    plain = draws.problem(BASE).arrays()
    for name in ("W", "V", "x", "y"):
        np.testing.assert_array_equal(one[name], plain[name])
    assert not np.array_equal(one["U"], draw(init, **KINDS[init], seed=1))


@pytest.mark.parametrize("init", KINDS)
def test_wide_ones_that_differ_in_one_parameter_alone_are_told_apart(init):
    """They are kept from one trial to the next."""
    for name, value in KINDS[init].items():
        assert not np.array_equal(draw(init, width=40), draw(init, width=40, **{name: value}))


def test_the_first_numbers_are_frozen():
    found = {init: float(draw(init, **KINDS[init], seed=7)[0, 0]) for init in KINDS}
    assert found == pytest.approx(FROZEN, rel=1e-12)


def test_parameters_at_their_neutral_value_change_no_key():
    neutral = {name: parameters()[name].default for name in OF_U}
    assert neutral == {
        "recurrent_density": 1.0,
        "eigenvalue_floor": 1.0,
        "recurrent_rank": 1,
        "recurrent_noise": 0.0,
    }
    assert replace(BASE, **neutral).key == BASE.key
    keys = {replace(BASE, recurrent_init="low_rank", recurrent_rank=rank).key for rank in (1, 2)}
    assert len(keys) == 2
