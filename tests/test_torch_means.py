"""The factors between our losses and PyTorch's means, as docs/words.md gives them."""

from __future__ import annotations

import numpy as np
import pytest

import rnnlab

T, B, N, D, O = 7, 3, 5, 4, 6
FACTORS = {
    ("squared", "every"): T * O / 2,
    ("squared", "last"): O / 2,
    ("cross_entropy", "every"): T,
    ("cross_entropy", "last"): 1,
}


@pytest.fixture
def network():
    rng = np.random.default_rng(3)
    return {
        "U": rng.normal(size=(N, N)) / N**0.5,
        "W": rng.normal(size=(N, D)),
        "V": rng.normal(size=(O, N)),
        "x": rng.normal(size=(T, B, D)),
    }


@pytest.fixture
def targets():
    rng = np.random.default_rng(4)
    return {"squared": rng.normal(size=(T, B, O)), "cross_entropy": rng.integers(O, size=(T, B))}


def outputs(network):
    h, o = np.zeros((B, N)), []
    for x_t in network["x"]:
        h = np.tanh(h @ network["U"].T + x_t @ network["W"].T)
        o.append(h @ network["V"].T)
    return np.array(o)


def mean_squared_error(o, y):
    return np.mean((o - y) ** 2)


def mean_cross_entropy(o, y):
    chosen = np.take_along_axis(o, y[..., None], axis=-1)[..., 0]
    return np.mean(np.log(np.exp(o).sum(axis=-1)) - chosen)


MEANS = {"squared": mean_squared_error, "cross_entropy": mean_cross_entropy}


@pytest.mark.parametrize(("loss", "loss_at"), FACTORS)
def test_loss_is_a_factor_times_the_mean(network, targets, loss, loss_at):
    o, y = outputs(network), targets[loss]
    given = rnnlab.gradients(**network, y=y, activation="tanh", loss=loss, loss_at=loss_at)
    mean = MEANS[loss](o, y) if loss_at == "every" else MEANS[loss](o[-1], y[-1])
    assert given.loss == pytest.approx(FACTORS[loss, loss_at] * mean, rel=1e-12)


@pytest.mark.parametrize(("loss", "loss_at"), FACTORS)
def test_gradient_carries_the_same_factor_in_torch(network, targets, loss, loss_at):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.tensor(array, requires_grad=name != "x") for name, array in network.items()}
    y = torch.tensor(targets[loss])
    h, o = torch.zeros(B, N, dtype=torch.float64), []
    for x_t in tensors["x"]:
        h = torch.tanh(h @ tensors["U"].T + x_t @ tensors["W"].T)
        o.append(h @ tensors["V"].T)
    criterion = torch.nn.MSELoss() if loss == "squared" else torch.nn.CrossEntropyLoss()
    o = torch.stack(o)
    if loss_at == "last":
        criterion(o[-1], y[-1]).backward()
    elif loss == "squared":
        criterion(o, y).backward()
    else:
        criterion(o.flatten(0, 1), y.flatten()).backward()
    given = rnnlab.gradients(**network, y=targets[loss], activation="tanh", loss=loss, loss_at=loss_at)
    for name in ("U", "W", "V"):
        expected = FACTORS[loss, loss_at] * tensors[name].grad.numpy()
        np.testing.assert_allclose(getattr(given, name), expected, rtol=1e-9, atol=1e-12)
