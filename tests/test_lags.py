"""lags and horizon: against the naive twin, identities, and what is null and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rnnlab
from rnnlab import pairs
from rnnlab.measures import gradients, horizon, lags
from rnnlab.networks import Trajectory
from tests import naive, naive_pairs
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, block_of, draw, log_error

EPS = {dtype: float(np.finfo(dtype).eps) for dtype in DTYPES}
SHAPES = [(1, 1, 1, 1, 1), (1, 2, 3, 30, 1), (9, 1, 5, 4, 7), (5, 4, 3, 70, 2), (33, 40, 2, 11, 17), (3, 2, 2, 5, 40)]


def sweep(network):
    return pairs.lag_sweep(Trajectory(block_of(network)))


def tables(network, measure=lags, **settings):
    networks = block_of(network)
    return measure.measure(networks, Trajectory(networks), measure.Settings(**settings))


def only(values):
    """The one entry of a column, None where it is null."""
    return np.ma.masked_array(values).tolist()[0]


def agrees(network, reference, limit):
    found, expected = sweep(network), naive_pairs.lags(reference)
    rms = [naive.norm(np.array(each)) / naive.sqrt(each[0] * 0 + len(each)) for each in expected.contributions]
    means = [np.mean([float(naive.log10_of(v)) for v in each]) for each in expected.contributions]
    assert log_error(found.norm[0], [float(naive.log10_norm(g)) for g in expected.by_lag]) <= 10 * limit
    assert log_error(found.rms[0], [float(naive.log10_of(v)) for v in rms]) <= limit
    assert log_error(found.mean_log[0], means) <= limit
    np.testing.assert_allclose(found.share[0], np.array(expected.share, float), rtol=0, atol=10 * limit)
    np.testing.assert_allclose(found.cosine[0], np.array(expected.cosine, float), rtol=0, atol=10 * limit)
    np.testing.assert_allclose(10 ** found.error[0], np.array(expected.error, float), rtol=0, atol=10 * limit)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_statistics_are_those_of_the_naive_twin(activation, loss, loss_at, dtype):
    n = draw(activation=activation, loss=loss, loss_at=loss_at, dtype=dtype)
    agrees(n, naive.in_float64(n), 1e3 * EPS[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_statistics_are_right_at_every_shape(shape, loss_at, dtype):
    n = draw(*shape, gain=0.9, dtype=dtype, loss_at=loss_at)
    agrees(n, naive.in_float64(n), 1e4 * EPS[dtype])


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_shares_add_up_to_one_and_norms_to_the_gradient(gain, loss_at):
    n = draw(20, 5, 4, 60, 3, gain=gain, loss_at=loss_at)
    found = tables(n)
    assert found["lags_by_lag"]["share"].sum() == pytest.approx(1, abs=1e-10)
    whole = only(tables(n, gradients)["gradients"]["log10_grad_norm_U"])
    assert only(found["lags"]["log10_grad_norm_U"]) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("loss_at", LOSS_AT)
def test_far_outside_the_range(loss_at):
    """Lags from 1 down to 10^-900: the sum and its shares are the ones of mpmath."""
    n = draw(3, 2, 2, 40, 2, activation="sigmoid", loss_at=loss_at)
    n = replace(n, U=1e-24 * n.U)
    found, expected = sweep(n), naive_pairs.lags(naive.exact_network(n))
    logs = [float(naive.log10_norm(g)) for g in expected.by_lag]
    assert logs[-1] < -900
    assert log_error(found.norm[0], logs) <= 1e-10
    assert found.share[0, 0] == pytest.approx(1, abs=1e-12)
    if loss_at == "last":  # summed from the small end: right at any size
        assert log_error(found.error[0, :-1], [float(naive.log10_of(e)) for e in expected.error[:-1]]) <= 1e-10
    else:
        by_lag = tables(n)["lags_by_lag"]["log10_truncation_error"]
        assert by_lag.mask[:-1].all()  # nothing is missing but rounding: no number is better than a wrong one
        assert by_lag[-1] == -np.inf


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize(("activation", "gain", "length"), [("identity", 52, 6), ("silu", 80, 6)])
def test_contributions_whose_squares_float32_does_not_hold(activation, gain, length, loss_at):
    n = draw(13, 5, 3, length, 3, activation=activation, dtype="float32", loss_at=loss_at)
    n = replace(n, U=np.float32(gain) * n.U)
    agrees(n, naive.in_float64(n), 1e-2)


def test_shares_of_nothing_but_rounding_are_null():
    """Two lags that cancel but for the last digit."""
    one = np.ones((1, 1))
    cotangents = np.array([-2.0 * (1.0 + 2.0**-52), 1.0]).reshape(2, 1, 1)
    found = rnnlab.measure(
        one, 0 * one, one, np.zeros((2, 1, 1)), cotangents=cotangents, h0=one, activation="identity", measures=["lags"]
    )
    assert found.lags_by_lag[["share", "cosine"]].isna().all(axis=None)
    assert found.lags.reason[0] == "the lags cancel down to rounding"


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("gain", [0.3, 1.0, 1.8])
def test_errors_of_truncation_that_are_told_are_right(gain, loss_at):
    """What stands above the floor is within a tenth of mpmath, what lies under it is null."""
    n = draw(8, 3, 4, 30, 2, gain=gain, loss_at=loss_at)
    told = tables(n)["lags_by_lag"]["log10_truncation_error"]
    expected = [float(naive.log10_of(e)) for e in naive_pairs.lags(naive.exact_network(n)).error[1:-1]]
    for ours, theirs in zip(np.ma.masked_array(told).tolist()[:-1], expected, strict=True):
        assert theirs < -14 if ours is None else ours == pytest.approx(theirs, abs=0.1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tolerance", [0.1, 0.01, 0.5])
@pytest.mark.parametrize("loss_at", LOSS_AT)
def test_truncation_length_holds_from_there_on(loss_at, tolerance, seed):
    n = draw(8, 3, 4, 30, 2, gain=1.4, loss_at=loss_at, seed=seed)
    found = only(tables(n, tolerance=tolerance)["lags"]["truncation_length"])
    assert found == naive_pairs.truncation_length(n, tolerance)


def test_lag_zero_is_all_there_is_without_recurrence():
    n = draw()
    found = tables(replace(n, U=0 * n.U))
    assert only(found["lags"]["truncation_length"]) == 1
    assert only(found["lags"]["longest_lag"]) == 0
    assert found["lags_by_lag"]["share"].tolist() == pytest.approx([1] + [0] * 8, abs=1e-14)
    assert found["lags_by_lag"]["zero_pairs"].tolist() == [0, 8, 7, 6, 5, 4, 3, 2, 1]


def test_a_state_of_zeros_is_not_counted():
    found = tables(replace(draw(), h0=None))["lags_by_lag"]
    assert found["pairs"].tolist() == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert found["zero_pairs"].tolist() == [0] * 9
    assert np.ma.getmaskarray(found["log10_rms_contribution"]).tolist() == [False] * 8 + [True]
    last = tables(replace(draw(loss_at="last"), h0=None))["lags_by_lag"]
    assert last["pairs"].tolist() == [1] * 8 + [0]


def test_the_first_lags_alone():
    n = draw()
    few, every = tables(n, lags=4), tables(n)
    assert few["lags_by_lag"]["lag"].tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(few["lags_by_lag"]["share"], every["lags_by_lag"]["share"][:4])
    assert only(few["lags"]["truncation_length"]) == only(every["lags"]["truncation_length"])


def test_lags_beyond_the_length_do_not_fit():
    assert list(lags.misfits(lags.Settings(lags=7), {"length": 7})) == []
    assert list(lags.misfits(lags.Settings(), {"length": 7})) == []
    assert [name for name, _ in lags.misfits(lags.Settings(lags=8), {"length": 7})] == ["lags"]


@pytest.mark.parametrize("measure", [lags, horizon], ids=lambda m: m.NAME)
def test_a_dead_network_says_why_nothing_is_known(measure):
    n = replace(draw(activation="relu"), b=np.full(5, -100.0))
    found = tables(n, measure)[measure.NAME]
    assert only(found["status"]) == "ok"
    assert "exactly zero" in only(found["reason"])
    for name in ("truncation_length", "log10_cancellation", "horizon", "absorbed_float32", "horizon_censored"):
        assert name not in found or only(found[name]) is None


@pytest.mark.parametrize("measure", [lags, horizon], ids=lambda m: m.NAME)
@pytest.mark.parametrize("loss_at", LOSS_AT)
def test_a_divergence_is_null_without_another_reason(loss_at, measure):
    n = draw(activation="identity", length=100, loss_at=loss_at)
    found = tables(replace(n, U=1e9 * n.U), measure)
    summary = dict(found[measure.NAME])
    assert only(summary.pop("status")) == "diverged"
    assert only(summary.pop("diverged_at")) > 0
    assert all(only(values) is None for values in summary.values())
    if measure is lags:
        assert found["lags_by_lag"]["share"].mask.all()


# --- horizon ---


def closed_form(rate=0.4, **options):
    """h_t = rate h_{t-1} + x_t with the loss at the last step: the term of lag l is proportional to rate^l h."""
    one = np.ones((1, 1))
    return naive.Network(
        U=rate * one, W=one, V=one, x=(1 - rate) * np.ones((60, 1, 1)), y=np.zeros((60, 1, 1)), activation="identity",
        h0=np.ones((1, 1)), loss_at="last", **options,
    )  # fmt: skip


def test_the_horizon_of_a_geometric_decay():
    """The state is 1, the term of lag l is 0.4^l, their sum 5/3."""
    found = tables(closed_form(), horizon)["horizon"]
    assert only(found["horizon"]) == 8
    assert only(found["absorbed_float32"]) == 17
    assert only(found["absorbed_float64"]) == 39
    for name in ("horizon", "absorbed_float32", "absorbed_float64"):
        assert only(found[f"{name}_censored"]) is False
    for name in ("underflow_float32", "underflow_float64"):
        assert only(found[name]) is None
        assert only(found[f"{name}_censored"]) is True
    assert only(found["reason"]) is None


def test_underflow_is_told_where_floats_end():
    found = tables(closed_form(2.0**-30), horizon)["horizon"]
    assert only(found["underflow_float32"]) == 5  # 2^-150, half the smallest
    assert only(found["underflow_float64"]) == 36  # 2^-1080; the smallest is 2^-1074


def test_the_fraction_is_a_setting():
    assert only(tables(closed_form(), horizon, fraction=0.3)["horizon"]["horizon"]) == 2


def test_horizon_is_read_off_the_lags():
    n = draw(12, 3, 4, 60, 3, gain=0.7)
    rms = tables(n)["lags_by_lag"]["log10_rms_contribution"]
    first = int(np.argmax(rms < rms[0] - 3))
    assert 0 < first == only(tables(n, horizon)["horizon"]["horizon"])


def test_a_state_of_zeros_makes_no_horizon():
    n = replace(draw(16, 3, 4, 20, 2, gain=1.5), h0=None)
    found = tables(n, horizon)["horizon"]
    assert only(found["horizon"]) is None
    assert only(found["horizon_censored"]) is True
