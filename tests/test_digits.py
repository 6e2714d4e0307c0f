"""The measure `digits` against the naive twin, and against what chaos is known to leave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnlab import draws
from rnnlab.measures import digits
from rnnlab.networks import Trajectory, backpropagate
from rnnlab.networks.disturbances import disturbed
from rnnlab.trial import trial_of
from tests import naive, naive_digits
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, block_of, draw

COLUMNS = ("digits_loss", *(f"digits_{part}" for part in digits.PARTS))
MOST = {"float64": 15.95, "float32": 7.22}


def row(network, **settings):
    return table(block_of(network), **settings)


def table(networks, **settings):
    return digits.measure(networks, Trajectory(networks), digits.Settings(**settings))["digits"]


def only(values):
    """The one entry of a column, None where it is null."""
    return np.ma.masked_array(values).tolist()[0]


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_disturbed_passes_are_those_of_the_naive_twin(activation, loss, loss_at):
    """With factors far from 1, so that it shows where they act: on states, and with them on slopes and gradients."""
    network = draw(activation=activation, loss=loss, loss_at=loss_at)
    factors = np.random.default_rng(0).uniform(0.5, 1.5, (9, 3, 5))
    flow = backpropagate(Trajectory(block_of(network), factors))
    ours = np.array([flow.loss[0], *10 ** flow.log10_norm[0]])
    np.testing.assert_allclose(ours, naive_digits.norms(network, factors), rtol=1e-11)


def test_digits_are_those_of_the_passes():
    """In the exponential growth of an error, where rounding of the twin itself plays no part."""
    network = draw(24, 3, 4, 40, 2, gain=3.0)
    factors = [each.factors for each in disturbed(block_of(network), 3)]
    base, *passes = (naive_digits.norms(network, f) for f in (np.ones((40, 2, 24)), *factors))
    expected = naive_digits.digits(base, np.array(passes))
    found = row(network, passes=3)
    assert np.array([only(found[name]) for name in COLUMNS]) == pytest.approx(expected, abs=0.7)


@pytest.mark.parametrize("dtype", DTYPES)
def test_factors_are_roundings_that_never_change(dtype):
    networks = block_of(draw(16, 2, 2, 50, 4, dtype=dtype))
    first, second = (each.factors.copy() for each in disturbed(networks, 2))
    again = next(iter(disturbed(networks, 1))).factors
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    eps = np.finfo(dtype).eps
    assert first.dtype == dtype
    assert np.abs(first - 1).max() <= eps
    assert abs(np.mean(first.astype(np.float64) - 1)) < 0.1 * eps
    assert len(np.unique(first)) >= 3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (1, 2, 3, 30, 1), (9, 1, 5, 4, 7), (31, 3, 2, 17, 3)], ids=str)
def test_a_network_that_forgets_keeps_nearly_all_digits(shape, dtype):
    found = row(draw(*shape, gain=0.5, dtype=dtype))
    for name in COLUMNS:
        assert MOST[dtype] - 3.5 < only(found[name]) <= MOST[dtype] + 0.01, name
    assert only(found["status"]) == "ok"
    assert only(found["reason"]) is None


def chaotic(length, dtype="float64", **more):
    values = {"activation": "tanh", "width": 128, "length": length, "dtype": dtype, **more}
    silent = {"recurrent_scale": 3.0, "input_scale": 0.0, "initial_state": "gaussian"}
    return draws.networks([trial_of({**values, **silent, "seed": seed}) for seed in range(3)])


def test_chaos_leaves_digits_for_a_while_and_then_none():
    """λ₁ = 0.31: the 16 digits of float64 last for about 116 steps, the 7 of float32 for 50."""
    early, middle, late = (table(chaotic(T, loss_at="last")) for T in (30, 80, 200))
    for name in ("digits_U", "digits_h0", "digits_loss"):
        assert np.all(early[name] > 8), name
        assert np.all((middle[name] > 0.5) & (middle[name] < 11)), name
        # What is left is how little the norm of many unknown numbers varies.
        assert np.all(late[name] < (1.5 if name == "digits_loss" else 0.7)), name
    single = table(chaotic(80, "float32", loss_at="last"))
    assert np.all(single["digits_U"] < 1)


def test_what_is_lost_is_what_the_growth_of_an_error_predicts():
    networks = chaotic(80, loss_at="last")
    found = table(networks)
    lost = MOST["float64"] - np.asarray(found["digits_h0"])
    assert np.all(np.abs(lost - found["digits_lost_predicted"]) < 4)
    flow = backpropagate(Trajectory(networks))
    rate = (flow.mean_log[:, 0] - flow.mean_log[:, -1]) / 80
    np.testing.assert_allclose(found["digits_lost_predicted"], rate * 80 / np.log(10), rtol=1e-12)


def test_numbers_do_not_depend_on_the_block():
    networks = chaotic(40)
    together = table(networks)
    for g in range(3):
        alone = table(networks.part(g, g + 1))
        for name in (*COLUMNS, "digits_lost_predicted"):
            assert only(alone[name]) == together[name][g], name


def test_the_trajectory_that_others_measure_stays_as_it_is():
    networks = block_of(draw(gain=2.0))
    trajectory = Trajectory(networks)
    h, slope = trajectory.h.copy(), trajectory.slope.copy()
    digits.measure(networks, trajectory, digits.Settings())
    np.testing.assert_array_equal(trajectory.h, h)
    np.testing.assert_array_equal(trajectory.slope, slope)


def test_pieces_of_a_disturbed_trajectory_are_those_of_the_whole(monkeypatch):
    networks = block_of(draw(4, 2, 2, 500, 2))
    whole = next(iter(disturbed(networks, 1)))
    h = whole.h.copy()
    monkeypatch.setattr("rnnlab.networks.trajectory.HELD_BYTES", 0)
    pieces = Trajectory(networks, whole.factors).steps(0, 100)
    for start, piece, _slope in pieces:
        np.testing.assert_array_equal(piece, h[0, start : start + len(piece)])


# --- what is not defined is null, and says why ---


def test_a_dead_network_has_norms_without_digits():
    found = row(replace(draw(activation="relu"), b=np.full(5, -100.0)))
    assert only(found["digits_U"]) is None
    assert only(found["digits_h0"]) is None
    assert only(found["digits_c"]) > 14
    assert only(found["digits_lost_predicted"]) is None
    assert "exactly zero" in only(found["reason"])


def test_a_sample_whose_adjoint_dies_says_so():
    n = draw(1, 1, 1, 5, 2, activation="relu", loss_at="last")
    n = replace(n, U=np.ones((1, 1)), W=np.ones((1, 1)), b=np.zeros(1), x=np.ones_like(n.x) * [[[1.0], [-1.0]]])
    found = row(replace(n, h0=np.array([[1.0], [-1.0]])))
    assert only(found["digits_h0"]) > 10
    assert only(found["digits_lost_predicted"]) is None
    assert "adjoint of a sample" in only(found["reason"])


def test_a_divergence_is_null_without_another_reason():
    n = draw(activation="identity", length=400)
    found = row(replace(n, U=10 * n.U))
    assert only(found["status"]) == "diverged"
    for name in (*COLUMNS, "digits_lost_predicted", "reason"):
        assert only(found[name]) is None


def test_a_pass_that_loses_a_norm_leaves_no_digit():
    base = np.zeros((1, 7))
    for lost in (np.inf, np.nan, -np.inf, 400.0):
        np.testing.assert_array_equal(digits._digits(base, np.array([base, base + lost]), np.float64) < 0.5, True)


@pytest.mark.parametrize("size", [0.02, 25.0])
def test_norms_far_outside_the_range_have_digits(size):
    n = draw(4, 2, 3, 400, 2, activation="identity", loss_at="last")
    found = row(replace(n, U=size * n.U / np.abs(np.linalg.eigvals(n.U)).max(), x=0 * n.x, h0=1e-300 * n.h0, b=0 * n.b))
    assert only(found["digits_lost_predicted"]) * np.sign(np.log(size)) > 500
    assert only(found["digits_h0"]) > 11
    assert naive.PARAMETERS == digits.PARTS
