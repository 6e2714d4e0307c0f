"""rnnlab.gradients and rnnlab.gradient_statistics against the naive twin and against central differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import rnnlab
from tests import naive
from tests.cases import ACTIVATIONS, DTYPES, FAR, LOSS_AT, LOSSES, arguments, check, draw, error, stack, tolerance

EVERYTHING = [(a, loss, at) for a in ACTIVATIONS for loss in LOSSES for at in LOSS_AT]
KINKS = {"relu": (0,), "leaky_relu": (0,), "hardtanh": (-1, 1)}
ZEROS = {"gelu": -0.7517915246935645, "silu": -1.2784645427610738}  # of phi'
SHAPES = [  # N, D, O, T, B
    (1, 1, 1, 1, 1),
    (1, 1, 1, 12, 1),
    (1, 3, 2, 7, 2),
    (7, 1, 1, 5, 1),
    (3, 5, 2, 1, 4),
    (2, 9, 31, 6, 1),
    (17, 9, 33, 13, 3),
    (31, 2, 1, 33, 7),
    (8, 3, 5, 257, 2),
    (33, 65, 15, 19, 17),
]


def agrees(network: naive.Network, dtype: str) -> None:
    wide = naive.in_float64(network)
    check(rnnlab.gradients(**arguments(network)), naive.gradients(wide), tolerance(wide, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("activation", "loss", "loss_at"), EVERYTHING)
def test_agrees_with_the_naive_twin(activation, loss, loss_at, dtype):
    agrees(draw(activation=activation, loss=loss, loss_at=loss_at, dtype=dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_at_every_shape(shape, loss, dtype):
    agrees(draw(*shape, gain=0.9, loss=loss, dtype=dtype), dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_at_every_shape_with_the_loss_at_the_last_step(shape):
    agrees(draw(*shape, gain=1.1, activation="sigmoid", loss_at="last"), "float64")


@pytest.mark.parametrize("dtype", DTYPES)
def test_agrees_over_several_chunks_of_time(dtype):
    agrees(draw(64, 60, 70, 100, 32, dtype=dtype), dtype)


@pytest.mark.parametrize("gain", [0.0, 0.01, 0.5, 1.5, 3.0, 5.0])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_at_every_gain(activation, gain):
    agrees(draw(8, 3, 4, 7, 3, gain=gain, activation=activation), "float64")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_long_decay_keeps_its_norms(activation, dtype):
    network = draw(4, 2, 3, 300, 2, gain=0.3, activation=activation, loss_at="last", dtype=dtype)
    reference = naive.gradients(naive.exact_network(network))
    rounding = 3 * tolerance(naive.in_float64(network), dtype)  # of 300 products in a row
    check(rnnlab.gradients(**arguments(network)), reference, rounding)


@pytest.mark.parametrize(("activation", "loss", "loss_at"), EVERYTHING)
def test_agrees_with_central_differences(activation, loss, loss_at):
    network = draw(activation=activation, loss=loss, loss_at=loss_at, seed=3)
    found = rnnlab.gradients(**arguments(network))
    rng = np.random.default_rng(0)
    for name in naive.PARAMETERS:
        array = getattr(network, name)
        direction = rng.standard_normal(array.shape)
        step = 1e-6 * direction
        above, below = (rnnlab.gradients(**arguments(replace(network, **{name: array + s}))) for s in (step, -step))
        slope = (above.loss - below.loss) / 2e-6
        size = np.linalg.norm(getattr(found, name)) * np.linalg.norm(direction)
        assert slope == pytest.approx(np.vdot(getattr(found, name), direction), abs=1e-8 * max(size, 1.0)), name


@settings(max_examples=60)
@given(
    shape=st.tuples(*(st.integers(1, n) for n in (7, 7, 7, 14, 3))),
    choice=st.sampled_from(EVERYTHING),
    dtype=st.sampled_from(DTYPES),
    gain=st.floats(-3, 0.7),
    scale=st.floats(-6, 6),
    seed=st.integers(0, 10**6),
)
def test_agrees_at_any_shape_and_scale(shape, choice, dtype, gain, scale, seed):
    activation, loss, loss_at = choice
    plain = draw(*shape, gain=10**gain, activation=activation, loss=loss, loss_at=loss_at, dtype=dtype, seed=seed)
    straight = activation in ("relu", "identity", "leaky_relu", "hardtanh")
    factor = np.dtype(dtype).type(10.0 ** (scale if straight else min(scale, 0.5)))
    targets = plain.y * factor if loss == "squared" else plain.y
    network = replace(plain, y=targets, h0=plain.h0 * factor, x=plain.x * factor)
    wide = naive.in_float64(network)
    a, _, o = naive.forward(wide)
    largest = float(np.max(np.abs(a)))
    # Near 1e-38 float32 has no number for a slope; at a kink both sides are right; at its zero a slope has no digits.
    assume(straight or np.min(np.abs(naive.slope(activation, a))) > 1e-35)
    assume(all(np.min(np.abs(a - kink)) > 1e-5 * largest for kink in KINKS.get(activation, ())))
    assume(np.min(np.abs(a - ZEROS.get(activation, np.inf))) > 1e-2)
    assume(loss == "squared" or np.max(np.abs(o)) < 10)  # a saturated softmax: see test_extremes
    assume(naive.lyapunov_length(wide) < FAR)
    limit = tolerance(wide, dtype) * max(1.0, largest)  # a slope has the relative error of a times a
    check(rnnlab.gradients(**arguments(network)), naive.gradients(naive.exact_network(network)), limit)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_have_the_shapes_and_the_dtype_of_what_they_belong_to(dtype):
    network = draw(dtype=dtype)
    g = rnnlab.gradients(**arguments(network))
    for name in naive.PARAMETERS:
        ours, theirs = getattr(g, name), getattr(network, name)
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), name
        assert np.asarray(g.log10_norm[name]).dtype == np.float64
    assert np.ndim(g.loss) == 0
    assert (g.hidden_log10_norm.shape, g.hidden_log10_norm.dtype) == ((9,), np.float64)


def test_what_is_left_out_is_zero():
    network = draw(loss_at="last")
    bare = replace(network, h0=None, b=None, c=None)
    zeros = replace(network, h0=0 * network.h0, b=0 * network.b, c=0 * network.c)
    ours, theirs = (rnnlab.gradients(**arguments(n)) for n in (bare, zeros))
    for name in naive.PARAMETERS:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


# --- many networks at once ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(("activation", "loss", "loss_at"), EVERYTHING)
def test_statistics_of_many_are_those_of_each(activation, loss, loss_at, shared, dtype):
    networks = [draw(activation=activation, loss=loss, loss_at=loss_at, dtype=dtype, seed=seed) for seed in range(3)]
    if shared:
        networks = [replace(n, x=networks[0].x, y=networks[0].y) for n in networks]
    data = {"x": networks[0].x, "y": networks[0].y} if shared else {}
    s = rnnlab.gradient_statistics(**stack(networks, **data))
    each = [naive.gradients(naive.in_float64(n)) for n in networks]
    limit = max(tolerance(naive.in_float64(n), dtype) for n in networks)
    assert s.loss.shape == (3,)
    assert s.hidden_log10_norm.shape == (3, 9)
    assert error(s.loss, [g.loss for g in each]) <= limit
    assert np.max(np.abs(s.hidden_log10_norm - [g.hidden_log10_norm for g in each])) <= limit
    for name in naive.PARAMETERS:
        assert np.max(np.abs(s.log10_norm[name] - [g.log10_norm[name] for g in each])) <= limit, name


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("dtype", DTYPES)
def test_statistics_are_the_same_bits_for_any_workers_and_any_division(dtype, loss_at):
    networks = [draw(17, 9, 5, 33, 3, dtype=dtype, gain=4.0, loss_at=loss_at, seed=seed) for seed in range(5)]
    whole = rnnlab.gradient_statistics(**stack(networks), workers=1)
    for workers in (2, 3, None):
        same_bits(rnnlab.gradient_statistics(**stack(networks), workers=workers), whole, slice(None))
    for part in (slice(0, 1), slice(1, 5), slice(2, 4)):
        same_bits(rnnlab.gradient_statistics(**stack(networks[part])), whole, part)


def same_bits(ours, whole, part):
    np.testing.assert_array_equal(ours.loss, whole.loss[part])
    np.testing.assert_array_equal(ours.hidden_log10_norm, whole.hidden_log10_norm[part])
    for name in naive.PARAMETERS:
        np.testing.assert_array_equal(ours.log10_norm[name], whole.log10_norm[name][part])


def test_one_network_is_the_same_alone_and_among_others():
    networks = [draw(9, 4, 3, 40, 2, gain=2.0, seed=seed) for seed in range(3)]
    s = rnnlab.gradient_statistics(**stack(networks))
    alone = rnnlab.gradients(**arguments(networks[1]))
    np.testing.assert_array_equal(alone.hidden_log10_norm, s.hidden_log10_norm[1])
    assert alone.loss == s.loss[1]
