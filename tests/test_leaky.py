"""Leaky units, h_t = (1 - alpha) h_{t-1} + alpha phi(a_t), against automatic differentiation and by identities."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad

import rnnlab
from rnnlab.errors import UsageError
from tests.cases import LOSS_AT, LOSSES, arguments, draw

PHI = {"tanh": anp.tanh, "relu": lambda a: anp.maximum(a, 0), "sigmoid": lambda a: 1 / (1 + anp.exp(-a))}


def loss_of(parts, network, leak):
    U, W, V, b, c, h = parts
    total = 0.0
    for t in range(len(network.x)):
        h = (1 - leak) * h + leak * PHI[network.activation](h @ U.T + network.x[t] @ W.T + b)
        if network.loss_at == "every" or t == len(network.x) - 1:
            o = h @ V.T + c
            if network.loss == "squared":
                total = total + anp.mean(0.5 * anp.sum((o - network.y[t]) ** 2, axis=1))
            else:
                top = anp.max(o, axis=1)
                normaliser = top + anp.log(anp.sum(anp.exp(o - top[:, None]), axis=1))
                total = total + anp.mean(normaliser - o[anp.arange(len(o)), network.y[t]])
    return total


@pytest.mark.parametrize("shape", [(5, 3, 4, 9, 3), (33, 2, 1, 31, 9), (1, 1, 1, 1, 1)], ids=str)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", PHI)
def test_agrees_with_autograd(activation, loss, loss_at, shape):
    network, leak = draw(*shape, activation=activation, loss=loss, loss_at=loss_at), 0.3
    parts = tuple(getattr(network, name) for name in ("U", "W", "V", "b", "c", "h0"))
    ours = rnnlab.gradients(**arguments(network), leak=leak)
    assert ours.loss == pytest.approx(loss_of(parts, network, leak), rel=1e-12)
    for name, expected in zip(("U", "W", "V", "b", "c", "h0"), grad(loss_of)(parts, network, leak), strict=True):
        found = getattr(ours, name)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * max(1.0, float(np.abs(expected).max())))


def test_a_leak_of_one_changes_no_bit():
    network = draw(17, 4, 3, 40, 5)
    plain, leaky = rnnlab.gradients(**arguments(network)), rnnlab.gradients(**arguments(network), leak=1.0)
    np.testing.assert_array_equal(plain.U, leaky.U)


def test_a_piece_of_memory_keeps_the_gradient_alive():
    network = draw(20, 2, 1, 200, 2, gain=0.5, loss_at="last")
    plain = rnnlab.gradients(**arguments(network)).log10_norm["h0"]
    leaky = rnnlab.gradients(**arguments(network), leak=0.05).log10_norm["h0"]
    assert plain < -60
    assert leaky > -10


@pytest.mark.parametrize("steps", [1, 7, 64])
def test_checkpoints_change_no_bit(steps):
    network = draw(9, 4, 3, 150, 2)
    whole = rnnlab.gradients(**arguments(network), leak=0.2)
    parts = rnnlab.gradients(**arguments(network), leak=0.2, checkpoint=steps)
    for name in ("U", "W", "V", "h0"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


@pytest.mark.parametrize("loss_at", LOSS_AT)
def test_many_networks_have_their_own_leak(loss_at):
    networks = [draw(6, 3, 2, 12, 3, seed=s, loss_at=loss_at) for s in range(3)]
    leaks = [1.0, 0.5, 0.1]
    stacked = {
        name: np.stack([getattr(n, name) for n in networks]) for name in ("U", "W", "V", "x", "y", "b", "c", "h0")
    }
    many = rnnlab.gradient_statistics(**stacked, activation="tanh", loss_at=loss_at, leak=leaks)
    for g, (network, leak) in enumerate(zip(networks, leaks, strict=True)):
        alone = rnnlab.gradients(**arguments(network), leak=leak)
        assert many.log10_norm["U"][g] == alone.log10_norm["U"]
        np.testing.assert_array_equal(many.hidden_log10_norm[g], alone.hidden_log10_norm)


@pytest.mark.parametrize("leak", [0.0, -1.0, 1.5, float("nan"), "half", [0.5, 0.5]])
def test_a_leak_out_of_range_is_an_error(leak):
    with pytest.raises(UsageError, match="leak"):
        rnnlab.gradients(**arguments(draw()), leak=leak)


def test_the_measure_gradients_of_a_leaky_trial_is_that_of_its_arrays():
    from rnnlab import draws, experiment
    from rnnlab.measures import registry
    from rnnlab.networks import Trajectory

    trial = experiment.trial({"activation": "tanh", "width": 9, "length": 40, "leak": 0.3, "loss_at": "last"})
    networks, problem = draws.networks([trial]), draws.problem(trial)
    module = registry()["gradients"]
    found = module.measure(networks, Trajectory(networks), module.Settings())["gradients"]
    ours = rnnlab.gradients(**problem.arrays(), activation="tanh", loss_at="last", leak=0.3)
    for name in ("U", "W", "V", "h0"):
        assert found[f"log10_grad_norm_{name}"][0] == pytest.approx(ours.log10_norm[name], rel=1e-12)
    growth = (ours.log10_norm["h0"] - ours.hidden_log10_norm[-1]) / 40
    assert found["growth_rate"][0] == pytest.approx(growth * np.log(10), rel=1e-9)
