"""The remedies inside training: real-time recurrent learning, Pascanu's regulariser, gradient flossing."""

from __future__ import annotations

import numpy as np
import pytest

import rnnlab
from rnnlab.errors import UsageError
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES
from tests.test_train import case


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_rtrl_with_frozen_weights_is_bptt(activation, loss, loss_at):
    given = {**case(loss=loss), "activation": activation, "learning_rate": 0.0, "loss_at": loss_at, "leak": 0.7}
    full, rtrl = (rnnlab.train(**given, update_rule=rule) for rule in ("full", "rtrl"))
    for name in ("U", "W", "V"):
        np.testing.assert_allclose(rtrl.log10_grad_norm[name], full.log10_grad_norm[name], atol=1e-10)
    np.testing.assert_allclose(rtrl.loss, full.loss, rtol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rtrl_with_one_loss_a_sequence_trains_as_bptt(dtype):
    given = {**case(dtype=dtype), "loss_at": "last", "optimizer": "adam", "clip_norm": 0.3, "b": np.ones(7, dtype)}
    full, rtrl = (rnnlab.train(**given, update_rule=rule, train_biases=True) for rule in ("full", "rtrl"))
    for name in ("U", "W", "V", "b", "c"):
        limit = 1e-10 if dtype == "float64" else 1e-3
        np.testing.assert_allclose(getattr(rtrl, name), getattr(full, name), atol=limit)


def test_rtrl_is_stale_at_the_order_of_the_learning_rate():
    given = case(updates=1)
    gaps = []
    for rate in (1e-3, 1e-4):
        online, rtrl = (
            rnnlab.train(**{**given, "learning_rate": rate}, update_rule=rule).U for rule in ("online", "rtrl")
        )
        gaps.append(np.abs(online - rtrl).max() / rate)
    assert gaps[1] == pytest.approx(gaps[0] / 10, rel=0.2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vanishing_penalty": 1.0}, "vanishing_penalty means nothing"),
        ({"flossing": 1.0}, "flossing means nothing"),
        ({"U": np.eye(65), "W": np.ones((65, 3)), "V": np.ones((4, 65))}, "at most 64"),
    ],
    ids=["penalty", "flossing", "width"],
)
def test_what_rtrl_cannot_do_is_an_error(change, words):
    with pytest.raises(UsageError, match=words):
        rnnlab.train(**{**case(), **change}, update_rule="rtrl")


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_regulariser_keeps_the_adjoint_alive(dtype):
    rng = np.random.default_rng(0)
    N, T, B = 12, 30, 8
    given = {
        "U": (0.5 * rng.standard_normal((N, N)) / N**0.5).astype(dtype), "W": rng.standard_normal((N, 2)).astype(dtype),
        "V": rng.standard_normal((1, N)).astype(dtype), "x": 0.1 * rng.standard_normal((200, T, B, 2)).astype(dtype),
        "y": rng.standard_normal((200, T, B, 1)).astype(dtype), "activation": "tanh", "loss_at": "last",
    }  # fmt: skip
    lost = []
    for penalty in (0.0, 0.1):
        trained = rnnlab.train(**given, learning_rate=0.01, vanishing_penalty=penalty, clip_norm=1.0)
        assert trained.status == "ok"
        g = rnnlab.gradients(
            trained.U, trained.W, trained.V, given["x"][0], given["y"][0], activation="tanh", loss_at="last"
        )
        lost.append(g.hidden_log10_norm[-1] - g.hidden_log10_norm[0])
    assert lost[0] > 5  # decades
    assert lost[1] < lost[0] / 4


def exponents(U, W, x, count):
    h, jacobians = np.zeros(len(U)), []
    for each in x:
        h = np.tanh(U @ h + W @ each)
        jacobians.append((1 - h**2)[:, None] * U)
    return rnnlab.lyapunov_exponents(np.array(jacobians), count=count)


@pytest.mark.parametrize("count", [1, 3])
def test_flossing_brings_the_leading_exponents_to_zero(count):
    rng = np.random.default_rng(1)
    N, T = 10, 40
    U, W, V = 0.4 * rng.standard_normal((N, N)) / N**0.5, rng.standard_normal((N, 2)), np.zeros((1, N))
    x, y = 0.1 * rng.standard_normal((300, T, 4, 2)), np.zeros((300, T, 4, 1))
    trained = rnnlab.train(
        U, W, V, x, y, activation="tanh", optimizer="adam", learning_rate=0.01, flossing=1.0, flossing_exponents=count
    )
    before, after = (np.abs(exponents(u, w, x[0, :, 0], count)) for u, w in ((U, W), (trained.U, trained.W)))
    assert before.max() > 0.5
    assert after.max() < 0.1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activation": "gelu", "flossing": 1.0}, "not of gelu"),
        ({"flossing": 1.0, "flossing_exponents": 8}, "from 1 to the width N = 7"),
        ({"vanishing_penalty": -1.0}, "vanishing_penalty = -1"),
    ],
    ids=["activation", "count", "penalty"],
)  # fmt: skip
def test_remedies_that_do_not_fit_are_an_error(change, words):
    with pytest.raises(UsageError, match=words):
        rnnlab.train(**{**case(), **change})
