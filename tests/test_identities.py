"""What must hold between gradients whatever the numbers are: adjoints, sums, scalings, orders."""

from __future__ import annotations

import numpy as np
import pytest

import rnnlab
from tests import naive
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, arguments, draw, error

SUMMED = ("loss", *naive.PARAMETERS)


def gradients(network, **changes):
    return rnnlab.gradients(**{**arguments(network), **changes})


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_adjoint_of_the_last_loss_is_the_transpose_of_the_tangent(activation, loss):
    network = draw(7, 3, 4, 25, 3, gain=1.2, activation=activation, loss=loss, loss_at="last")
    _, residual = naive.losses(network, naive.forward(network)[2])
    frame = np.random.default_rng(1).standard_normal(network.h0.shape)
    pushed = naive.jvp(network, frame)[-1]
    forwards = np.sum((residual[-1] @ network.V) * pushed) / 3
    backwards = np.sum(gradients(network).h0 * frame)
    assert backwards == pytest.approx(forwards, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_step_is_the_sum_of_last_steps(activation, loss):
    network = draw(6, 2, 3, 8, 2, activation=activation, loss=loss)
    prefixes = [gradients(network, x=network.x[:t], y=network.y[:t], loss_at="last") for t in range(1, 9)]
    whole = gradients(network)
    for name in SUMMED:
        assert error(getattr(whole, name), sum(getattr(p, name) for p in prefixes)) < 1e-13, name


@pytest.mark.parametrize("loss", LOSSES)
def test_one_step_is_the_last_step(loss):
    network = draw(length=1, loss=loss)
    every, last = (gradients(network, loss_at=at) for at in LOSS_AT)
    for name in SUMMED:
        assert error(getattr(every, name), getattr(last, name)) < 1e-15


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_a_homogeneous_network_scales_exactly(activation, dtype):
    """Data, states and biases times 2^k: weight gradients times 4^k, adjoints times 2^k, not a bit besides."""
    network = draw(8, 3, 4, 20, 3, activation=activation, dtype=dtype)
    scaled = {name: getattr(network, name) * np.dtype(dtype).type(2.0**20) for name in ("x", "y", "h0", "b", "c")}
    plain, large = gradients(network), gradients(network, **scaled)
    for name, power in {"U": 40, "W": 40, "V": 40, "b": 20, "c": 20, "h0": 20}.items():
        np.testing.assert_array_equal(getattr(large, name), getattr(plain, name) * np.dtype(dtype).type(2.0**power))
    np.testing.assert_allclose(large.hidden_log10_norm, plain.hidden_log10_norm + 20 * np.log10(2), atol=1e-12)


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_batch_twice_over_is_the_same_mean(loss, loss_at):
    network = draw(loss=loss, loss_at=loss_at)
    twice = {"x": np.tile(network.x, (1, 2, 1)), "h0": np.tile(network.h0, (2, 1))}
    twice["y"] = np.tile(network.y, (1, 2) if loss == "cross_entropy" else (1, 2, 1))
    once, both = gradients(network), gradients(network, **twice)
    for name in ("loss", "U", "W", "V", "b", "c"):
        assert error(getattr(both, name), getattr(once, name)) < 1e-14, name
    np.testing.assert_allclose(both.hidden_log10_norm, once.hidden_log10_norm, atol=1e-13)
    assert both.log10_norm["h0"] == pytest.approx(once.log10_norm["h0"], abs=1e-13)


def test_the_order_of_samples_does_not_matter():
    network, order = draw(batch=7), np.random.default_rng(0).permutation(7)
    shuffled = {"x": network.x[:, order], "y": network.y[:, order], "h0": network.h0[order]}
    plain, mixed = gradients(network), gradients(network, **shuffled)
    assert error(mixed.U, plain.U) < 1e-14
    assert error(mixed.h0, plain.h0[order]) < 1e-14


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_units_have_no_order(activation):
    network, order = draw(width=9, activation=activation), np.random.default_rng(0).permutation(9)
    renamed = {"U": network.U[np.ix_(order, order)], "W": network.W[order], "V": network.V[:, order]}
    plain, mixed = gradients(network), gradients(network, **renamed, b=network.b[order], h0=network.h0[:, order])
    assert error(mixed.U, plain.U[np.ix_(order, order)]) < 1e-13
    assert error(mixed.V, plain.V[:, order]) < 1e-13
    np.testing.assert_allclose(mixed.hidden_log10_norm, plain.hidden_log10_norm, atol=1e-12)


def test_a_bias_is_an_input_that_is_always_one():
    network = draw(inputs=2)
    ones = np.concatenate([network.x, np.ones_like(network.x[:, :, :1])], axis=2)
    widened = {"x": ones, "W": np.column_stack([network.W, network.b]), "b": None}
    plain, wide = gradients(network), gradients(network, **widened)
    assert error(wide.W[:, 2], plain.b) < 1e-14
    assert error(wide.W[:, :2], plain.W) < 1e-14


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_norms_are_those_of_the_arrays(dtype):
    g = gradients(draw(dtype=dtype))
    for name in ("U", "W", "V", "b", "c"):
        plain = np.log10(np.linalg.norm(getattr(g, name).astype(np.float64)))
        assert g.log10_norm[name] == pytest.approx(plain, abs=1e3 * float(np.finfo(dtype).eps))
    of_samples = np.log10(np.linalg.norm(g.h0.astype(np.float64)) * 3**0.5)  # d l_b/d h_0 is B times dL/dh_0
    assert g.log10_norm["h0"] == pytest.approx(of_samples, abs=1e3 * float(np.finfo(dtype).eps))
