"""Cotangents in place of a loss: the gradient of whatever loss the caller has."""

from __future__ import annotations

import numpy as np
import pytest

import rnnlab
from rnnlab.errors import UsageError
from tests import naive
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, arguments, draw, error, stack, tolerance


def states(n):
    """States h (T, B, N) and outputs (T, B, O), step by step."""
    _a, h, o = naive.forward(n)
    return h[1:], o


def cotangents_of(n):
    """dL/do of the network's own loss."""
    o = states(n)[1]
    if n.loss == "squared":
        d = o - n.y
    else:
        p = np.exp(o - o.max(axis=-1, keepdims=True))
        d = p / p.sum(axis=-1, keepdims=True) - np.eye(o.shape[-1])[n.y]
    if n.loss_at == "last":
        d[:-1] = 0
    return (d / o.shape[1]).astype(n.x.dtype)


def with_cotangents(n, given):
    return {**{k: v for k, v in arguments(n).items() if k not in ("y", "loss", "loss_at")}, "cotangents": given}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_cotangents_of_our_losses_give_their_gradient(activation, loss, loss_at, dtype):
    n = draw(activation=activation, loss=loss, loss_at=loss_at, dtype=dtype)
    ours = rnnlab.gradients(**with_cotangents(n, cotangents_of(n)))
    reference = naive.gradients(n)
    assert np.isnan(ours.loss)
    assert np.isnan(ours.log10_loss)
    for name in naive.PARAMETERS:
        assert error(getattr(ours, name), getattr(reference, name)) < tolerance(n, dtype)
        assert ours.log10_norm[name] == pytest.approx(float(reference.log10_norm[name]), abs=tolerance(n, dtype))
    np.testing.assert_allclose(ours.hidden_log10_norm, reference.hidden_log10_norm, atol=tolerance(n, dtype))


@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (7, 1, 3, 5, 1), (1, 4, 2, 1, 6), (33, 3, 17, 2, 5)])
def test_odd_shapes(shape):
    n = draw(*shape)
    ours = rnnlab.gradients(**with_cotangents(n, cotangents_of(n)))
    for name in naive.PARAMETERS:
        assert error(getattr(ours, name), getattr(naive.gradients(n), name)) < tolerance(n, "float64")


@pytest.mark.parametrize("power", [-600, 600])
def test_the_gradient_is_linear_in_the_cotangents_beyond_the_range_of_its_norm(power):
    n = draw()
    given = cotangents_of(n)
    one = rnnlab.gradients(**with_cotangents(n, given))
    other = rnnlab.gradients(**with_cotangents(n, given * 2.0**power))
    for name in naive.PARAMETERS:
        np.testing.assert_array_equal(getattr(other, name), getattr(one, name) * 2.0**power)
        assert other.log10_norm[name] == pytest.approx(one.log10_norm[name] + power * np.log10(2), abs=1e-9)


@pytest.mark.parametrize("far", ["largest", "smallest"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_cotangents_at_the_ends_of_the_range(dtype, far):
    n = draw(dtype=dtype, batch=12)
    unit = cotangents_of(n) / np.abs(cotangents_of(n)).max()
    size = np.finfo(dtype).max if far == "largest" else np.finfo(dtype).smallest_normal * 1e3
    one = rnnlab.gradients(**with_cotangents(n, unit))
    ours = rnnlab.gradients(**with_cotangents(n, unit * np.array(size, dtype)))
    for name in naive.PARAMETERS:
        assert ours.log10_norm[name] == pytest.approx(one.log10_norm[name] + np.log10(float(size)), abs=1e-3)


def test_zeros_are_steps_and_samples_without_a_loss():
    n = draw(length=12)
    given = cotangents_of(n)
    given[8:] = 0
    whole = rnnlab.gradients(**with_cotangents(n, given))
    cut = with_cotangents(n, given[:8])
    short = rnnlab.gradients(**{**cut, "x": n.x[:8]})
    for name in naive.PARAMETERS:
        np.testing.assert_allclose(getattr(whole, name), getattr(short, name), rtol=1e-12, atol=1e-15)
    assert np.isneginf(whole.hidden_log10_norm[8:]).all()
    nothing = rnnlab.gradients(**with_cotangents(n, np.zeros_like(given)))
    assert not nothing.U.any()
    assert np.isneginf(nothing.log10_norm["U"])


def test_statistics_take_them_too():
    networks = [draw(seed=seed) for seed in range(3)]
    arrays = stack(networks, cotangents=np.stack([cotangents_of(n) for n in networks]), y=None)
    s = rnnlab.gradient_statistics(**{k: v for k, v in arrays.items() if k not in ("loss", "loss_at")})
    for g, n in enumerate(networks):
        assert np.isnan(s.loss[g])
        assert s.log10_norm["U"][g] == rnnlab.gradients(**with_cotangents(n, cotangents_of(n))).log10_norm["U"]


def test_outputs_that_overflow_are_still_seen():
    n = draw(activation="identity", length=6)
    n = with_cotangents(n, np.ones((6, 3, 4)))
    assert rnnlab.gradients(**n).diverged_at is None
    found = rnnlab.gradients(**{**n, "V": n["V"] * 1e308, "U": n["U"] * 20})
    assert found.diverged_at
    assert np.isnan(found.U).all()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"y": draw().y}, "y and cotangents are both given"),
        ({"loss": "cross_entropy"}, "loss = 'cross_entropy' is given with cotangents"),
        ({"loss": "cotangents"}, "loss = 'cotangents' is unknown"),
        ({"loss_at": "last"}, "before the last step are not zero"),
        ({"cotangents": np.ones((9, 3))}, r"cotangents has shape \(9, 3\): expected \(T=9 of x, B=3 of x, O=4 of V\)"),
        ({"cotangents": np.full((9, 3, 4), np.nan)}, r"cotangents\[0, 0, 0\] = nan is not finite"),
        ({"cotangents": None}, "y is no array: it is None; give targets y, or cotangents"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, match):
    n = draw()
    with pytest.raises(UsageError, match=match):
        rnnlab.gradients(**{**with_cotangents(n, cotangents_of(n)), **changes})


def test_an_arbitrary_loss_of_torch():
    torch = pytest.importorskip("torch")
    n = draw(width=7, length=11, batch=4)
    t = {k: torch.tensor(getattr(n, k), requires_grad=k != "x") for k in ("U", "W", "V", "b", "c", "h0", "x")}
    h, outputs = t["h0"], []
    for x_t in t["x"]:
        h = torch.tanh(h @ t["U"].T + x_t @ t["W"].T + t["b"])
        outputs.append(h @ t["V"].T + t["c"])
    o = torch.stack(outputs)
    o.retain_grad()
    loss = torch.logsumexp(o[3], dim=0).prod() + torch.sin(o[:, 1]).sum() * o[-1, 0, 0] + o[5:8].abs().max()
    loss.backward()
    ours = rnnlab.gradients(**with_cotangents(n, o.grad.numpy()))
    for name in naive.PARAMETERS:
        assert error(getattr(ours, name), t[name].grad.numpy()) < 1e-12
