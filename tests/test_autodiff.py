"""rnnlab.gradients against automatic differentiation by others: autograd always, PyTorch and JAX where installed."""

from __future__ import annotations

import pytest

import rnnlab
from tests import naive, oracles
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, arguments, check, draw, tolerance

SHAPES = [(5, 3, 4, 9, 3), (1, 2, 3, 4, 1), (11, 1, 2, 1, 2)]  # N, D, O, T, B


def judge(oracle, network, dtype):
    limit = tolerance(naive.in_float64(network), dtype)
    check(rnnlab.gradients(**arguments(network)), oracle(network), limit)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_with_autograd(activation, loss, loss_at, shape):
    judge(oracles.by_autograd, draw(*shape, activation=activation, loss=loss, loss_at=loss_at), "float64")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_with_torch(activation, loss, loss_at, shape, dtype):
    pytest.importorskip("torch")
    judge(oracles.by_torch, draw(*shape, activation=activation, loss=loss, loss_at=loss_at, dtype=dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_with_jax(activation, loss, loss_at, dtype):
    pytest.importorskip("jax")
    judge(oracles.by_jax, draw(activation=activation, loss=loss, loss_at=loss_at, dtype=dtype), dtype)


@pytest.mark.parametrize("oracle", [oracles.by_torch, oracles.by_jax])
def test_agrees_where_gradients_grow(oracle):
    pytest.importorskip(oracle.__name__.removeprefix("by_"))
    judge(oracle, draw(16, 4, 3, 30, 2, gain=2.5), "float64")
