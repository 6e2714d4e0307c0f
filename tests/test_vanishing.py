"""Pascanu's regulariser: against the naive twin, against automatic differentiation, and by what it is for."""

from __future__ import annotations

import math
from dataclasses import replace

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.kernels.linalg import fill
from rnnlab.kernels.vanishing import add_penalty
from tests import naive
from tests import naive_training as twin
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, draw
from tests.remedies import stage, value

SHAPES = [(5, 3, 4, 9, 3), (1, 1, 1, 1, 1), (17, 2, 1, 31, 9), (33, 1, 3, 5, 2)]  # N, D, O, T, B


def penalty(network, strength=1.0, *, alone=True, **options):
    """Return Omega and what it adds to dL/dU of the batch sum, or that with dL/dU."""
    s = stage(network, **options)
    if alone:
        fill(s.gradient.U, 0)
        s.gradient.exponent[0] = 0
    omega = add_penalty(
        strength, s.packed.U, s.exponent, s.leak, s.readout, s.h, s.slope, s.chunk, s.space, s.gradient, s.curves
    )
    return omega, s.gradient


def agrees(network, leak=1.0, since=0, limit=1e-10, **options):
    omega, gradient = penalty(network, 0.7, leak=leak, since=since, **options)
    n = naive.in_float64(network)
    expected, derivative = twin.omega(n.U, *twin.adjoints(n, leak, since), leak)
    assert omega == pytest.approx(expected, rel=limit)
    scale = 0.7 * n.x.shape[1]
    found = value(gradient.U, gradient.exponent[0])
    np.testing.assert_allclose(
        found, scale * derivative, rtol=0, atol=scale * limit * (np.abs(derivative).max() + 1e-3)
    )


@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_with_the_naive_twin(activation, loss, loss_at, leak):
    agrees(draw(activation=activation, loss=loss, loss_at=loss_at), leak)


@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("chunk", [0, 1, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_at_every_shape(shape, chunk, leak):
    agrees(draw(*shape), leak, chunk=min(chunk, shape[3]))


@settings(max_examples=30)
@given(
    st.integers(1, 20), st.integers(1, 3), st.integers(1, 3), st.integers(1, 30), st.integers(1, 6), st.data(),
    st.integers(0, 10**6),
)  # fmt: skip
def test_agrees_at_any_shape_with_losses_from_any_step_on(width, inputs, outputs, length, batch, data, seed):
    since = data.draw(st.integers(0, length - 1))
    chunk = data.draw(st.integers(1, length))
    gain = data.draw(st.sampled_from([0.3, 1.0, 2.0]))
    agrees(draw(width, inputs, outputs, length, batch, gain=gain, seed=seed), 1.0, since, 1e-9, chunk=chunk)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_float32_agrees_to_its_own_digits(activation):
    agrees(draw(16, 3, 2, 20, 4, activation=activation, dtype="float32"), limit=2e-4)


@pytest.mark.parametrize("leak", [1.0, 0.4])
def test_agrees_with_automatic_differentiation_where_adjoints_and_slopes_stand_still(leak):
    n = draw(7, 3, 2, 12, 4)
    slope, delta = twin.adjoints(n, leak)

    def loss(U):
        u = leak * anp.dot(slope * delta[1:], U) + (1 - leak) * delta[1:]
        ratio = anp.sqrt(anp.sum(u**2, axis=2)) / np.linalg.norm(delta[1:], axis=2)
        return anp.sum((ratio - 1) ** 2) / delta.shape[1]

    omega, gradient = penalty(n, leak=leak)
    assert omega == pytest.approx(float(loss(n.U)), rel=1e-12)
    np.testing.assert_allclose(value(gradient.U, gradient.exponent[0]) / 4, grad(loss)(n.U), rtol=1e-10, atol=1e-12)


def test_is_added_to_the_gradient_of_the_loss():
    n = draw(6, 3, 2, 11, 5)
    _, alone = penalty(n, 0.3)
    _, both = penalty(n, 0.3, alone=False)
    expected = naive.gradients(n).U * 5 + value(alone.U, alone.exponent[0])
    np.testing.assert_allclose(value(both.U, both.exponent[0]), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(value(both.W, both.exponent[1]), naive.gradients(n).W * 5, rtol=1e-10, atol=1e-12)


def test_joins_a_gradient_of_the_loss_that_is_exactly_zero():
    """One step out of h_0 = 0: U has no gradient, but the adjoint goes back through it."""
    n = replace(draw(4, 3, 2, 1, 2), h0=None)
    _, gradient = penalty(n, alone=False)
    assert np.any(gradient.U)
    agrees(n)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("gain", "activation"), [(1e-4, "tanh"), (30.0, "identity")])
def test_ratios_are_right_where_adjoints_are_far_outside_the_range(gain, activation, dtype):
    """δ reaches 10^±900 and Omega knows of its direction alone: in numbers of many digits, the same."""
    length = 300 if gain < 1 else 500
    n = replace(draw(3, 2, 2, length, 2, gain=gain, activation=activation, loss_at="last", dtype=dtype), h0=None)
    n = replace(n, x=n.x * 0, b=np.array([0.1, -0.2, 0.3], dtype) * (gain < 1))
    far = naive.exact_network(naive.in_float64(n))
    slope, delta = twin.adjoints(far)
    assert abs(float(naive.log10_norm(delta[1]))) > 600
    expected, derivative = twin.omega(far.U, slope, delta)
    omega, gradient = penalty(n)
    limit = 1e3 * float(np.finfo(dtype).eps)
    assert omega == pytest.approx(float(expected), rel=limit)
    exact = 2 * derivative.astype(np.float64)
    np.testing.assert_allclose(
        value(gradient.U, gradient.exponent[0]), exact, rtol=0, atol=limit * float(np.abs(exact).max())
    )


def test_dead_units_count_where_an_adjoint_arrives_and_give_no_gradient():
    n = draw(4, 2, 3, 6, 2, activation="relu")
    dead = replace(n, U=-np.abs(n.U), W=-np.abs(n.W), x=np.abs(n.x), h0=np.abs(n.h0), b=-np.abs(n.b))
    omega, gradient = penalty(replace(dead, loss_at="last"))
    assert omega == 1.0
    assert not np.any(gradient.U)
    assert penalty(dead)[0] == 6.0
    agrees(dead)


@pytest.mark.parametrize("network", [
    draw(16, 2, 2, 25, 4, gain=0.5, loss_at="last"), draw(16, 2, 2, 25, 4, gain=3.0, activation="relu"),
    draw(16, 2, 2, 25, 4, activation="sigmoid"),
], ids=["vanishing", "exploding", "sigmoid"])  # fmt: skip
def test_a_step_down_its_gradient_brings_the_ratios_nearer_to_1(network):
    """δ and phi' as they were: the step is down the immediate derivative; and with all that moves along."""
    omega, gradient = penalty(network)
    g = value(gradient.U, gradient.exponent[0]) / 4
    step = 1e-2 * omega / float(np.sum(g * g))
    standing, _ = twin.omega(network.U - step * g, *twin.adjoints(network))
    assert standing == pytest.approx(omega - step * float(np.sum(g * g)), rel=1e-3)
    assert penalty(replace(network, U=network.U - step * g))[0] < omega


def test_an_orthogonal_linear_network_has_none():
    n = draw(9, 2, 3, 40, 2, activation="identity", loss_at="last")
    n = replace(n, U=np.linalg.qr(n.U)[0])
    omega, gradient = penalty(n)
    assert omega < 1e-25
    assert math.isfinite(gradient.U.sum())
    assert np.abs(value(gradient.U, gradient.exponent[0])).max() < 1e-12
