"""Spectra of powers of one Gaussian matrix: against matrices, moments and closed forms."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from rnnlab import theory
from rnnlab.errors import UsageError

N = 600


@pytest.fixture(scope="module")
def U():
    return np.random.default_rng(0).normal(size=(N, N)) / np.sqrt(N)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_singular_values_of_powers_of_a_matrix(U, steps):
    measured = np.log(np.linalg.svd(np.linalg.matrix_power(1.5 * U, steps), compute_uv=False))
    law = theory.gaussian_power_singular_values(N, weight_variance=1.5**2, steps=steps)
    bulk = slice(5, int(0.9 * N))
    assert np.abs(measured - law)[bulk].max() < 0.08


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.parametrize("moment", [1, 2])
def test_moments_are_the_numbers_of_fuss_and_catalan(steps, moment):
    law = theory.gaussian_power_singular_values(20_000, weight_variance=1.0, steps=steps)
    expected = comb((steps + 1) * moment, moment) / (steps * moment + 1)
    assert np.mean(np.exp(2 * moment * law)) == pytest.approx(expected, rel=5e-3)


def test_one_step_is_the_quarter_circle():
    law = np.exp(theory.gaussian_power_singular_values(1000, weight_variance=1.0, steps=1))
    share = (law * np.sqrt(4 - law**2) / 2 + 2 * np.arcsin(law / 2)) / np.pi  # of values below
    assert np.allclose(1 - share, (np.arange(1000) + 0.5) / 1000, atol=1e-5)


def test_exponents_fill_the_disc(U):
    measured = np.sort(np.log(np.abs(np.linalg.eigvals(3.0 * U))))[::-1]
    law = theory.gaussian_power_exponents(N, weight_variance=9.0)
    assert np.abs(measured - law)[: int(0.9 * N)].max() < 0.1
    assert (np.diff(law) < 0).all()


def test_no_weights_and_no_sense():
    assert (theory.gaussian_power_exponents(3, weight_variance=0.0) == -np.inf).all()
    assert (theory.gaussian_power_singular_values(3, weight_variance=0.0, steps=2) == -np.inf).all()
    with pytest.raises(UsageError, match="steps"):
        theory.gaussian_power_singular_values(3, weight_variance=1.0, steps=0)
    with pytest.raises(UsageError, match="weight_variance"):
        theory.gaussian_power_exponents(3, weight_variance=-1.0)
