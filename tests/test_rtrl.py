"""Real-time recurrent learning: with frozen weights it is BPTT; with others, the naive twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnlab
from rnnlab.kernels import activations, backward, losses, rtrl
from rnnlab.kernels.scaled import log10_norm
from rnnlab.networks.sensitivities import rooms
from tests import naive
from tests import naive_training as twin
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, arguments, draw, error
from tests.remedies import value

PARTS = ("U", "W", "V", "b", "c")
SHAPES = [(5, 3, 4, 9, 3), (1, 1, 1, 1, 1), (9, 1, 2, 12, 7), (13, 4, 1, 6, 2)]  # N, D, O, T, B


def learn(network, leak=1.0, rate=0.0):
    """Return the gradients of the batch mean of each loss, the weights at the end, and the step that was not finite."""
    n = naive.complete(network)
    (N, D), O, B, dtype = n.W.shape, len(n.V), len(n.h0), n.U.dtype
    w = {name: getattr(n, name).copy() for name in PARTS}
    s, h, after = rooms(B, N, D, O, dtype), n.h0.copy(), n.h0.copy()
    shapes = ((N, N), (N, D), (O, N), (1, N), (1, O), (B, N))
    gradient = backward.Gradient(*(np.empty(shape, dtype) for shape in shapes), np.empty(5 + B, np.int64))
    loss, shift, found = np.empty(1), np.empty(1, np.int64), []
    code, kind = activations.CODES[n.activation], losses.CODES[n.loss]
    rtrl.begin(s)
    for t in range(len(n.x)):
        if not rtrl.step(code, w["U"], w["W"], w["b"], leak, n.x[t], h, after, s):
            return found, w, t + 1
        h, after = after, h
        if n.loss_at == "last" and t < len(n.x) - 1:
            continue
        classes = n.y[t : t + 1] if n.loss == "cross_entropy" else np.empty((1, 0), np.int64)
        y = np.empty((1, B, 0), dtype) if n.loss == "cross_entropy" else n.y[t : t + 1]
        if not rtrl.gradient_at(w["V"], w["c"], h, y, classes, kind, s, gradient, loss, shift):
            return found, w, t + 1
        assert not np.any(gradient.h0)
        each = {name: value(getattr(gradient, name), gradient.exponent[i]) / B for i, name in enumerate(PARTS)}
        logs = {name: log10_norm(getattr(gradient, name), gradient.exponent[i]) for i, name in enumerate(PARTS)}
        each |= {"log10": logs, "b": each["b"][0], "c": each["c"][0], "loss": value(loss, shift[0])[0]}
        found.append(each)
        if rate > 0:
            w = {name: (w[name] - rate * each[name]).astype(dtype) for name in PARTS}
    return found, w, 0


def is_bptt(network, leak=1.0, limit=1e-10):
    found, _, lost = learn(network, leak)
    assert lost == 0
    reference = rnnlab.gradients(**arguments(network), leak=leak)
    assert sum(g["loss"] for g in found) == pytest.approx(reference.loss, rel=limit)
    for name in PARTS:
        assert error(sum(g[name] for g in found), getattr(reference, name)) <= limit, name


@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_with_frozen_weights_it_is_bptt(activation, loss, loss_at, leak):
    is_bptt(draw(activation=activation, loss=loss, loss_at=loss_at), leak)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_with_frozen_weights_it_is_bptt_at_every_shape(shape, dtype):
    is_bptt(draw(*shape, dtype=dtype), limit=1e-10 if dtype == "float64" else 2e-5)


@settings(max_examples=25)
@given(
    st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(1, 15), st.integers(1, 5),
    st.sampled_from(LOSSES), st.sampled_from(LOSS_AT), st.integers(0, 10**6),
)  # fmt: skip
def test_with_frozen_weights_it_is_bptt_at_any_shape(width, inputs, outputs, length, batch, loss, loss_at, seed):
    is_bptt(draw(width, inputs, outputs, length, batch, loss=loss, loss_at=loss_at, seed=seed))


@pytest.mark.parametrize("leak", [1.0, 0.4])
@pytest.mark.parametrize("loss", LOSSES)
def test_agrees_with_the_naive_twin_while_the_weights_change(loss, leak):
    n = draw(6, 3, 4, 15, 3, loss=loss)
    ours, weights, _ = learn(n, leak, rate=0.1)
    theirs, expected = twin.rtrl(n, leak, rate=0.1)
    for a, b in zip(ours, theirs, strict=True):
        for name in (*PARTS, "loss"):
            np.testing.assert_allclose(a[name], b[name], rtol=1e-9, atol=1e-11)
    for name in PARTS:
        np.testing.assert_allclose(weights[name], expected[name], rtol=1e-10, atol=1e-12)
    frozen, _, _ = learn(n, leak)
    assert error(ours[-1]["U"], frozen[-1]["U"]) > 1e-2  # they did change


def test_sensitivities_are_stale_at_the_order_of_the_rate():
    """Against the gradient that one would have with states and sensitivities computed anew with the current weights."""
    n = draw(5, 2, 3, 8, 2)
    apart = []
    for rate in (1e-2, 1e-3, 1e-4):
        ours, _, _ = learn(n, rate=rate)
        _, weights, _ = learn(replace(n, x=n.x[:-1], y=n.y[:-1]), rate=rate)
        anew = rnnlab.gradients(**arguments(replace(n, loss_at="last", **weights)))
        apart.append(error(ours[-1]["U"], anew.U))
    assert 5 < apart[0] / apart[1] < 20
    assert 5 < apart[1] / apart[2] < 20


@pytest.mark.parametrize(
    ("dtype", "size"), [("float32", 1e-30), ("float32", 1e25), ("float64", 1e-250), ("float64", 1e200)]
)
def test_products_of_adjoints_and_sensitivities_stay_within_the_range(dtype, size):
    """A residual and a readout whose product is far outside it."""
    n = draw(4, 2, 3, 5, 2, dtype=dtype, loss_at="last")
    far = replace(n, **{name: (getattr(n, name) * size).astype(dtype) for name in ("V", "y", "c")})
    found, reference = learn(far)[0][0]["log10"], rnnlab.gradients(**arguments(far)).log10_norm
    for name in PARTS:
        assert found[name] - np.log10(2) == pytest.approx(reference[name], abs=1e-10 if dtype == "float64" else 1e-5)


def test_where_no_loss_reaches_the_states_the_gradient_is_exactly_zero():
    n = draw(4, 2, 3, 5, 2, activation="relu")
    dead = replace(n, U=-np.abs(n.U), W=-np.abs(n.W), x=np.abs(n.x), h0=np.abs(n.h0), b=-np.abs(n.b))
    found, _, lost = learn(dead)
    assert lost == 0
    assert not any(np.any(g[name]) for g in found for name in ("U", "W", "b"))
    assert all(np.any(g["c"]) for g in found)


@pytest.mark.parametrize(("activation", "dtype"), [("identity", "float64"), ("relu", "float32")])
def test_says_at_which_step_a_number_leaves_the_range(activation, dtype):
    n = draw(4, 2, 3, 40, 2, activation=activation, dtype=dtype, loss_at="last")
    far = replace(n, U=np.full((4, 4), 1e30 if dtype == "float64" else 1e5, dtype), x=np.abs(n.x), W=np.abs(n.W))
    found, _, lost = learn(far)
    assert found == []
    assert 2 <= lost <= 12


def test_sensitivities_may_leave_the_range_before_the_states_do():
    n = replace(draw(3, 1, 1, 60, 1, loss_at="last"), h0=None, b=None)
    quiet = replace(n, x=n.x * 0, U=np.full((3, 3), 1e12))
    found, _, lost = learn(quiet)
    assert found == []
    assert lost > 20
