"""Training where gradients leave the range of floats: what can be said is said, and nothing stands still unnoticed."""

from __future__ import annotations

import numpy as np
import pytest

import rnnlab

N, D, O, B = 4, 3, 2, 2


def problem(T, updates=2, dtype=np.float64, output_scale=1.0):
    """Weights without a recurrent one, and batches of which only the first step has an input."""
    rng = np.random.default_rng(0)
    x, y = np.zeros((updates, T, B, D)), rng.standard_normal((updates, T, B, O))
    x[:, 0, :, 0] = 1e-10
    W, V = rng.standard_normal((N, D)), output_scale * rng.standard_normal((O, N))
    return {name: array.astype(dtype) for name, array in {"W": W, "V": V, "x": x, "y": y}.items()}


def test_a_learning_rate_of_zero_leaves_weights_alone_however_large_the_gradient():
    U = 16.0 * np.eye(N)
    told = rnnlab.train(U, **problem(250), activation="identity", loss_at="last", learning_rate=0.0, train_biases=True)
    assert told.status == "ok"
    assert np.array_equal(told.U, U)
    assert (told.log10_grad_norm["U"] > 500).all()
    assert (told.update_ratio == 0).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_clipping_by_value_leaves_zeros_of_a_gradient_of_10_to_900(optimizer):
    """h stays 0, so that dL/dW = δ_1 x_1ᵀ grows as 16^T in the first column, and is 0 in the others."""
    given = {**problem(800, updates=1), "W": np.zeros((N, D))}
    told = rnnlab.train(
        16.0 * np.eye(N), **given, activation="tanh", loss_at="last", learning_rate=0.5, clip_value=0.1,
        optimizer=optimizer,
    )  # fmt: skip
    assert told.log10_grad_norm["W"][0] > 900
    assert told.status == "ok"
    assert np.allclose(np.abs(told.W[:, 0]), 0.05 if optimizer == "sgd" else 0.5, rtol=1e-6)
    assert not told.W[:, 1:].any()


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_a_mean_of_squares_beyond_the_range_is_a_divergence(optimizer):
    """g² is inf: so would the mean of squares be for ever, and the weight would never move again."""
    how = {"activation": "identity", "loss_at": "last", "learning_rate": 1e-3, "optimizer": optimizer}
    single, double = (
        rnnlab.train((4.0 * np.eye(N)).astype(dtype), **problem(60, dtype=dtype), **how)
        for dtype in (np.float32, np.float64)
    )
    assert single.log10_grad_norm["U"][0] == pytest.approx(double.log10_grad_norm["U"][0], abs=1e-3)
    assert 20 < double.log10_grad_norm["U"][0] < 100
    assert (single.status, single.updates) == ("diverged", 1)
    assert double.status == "ok"


@pytest.mark.parametrize("rule", ["online", "rtrl"])
def test_a_sum_of_tiny_gradients_that_begins_with_zero(rule):
    """The first step of h_0 = 0 gives nothing to dL/dU, which says nothing of the exponents that follow."""
    rng = np.random.default_rng(1)
    U = rng.standard_normal((N, N)) / 2

    def norms(dtype):
        given = problem(10, output_scale=1e-25, dtype=dtype)
        given |= {"x": np.ones_like(given["x"]), "y": 0 * given["y"]}
        how = {"activation": "tanh", "learning_rate": 1e-3, "update_rule": rule}
        return rnnlab.train(U.astype(dtype), **given, **how).log10_grad_norm["U"]

    assert norms(np.float64) == pytest.approx(-50, abs=5)
    assert norms(np.float32) == pytest.approx(norms(np.float64), abs=1e-3)


def test_an_update_that_diverges_half_way_tells_no_norms():
    """The second of its windows is not finite: what the first one told is not of the update."""
    given = problem(20, updates=1)
    given["x"][0, 12:] = 1e300
    told = rnnlab.train(
        16.0 * np.eye(N), **given, activation="identity", learning_rate=1e-6, clip_norm=1.0, k1=5, k2=20
    )
    assert (told.status, told.updates) == ("diverged", 1)
    for each in (told.loss, told.log10_grad_norm["U"], told.log10_clipped_norm["U"], told.update_ratio):
        assert np.isnan(each).all()
