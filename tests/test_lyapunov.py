"""The measure `lyapunov`: its tables against the naive twin, what must hold in every trial, and published results."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnlab import draws
from rnnlab.columns import schema
from rnnlab.measures import gradients, lyapunov
from rnnlab.networks import Trajectory, growth
from rnnlab.networks import trajectory as held
from rnnlab.trial import trial_of
from tests import naive_lyapunov
from tests.cases import DTYPES, block_of, draw

MEAN_FIELD = {1.5: 0.065217, 2.0: 0.154724, 3.0: 0.310249, 5.0: 0.532428}


def networks(*, seeds=1, activation="tanh", width=20, length=200, **parameters):
    values = {"activation": activation, "width": width, "length": length, **parameters}
    return draws.networks([trial_of({**values, "seed": seed}) for seed in range(seeds)])


def measured(block, **settings):
    return lyapunov.measure(block, Trajectory(block), lyapunov.Settings(**settings))


def summary(block, **settings):
    return measured(block, **settings)["lyapunov"]


@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (2, 3, 1, 40, 2), (17, 4, 3, 30, 3), (33, 5, 2, 25, 1)], ids=str)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "identity"])
def test_agrees_with_the_naive_twin(shape, activation):
    network = draw(*shape, activation=activation, gain=0.9)
    width, length, samples = shape[0], shape[3], shape[4]
    frame = growth.start_frame(width, width)
    logs = [naive_lyapunov.growth(naive_lyapunov.jacobians(network, b), frame)[length // 10 :] for b in range(samples)]
    each = -np.sort(-np.mean(logs, axis=1), axis=1)
    table = measured(block_of(network), samples="all")["lyapunov_by_index"]
    np.testing.assert_allclose(table["lyapunov_exponent"], each.mean(axis=0), rtol=0, atol=1e-10)
    if samples > 1:
        np.testing.assert_allclose(table["lyapunov_se"], each.std(axis=0, ddof=1) / samples**0.5, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(table["i"], np.arange(1, width + 1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_frames_are_float64_whatever_the_work(dtype):
    block = networks(dtype=dtype, recurrent_scale=1.3, length=60)
    slope, frame = Trajectory(block).slope[0, :, 0].astype(np.float64), growth.start_frame(20, 20)
    logs = naive_lyapunov.growth(slope[:, :, None] * block.U[0].astype(np.float64), frame)[6:]
    ours = measured(block)["lyapunov_by_index"]["lyapunov_exponent"]
    np.testing.assert_allclose(ours, -np.sort(-logs.mean(axis=0)), rtol=0, atol=1e-11)


@pytest.mark.parametrize("interval", ["auto", 10])
@pytest.mark.parametrize("activation", ["tanh", "erf"])
def test_a_step_that_nearly_kills_a_direction_is_not_taken_for_its_death(activation, interval):
    """Slopes of 10^-20 among others come all of a sudden; in a frame that is not orthonormal they drown."""
    for gain in (1.5, 4.0):
        for width in (7, 32):
            found = summary(
                networks(seeds=4, activation=activation, width=width, length=100, recurrent_scale=gain),
                interval=interval,
            )
            assert found["infinite_count"].tolist() == [0] * 4
            assert np.max(found["sum_rule_error"]) < 1e-8


@pytest.mark.parametrize("gain", [0.1, 1.0, 3.0, 20.0, 200.0])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "identity"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_sum_rule(activation, gain, dtype):
    found = summary(networks(seeds=2, activation=activation, recurrent_scale=gain, dtype=dtype))
    for total, error in zip(found["lyapunov_sum"], found["sum_rule_error"], strict=True):
        assert total is np.ma.masked or total == -np.inf or error <= 1e-12 * max(1.0, abs(total))


def test_the_columns_are_those_described():
    for table, columns in measured(networks(seeds=2)).items():
        names = [column.name for column in lyapunov.TABLES[table]]
        assert set(columns) - {"trial"} == set(names)
        for name in names:
            kind = schema(lyapunov.TABLES[table]).field(name).type
            assert np.asarray(columns[name]).dtype.kind == {"string": "O", "int64": "i", "double": "f"}[str(kind)]


def test_standard_errors_cover_the_difference_of_two_halves():
    """Exponents of two independent stretches differ by about their errors."""
    found = [measured(networks(seeds=8, recurrent_scale=2.0, length=1000, input_scale=s)) for s in (0.5, 0.5000001)]
    rates, errors = (
        [np.asarray(each["lyapunov_by_index"][name]).reshape(8, 20)[:, 0] for each in found]
        for name in ("lyapunov_exponent", "lyapunov_se")
    )
    z = (rates[0] - rates[1]) / np.hypot(*errors)
    assert 0.2 < np.sqrt(np.mean(z**2)) < 2.5


# --- settings ---


def test_fewer_exponents():
    block = networks(seeds=2, recurrent_scale=2.0)
    few, every = measured(block, exponents=3, interval=1), measured(block, interval=1)
    whole = np.asarray(every["lyapunov_by_index"]["lyapunov_exponent"]).reshape(2, 20)[:, :3]
    np.testing.assert_allclose(few["lyapunov_by_index"]["lyapunov_exponent"], whole.reshape(-1), rtol=1e-12)
    for name in ("lyapunov_sum", "sum_rule_error"):
        assert np.ma.getmaskarray(few["lyapunov"][name]).all()
    assert all("more exponents" in reason for reason in few["lyapunov"]["reason"])


def test_one_sample_is_the_first():
    block = networks(batch=3)
    first = {"x": block.x[:, :, :1], "h0": block.h0[:, :1], "y": block.y[:, :, :1]}
    alone = measured(replace(block, **{name: np.ascontiguousarray(array) for name, array in first.items()}))
    np.testing.assert_allclose(
        measured(block)["lyapunov_by_index"]["lyapunov_exponent"], alone["lyapunov_by_index"]["lyapunov_exponent"],
        rtol=0, atol=1e-10,
    )  # fmt: skip


def test_finite_time_exponents():
    found = summary(networks(length=1000, recurrent_scale=1.5), window=50)
    assert found["finite_time_mean"][0] == pytest.approx(found["lyapunov_max"][0], abs=1e-12)
    assert found["finite_time_min"] < found["finite_time_mean"] < found["finite_time_max"]
    assert found["finite_time_sd"][0] > 0
    assert np.ma.getmaskarray(summary(networks())["finite_time_sd"]).all()


def test_bad_settings_are_told_before_anything_runs():
    least = {"width": 8, "length": 20, "batch": 2}

    def wrong(**settings):
        return [name for name, _ in lyapunov.misfits(lyapunov.Settings(**settings), least)]

    assert wrong() == []
    assert wrong(exponents=8, burn_in=19, samples=2, window=1) == []
    assert wrong(exponents=9, burn_in=20, samples=3) == ["exponents", "burn_in", "samples"]
    assert wrong(window=18) == []
    assert wrong(window=19) == ["window"]
    for bad in ({"exponents": 0}, {"exponents": "some"}, {"interval": 0}, {"window": 0}, {"burn_in": -1}):
        with pytest.raises(ValueError, match="validation error"):
            lyapunov.Settings(**bad)


# --- long runs, divergence, death ---


def test_a_run_in_pieces_is_the_same(monkeypatch):
    block = networks(length=3000, recurrent_scale=1.2, batch=2)
    whole = measured(block, samples=2, window=100)
    monkeypatch.setattr(held, "HELD_BYTES", 0)
    pieces = measured(block, samples=2, window=100)
    for name, values in whole["lyapunov_by_index"].items():
        np.testing.assert_array_equal(pieces["lyapunov_by_index"][name], values)
    assert np.ma.getmaskarray(pieces["lyapunov"].pop("lyapunov_minus_growth_rate")).all()
    assert "too many to hold" in pieces["lyapunov"].pop("reason")[0]
    for name, values in pieces["lyapunov"].items():
        np.testing.assert_array_equal(values, whole["lyapunov"][name])


@pytest.mark.parametrize("length", [1, 2, 9])
@pytest.mark.parametrize("width", [1, 2])
def test_the_smallest_networks(width, length):
    found = summary(networks(width=width, length=length))
    assert found["sum_rule_error"][0] < 1e-13
    assert np.ma.getmaskarray(found["lyapunov_max_se"]).all()
    assert "standard error" in found["reason"][0]


def test_a_direction_that_dies_in_the_burn_in_leaves_no_sum_rule():
    """A unit of a diagonal network that is off at the first step and on ever after."""
    n = replace(draw(2, 1, 1, 10, 1, activation="relu"), U=np.eye(2), W=np.zeros((2, 1)), b=np.ones(2))
    n = replace(n, h0=np.array([[5.0, -5.0]]))
    found = summary(block_of(n), burn_in=3)
    assert found["lyapunov_sum"][0] == -np.inf
    assert np.ma.getmaskarray(found["sum_rule_error"]).all()
    assert "burn-in" in found["reason"][0]


def test_a_direction_that_rounding_loses_is_null_and_not_dead():
    """Units that do not mix, whose slopes outrun each other by more than the digits there are."""
    n = networks(activation="sigmoid", width=24, length=60, recurrent_init="identity", input_scale=40.0)
    tables = measured(n)
    exponents, found = tables["lyapunov_by_index"]["lyapunov_exponent"], tables["lyapunov"]
    lost = np.ma.getmaskarray(exponents)
    assert lost.any()
    assert np.isfinite(exponents.compressed()).all()
    assert found["infinite_count"][0] == 0
    assert np.ma.getmaskarray(found["lyapunov_sum"])[0]
    assert np.ma.getmaskarray(found["sum_rule_error"])[0]
    assert found["kaplan_yorke_dimension"][0] == 0
    assert "lost in rounding" in found["reason"][0]


def test_what_diverges_is_null():
    tables = measured(networks(seeds=2, activation="identity", recurrent_scale=1e9, length=100))
    assert set(tables["lyapunov"]["status"]) == {"diverged"}
    for name, values in tables["lyapunov"].items():
        if name not in ("status", "diverged_at"):
            assert np.ma.getmaskarray(values).all(), name
    assert np.ma.getmaskarray(tables["lyapunov_by_index"]["lyapunov_exponent"]).all()


def test_dead_networks_and_directions():
    dead = summary(networks(recurrent_scale=0.0))
    assert (dead["lyapunov_max"][0], dead["infinite_count"][0]) == (-np.inf, 20)
    assert "every direction dies" in dead["reason"][0]
    relu = networks(activation="relu", width=40, recurrent_scale=1.4)
    found = summary(relu, burn_in=50)
    alive = (Trajectory(relu).slope[0, :, 0] > 0).sum(axis=1).min()
    assert found["infinite_count"][0] == 40 - alive
    assert found["lyapunov_sum"][0] == -np.inf
    assert np.ma.getmaskarray(found["sum_rule_error"]).all()
    assert "volume is zero" in found["reason"][0]


# --- published results ---


@pytest.mark.parametrize("gain", [1.5, 2.0, 3.0, 5.0])
def test_the_largest_exponent_of_mean_field(gain):
    """Molgedey, Schuchhardt, Schuster 1992: ½ ln(g² E phi'²); at finite N about 2.7/N below at g = 3."""
    width = 200
    block = networks(seeds=4, width=width, length=700, recurrent_scale=gain, input_scale=0.0, initial_state="gaussian")
    found = np.asarray(summary(block, exponents=1, burn_in=200)["lyapunov_max"])
    error = found.std(ddof=1) / 2
    low, high = (5.0 / width, 1.0 / width) if gain >= 3 else (10.0 / width, 0.0)
    assert -low - 3 * error < found.mean() - MEAN_FIELD[gain] < high + 3 * error


def test_input_suppresses_chaos():
    """Molgedey 1992: at g² = 1.76095 a drive of variance 0.05 brings lambda_1 to 0; without it is 0.04."""
    block = networks(
        seeds=4, width=200, length=1200, recurrent_scale=math.sqrt(1.760955), input_scale=math.sqrt(0.05),
        initial_state="gaussian",
    )  # fmt: skip
    driven = np.asarray(summary(block, exponents=1, burn_in=200)["lyapunov_max"])
    assert abs(driven.mean()) < 0.01 + 3 * driven.std(ddof=1) / 2


@pytest.mark.parametrize("gain", [2.0, 1.7])
def test_relu_is_homogeneous(gain):
    """lambda_1(g) = ln g + lambda_1(1) for one and the same U, and so for all others."""
    options = {"activation": "relu", "width": 50, "input_scale": 0.0, "initial_state": "gaussian"}
    one, other = (measured(networks(recurrent_scale=g, **options))["lyapunov_by_index"] for g in (1.0, gain))
    rates = [np.asarray(each["lyapunov_exponent"]) for each in (one, other)]
    np.testing.assert_allclose(rates[1], rates[0] + math.log(gain), rtol=0, atol=1e-13 if gain == 2.0 else 1e-8)


@pytest.mark.parametrize("init", ["orthogonal", "identity"])
def test_isometries_have_exponents_of_zero(init):
    found = measured(networks(activation="identity", recurrent_init=init))["lyapunov_by_index"]["lyapunov_exponent"]
    np.testing.assert_allclose(found, 0.0, atol=1e-12)


@pytest.mark.parametrize(("activation", "gain"), [("tanh", 2.0), ("tanh", 0.8), ("sigmoid", 3.0), ("identity", 1.0)])
def test_the_slope_of_bptt_is_the_largest_exponent(activation, gain):
    """Mikhaeil, Monfared, Durstewitz 2022."""
    block = networks(activation=activation, recurrent_scale=gain, width=30, length=3000, input_scale=0.3)
    found = summary(block, burn_in=0)
    rate = gradients.measure(block, Trajectory(block), gradients.Settings())["gradients"]["growth_rate"][0]
    assert found["lyapunov_max"][0] - rate == pytest.approx(found["lyapunov_minus_growth_rate"][0], abs=1e-12)
    assert abs(found["lyapunov_minus_growth_rate"][0]) < 0.01
