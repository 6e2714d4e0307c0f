"""Gradient flossing: exponents as measured elsewhere, the gradient by differences and by automatic differentiation."""

from __future__ import annotations

import math
from dataclasses import replace

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad, grad
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlab
from rnnlab.kernels import flossing
from rnnlab.kernels.activation_table import CODES, TWICE
from rnnlab.kernels.linalg import fill
from rnnlab.networks.flossing import rooms, start_rows
from tests import naive
from tests import naive_training as twin
from tests.cases import ACTIVATIONS, DTYPES, draw, error
from tests.oracles import in_numpy
from tests.remedies import stage, value

PARTS = ("U", "W", "b")


def floss(network, count=2, samples=1, leak=1.0, strength=1.0, *, alone=True):
    """Return loss_F, the exponents (S,K), and what is added to the gradients of the batch mean by U, W and b."""
    s = stage(network, leak)
    T, B, N = s.slope.shape
    if alone:
        for part in (s.gradient.U, s.gradient.W, s.gradient.b):
            fill(part, 0)
        s.gradient.exponent[:5] = 0
    rates = np.full((samples, count), np.nan)
    room, start = rooms(T + 2, N, s.x.shape[2], count, samples), start_rows(N, count)
    code = CODES[network.activation]
    loss = flossing.add_flossing(strength, code, s.U, leak, start, s.h, s.slope, s.x, room, s.gradient, rates)
    e = s.gradient.exponent
    parts = {"U": value(s.gradient.U, e[0]), "W": value(s.gradient.W, e[1]), "b": value(s.gradient.b, e[3])[0]}
    return loss, rates, {name: part / B for name, part in parts.items()}


def agrees(network, expected, limit, *args, **options):
    loss, rates, found = floss(network, *args, **options)
    assert loss == pytest.approx(np.mean(np.sum(rates**2, axis=1)), rel=1e-13)
    for name in PARTS:
        atol = limit * (np.abs(expected[name]).max() + 1e-6)
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=atol, err_msg=name)


def by_autograd(network, count, samples, leak):
    """Differentiate through Gram-Schmidt, one sample at a time."""
    n, phi = naive.complete(network), in_numpy(anp)[network.activation]
    frame = start_rows(len(n.U), count)
    slope = elementwise_grad(phi)

    def loss(parts):
        U, W, b = parts
        total = 0.0
        for s in range(samples):
            h, rows, logs = n.h0[s], list(frame), [0.0] * count
            for t in range(len(n.x)):
                a = anp.dot(U, h) + anp.dot(W, n.x[t, s]) + b
                h, gain = (1 - leak) * h + leak * phi(a), slope(a)
                done = []
                for i, q in enumerate(rows):
                    moved = (1 - leak) * q + leak * gain * anp.dot(U, q)
                    for _ in range(2):
                        for other in done:
                            moved = moved - anp.dot(other, moved) * other
                    size = anp.sqrt(anp.dot(moved, moved))
                    logs[i] = logs[i] + anp.log(size)
                    done.append(moved / size)
                rows = done
            total = total + sum((x / len(n.x)) ** 2 for x in logs) / samples
        return total

    return dict(zip(PARTS, grad(loss)((n.U, n.W, n.b)), strict=True))


@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("activation", sorted(TWICE))
def test_agrees_with_automatic_differentiation(activation, leak):
    n, count = draw(6, 3, 2, 12, 4, activation=activation, gain=1.5), 2 if activation == "relu" else 3
    if activation == "hardtanh":  # so that no direction dies: that is below
        n = replace(n, x=0.3 * n.x, U=0.5 * n.U)
    agrees(n, by_autograd(n, count, 2, leak), 1e-9, count, 2, leak)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "identity"])
@pytest.mark.parametrize("leak", [1.0, 0.5])
def test_agrees_with_differences_of_the_naive_twin(activation, leak):
    n = draw(5, 2, 2, 9, 3, activation=activation)
    agrees(n, twin.differences(n, start_rows(5, 2).T, leak, 2), 1e-6, 2, 2, leak)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (9, 2, 1, 20, 2), (17, 1, 2, 7, 3)], ids=str)
@pytest.mark.parametrize("count", [1, 5, 17])
def test_agrees_at_every_shape_and_for_whole_spectra(shape, count):
    n, count = draw(*shape), min(count, shape[0])
    agrees(n, by_autograd(n, count, 1, 1.0), 1e-8, count)


@settings(max_examples=15)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12), st.integers(1, 4), st.integers(0, 10**6))
def test_agrees_at_any_shape(width, count, length, batch, seed):
    n, count = draw(width, 2, 2, length, batch, seed=seed), min(count, width)
    condition = np.linalg.cond(n.U)
    agrees(n, by_autograd(n, count, batch, 1.0), 1e-9 * max(1.0, condition), count, batch)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("leak", [1.0, 0.2])
def test_exponents_are_those_that_are_measured(leak, dtype):
    n = draw(12, 3, 2, 40, 3, gain=1.3, dtype=dtype)
    _, rates, _ = floss(n, 12, 2, leak)
    for s in range(2):
        measured = rnnlab.lyapunov_exponents(twin.jacobians(naive.in_float64(n), leak, s))
        atol = 1e-10 if dtype == "float64" else 1e-4
        np.testing.assert_allclose(np.sort(rates[s])[::-1], measured, rtol=0, atol=atol)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("gain", [0.5, 4.0])
def test_a_step_down_its_gradient_lowers_it(gain, activation):
    n = draw(16, 3, 2, 30, 2, gain=gain, activation=activation)
    loss, _, g = floss(n, 2)
    square = sum(float(np.sum(part**2)) for part in g.values())
    step = 1e-3 * loss / square
    after, _, _ = floss(replace(n, **{name: getattr(n, name) - step * g[name] for name in PARTS}), 2)
    assert after == pytest.approx(loss - step * square, rel=1e-3 if activation != "relu" else 1e-2)
    assert after < loss


def test_flossing_alone_brings_exponents_near_zero():
    n = draw(16, 3, 2, 40, 2, gain=0.4, loss_at="last")
    before = floss(n, 3)[0]
    for _ in range(150):
        _, _, g = floss(n, 3)
        n = replace(n, **{name: getattr(n, name) - 0.2 * g[name] for name in PARTS})
    after, rates, _ = floss(n, 3)
    assert before > 1.0
    assert after < 0.01
    assert np.abs(rates).max() < 0.1


def test_is_added_to_the_gradient_of_the_loss_and_to_no_other():
    n = draw(6, 3, 2, 11, 5)
    _, _, alone = floss(n, 2, 1, 1.0, 0.3)
    _, _, both = floss(n, 2, 1, 1.0, 0.3, alone=False)
    expected = naive.gradients(n)
    for name in PARTS:
        np.testing.assert_allclose(both[name], getattr(expected, name) + alone[name], rtol=1e-10, atol=1e-12)


def test_float32_networks_are_worked_on_in_float64():
    n = draw(10, 3, 2, 25, 2, dtype="float32")
    _, _, found = floss(n, 3)
    expected = floss(naive.in_float64(n), 3)[2]
    for name in PARTS:
        assert error(found[name], expected[name]) < 1e-4


def test_the_gradient_of_a_chaotic_network_may_be_far_outside_the_range():
    """It is carried with exponents: its norm grows with the largest exponent, as that of any adjoint."""
    n = draw(20, 2, 2, 4000, 1, gain=8.0, loss_at="last")
    s = stage(replace(n, x=n.x * 0, b=None))
    rates, room = np.empty((1, 1)), rooms(4000, 20, 2, 1)
    loss = flossing.add_flossing(
        1.0, CODES["tanh"], s.U, 1.0, start_rows(20, 1), s.h, s.slope, s.x, room, s.gradient, rates
    )
    assert math.isfinite(loss)
    assert rates[0, 0] > 0.2
    assert s.gradient.exponent[0] > 1024
    assert np.all(np.isfinite(s.gradient.U))
    assert np.any(s.gradient.U)


def test_directions_that_die_are_told_and_left_out():
    """Three of five units are dead: two exponents are left, and the gradient is theirs."""
    n = draw(5, 3, 2, 12, 2, activation="relu", gain=2.0)
    b = np.array([5.0, 5.0, -50.0, -50.0, -50.0])
    n = replace(n, b=b, U=np.abs(n.U), h0=np.abs(n.h0))
    loss, rates, g = floss(n, 4)
    two, leading, expected = floss(n, 2)
    np.testing.assert_array_equal(rates[0, 2:], [-math.inf, -math.inf])
    np.testing.assert_allclose(rates[0, :2], leading[0], rtol=1e-12)
    assert loss == pytest.approx(two, rel=1e-12)
    for name in PARTS:
        np.testing.assert_allclose(g[name], expected[name], rtol=0, atol=1e-9 * np.abs(expected[name]).max() + 1e-15)


def test_a_dead_network_has_no_loss_and_no_gradient():
    n = draw(4, 2, 3, 6, 2, activation="relu")
    dead = replace(n, U=-np.abs(n.U), W=-np.abs(n.W), x=np.abs(n.x), h0=np.abs(n.h0), b=-np.abs(n.b))
    loss, rates, g = floss(dead, 2)
    assert loss == 0.0
    assert np.all(np.isneginf(rates))
    assert not any(np.any(part) for part in g.values())


def test_knows_those_activations_whose_curvature_follows_from_value_and_slope():
    assert [name for name in ACTIVATIONS if name not in TWICE] == ["erf", "gelu", "silu"]
