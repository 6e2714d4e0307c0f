"""The mean of a series in time and its standard error, of series whose error is known."""

from __future__ import annotations

import numpy as np
import pytest

from rnnlab.kernels.series import mean_and_error


def noise(n):
    return np.random.default_rng(0).standard_normal(n)


def test_white_noise_has_the_textbook_error():
    series = 3.0 * noise(20_000) + 5.0
    mean, error = mean_and_error(series)
    assert mean == pytest.approx(series.mean(), rel=1e-12)
    assert error == pytest.approx(3.0 / np.sqrt(20_000), rel=0.05)


def test_a_series_that_remembers_knows_less():
    rho, n = 0.9, 200_000
    series = np.empty(n)
    value = 0.0
    for t, kick in enumerate(noise(n)):
        value = rho * value + np.sqrt(1 - rho**2) * kick
        series[t] = value
    _, error = mean_and_error(series)
    assert error == pytest.approx(np.sqrt((1 + rho) / (1 - rho) / n), rel=0.1)


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_a_sum_that_telescopes_is_known_to_one_step(n):
    mean, error = mean_and_error(np.resize([2.0, -2.0], n))
    assert mean == 0
    assert error == pytest.approx(2.0 / n, rel=1e-6)


def test_a_constant_is_known():
    assert mean_and_error(np.full(12, 0.25)) == (0.25, 0.0)
