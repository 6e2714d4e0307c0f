"""rnnlab.train against training in obvious NumPy, whose gradients are by hand and by the package `autograd`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rnnlab
from tests import naive_updates
from tests.cases import ACTIVATIONS, LOSS_AT, LOSSES, error
from tests.courses import OPTIMIZERS, REAL_TIME, WAYS, check, course, given
from tests.naive_updates import WEIGHTS, Rules, by_autograd


def judge(network, rules, **naive):
    check(network, rules, naive_updates.train(network, rules, **naive))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("way", {**WAYS, **REAL_TIME})
def test_fifty_updates(way, optimizer):
    judge(course(), Rules(**OPTIMIZERS[optimizer], **{**WAYS, **REAL_TIME}[way]))


@pytest.mark.parametrize("way", {**WAYS, **REAL_TIME})
def test_one_update_of_classes_at_the_last_step(way):
    network = course(1, loss="cross_entropy", loss_at="last")
    judge(network, Rules(**{**WAYS, **REAL_TIME}[way]))


@pytest.mark.parametrize("rule", ["full", "online", "rtrl"])
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_loss(activation, loss, loss_at, rule):
    network = course(8, activation=activation, loss=loss, loss_at=loss_at)
    judge(network, Rules(learning_rate=0.003, update_rule=rule, train_biases=True, clip_norm=20.0))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("way", WAYS)
def test_ten_updates_by_autograd(way, optimizer):
    judge(course(10), Rules(**OPTIMIZERS[optimizer], **WAYS[way]), gradient=by_autograd)


def test_updates_on_the_way_to_a_loss_are_none():
    """Momentum and Adam would go on without a gradient: with the loss at the last step, windows before it are still."""
    network = course(5, loss_at="last")
    for optimizer in OPTIMIZERS.values():
        once, often = (rnnlab.train(**given(network, Rules(**optimizer, **cut))) for cut in ({}, {"k1": 1, "k2": 9}))
        assert all(error(getattr(often, name), getattr(once, name)) < 1e-13 for name in WEIGHTS)


def test_real_time_learning_with_frozen_weights_finds_the_gradient_of_back_propagation():
    network = course(3, width=6, length=12)
    frozen = {"learning_rate": 0.0, "train_biases": True}
    full, live = (rnnlab.train(**given(network, Rules(**frozen, update_rule=rule))) for rule in ("full", "rtrl"))
    for name in "UWV":
        assert error(10 ** live.log10_grad_norm[name], 10 ** full.log10_grad_norm[name]) < 1e-10
        assert np.array_equal(getattr(live, name), getattr(network, name))


def test_staleness_of_real_time_learning_is_of_the_order_of_the_learning_rate():
    network = course(1, width=6, length=12)
    apart = []
    for rate in (1e-4, 1e-5):
        online, live = (
            rnnlab.train(**given(network, Rules(learning_rate=rate, update_rule=rule))) for rule in ("online", "rtrl")
        )
        apart.append(float(np.linalg.norm(live.U - online.U)))
    assert 80 < apart[0] / apart[1] < 120  # of the order of η in the gradient, so η² in the weights


def test_biases_stay_unless_they_are_trained():
    network = course(4)
    plain, trained = (rnnlab.train(**given(network, Rules(train_biases=t))) for t in (False, True))
    for name in "bc":
        assert np.array_equal(getattr(plain, name), getattr(network, name))
        assert not np.array_equal(getattr(trained, name), getattr(network, name))


def test_clipping_takes_exactly_what_is_too_long():
    network = course(1)
    whole = rnnlab.train(**given(network, Rules(learning_rate=1e-3)))
    norm = np.sqrt(sum(100.0 ** whole.log10_grad_norm[name][0] for name in "UWV"))
    longer, shorter = (
        rnnlab.train(**given(network, Rules(learning_rate=1e-3, clip_norm=factor * norm))) for factor in (1.01, 0.5)
    )
    for name in "UWV":
        assert np.array_equal(getattr(longer, name), getattr(whole, name))
        step, halved = (getattr(t, name) - getattr(network, name) for t in (whole, shorter))
        assert error(halved, step / 2) < 1e-10


@pytest.mark.parametrize("way", {**WAYS, **REAL_TIME})
def test_many_networks_are_trained_as_each_on_its_own(way):
    rules = Rules(**OPTIMIZERS["adam"], **{**WAYS, **REAL_TIME}[way])
    alone = [course(6, seed=seed, length=7, activation=name) for seed, name in enumerate(("tanh", "relu", "erf"))]
    stacked = {name: np.stack([getattr(n, name) for n in alone]) for name in (*WEIGHTS, "x", "y")}
    activations = [n.activation for n in alone]
    together = rnnlab.train(**{**given(alone[0], rules), **stacked, "activation": activations})
    for g, network in enumerate(alone):
        one = rnnlab.train(**given(network, rules))
        for name in (*WEIGHTS, "loss", "update_ratio"):
            assert np.array_equal(getattr(together, name)[g], getattr(one, name)), name
        for name in "UWV":
            assert np.array_equal(together.log10_grad_norm[name][g], one.log10_grad_norm[name])
            assert np.array_equal(together.log10_clipped_norm[name][g], one.log10_clipped_norm[name])


def test_parameters_of_each_network():
    network = course(6)
    rates, clips = np.array([0.001, 0.01, 0.02]), np.array([1.0, 5.0, 1e9])
    stacked = {name: np.stack([getattr(network, name)] * 3) for name in WEIGHTS}
    together = rnnlab.train(**{**given(network, Rules()), **stacked, "learning_rate": rates, "clip_norm": clips})
    for g in range(3):
        one = rnnlab.train(**given(network, Rules(learning_rate=float(rates[g]), clip_norm=float(clips[g]))))
        assert np.array_equal(together.U[g], one.U)
        assert np.array_equal(together.loss[g], one.loss)


def test_float32_follows_float64():
    double = course(20)
    single = replace(double, **{name: getattr(double, name).astype(np.float32) for name in (*WEIGHTS, "x", "y")})
    ours, reference = (rnnlab.train(**given(n, Rules(clip_norm=3.0))) for n in (single, double))
    assert ours.U.dtype == np.float32
    assert all(error(getattr(ours, name), getattr(reference, name)) < 1e-4 for name in "UWV")
