"""The adjoint of L_T alone, and every sample's share in it: what growth rates are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnlab import networks
from tests import naive
from tests.cases import ACTIVATIONS, DTYPES, LOSSES, block_of, draw, log_error

EPS = {dtype: float(np.finfo(dtype).eps) for dtype in DTYPES}


def agrees(network, atol):
    """Compare log10 rms norms and the mean of the samples' log norms at t = 0..T."""
    hidden, mean_log = networks.adjoint_of_last(networks.Trajectory(block_of(network)))
    expected = naive.adjoint_of_last(naive.exact_network(network))
    rms = [naive.log10_rms(d) for d in expected]
    means = [np.mean([float(naive.log_of(naive.norm(sample))) for sample in d]) for d in expected]
    assert log_error(hidden[0], rms) <= atol
    assert log_error(mean_log[0], means) / np.log(10) <= atol


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_with_the_naive_twin(activation, loss, dtype):
    agrees(draw(activation=activation, loss=loss, dtype=dtype), 3e3 * EPS[dtype])


@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (1, 2, 3, 30, 1), (9, 1, 5, 4, 7), (5, 4, 3, 129, 2)], ids=str)
def test_agrees_at_every_shape(shape):
    agrees(draw(*shape, gain=0.8), 1e-10)


@pytest.mark.parametrize("loss_at", ["every", "last"])
def test_is_of_the_last_loss_whatever_the_loss(loss_at):
    agrees(draw(loss_at=loss_at), 1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("far", [1e15, 1e30, 1e150])
def test_every_sample_counts_whatever_its_size(far, dtype):
    """Residuals of one batch that lie 10^300 apart: each has its own logarithm in the mean."""
    if dtype == "float32" and far > 1e30:
        far = 1e18
    n = draw(5, 3, 4, 40, 3, activation="identity", dtype=dtype)
    scale = np.array([far, 1.0, 1 / far], dtype)[:, None]
    agrees(replace(n, x=n.x * scale, y=n.y * scale, h0=n.h0 * scale, b=None, c=None), 2e4 * EPS[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_that_grow_apart_along_the_way(dtype):
    """Saturated units in one sample, free ones in another: 10^600 between them after 300 steps."""
    n = draw(4, 1, 2, 300, 2, gain=1.0, activation="tanh", dtype=dtype)
    x = np.zeros((300, 2, 1), dtype)
    x[:, 0] = 4
    far = replace(n, x=x, W=np.ones((4, 1), dtype), U=np.full((4, 4), 0.3, dtype), h0=None, b=None, c=None)
    agrees(far, 300 * 30 * EPS[dtype])


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_ends_far_below_the_range(activation):
    agrees(draw(4, 2, 3, 1500, 2, gain=0.2, activation=activation), 1e-9)


def test_ends_far_above_the_range():
    n = draw(4, 2, 3, 800, 2, gain=1.0)
    agrees(replace(n, U=np.full((4, 4), 25.0), x=0 * n.x, h0=None, b=None), 1e-9)


def test_an_exact_zero_of_one_sample_is_a_zero_of_the_mean_of_logs():
    n = draw(activation="relu", batch=2)
    dead = replace(n, h0=n.h0 * np.array([[1.0], [0.0]]), b=np.zeros(5), x=n.x * np.array([1.0, 0.0])[:, None])
    hidden, mean_log = networks.adjoint_of_last(networks.Trajectory(block_of(dead)))
    assert mean_log[0, 0] == -np.inf
    assert np.isfinite(mean_log[0, -1])
    assert np.isfinite(hidden[0, -1])
