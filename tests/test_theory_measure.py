"""The measure `theory`: predictions against the naive twin and the functions, measured numbers against `gradients`."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import mpmath
import numpy as np
import pytest

from rnnlab import draws
from rnnlab import theory as functions
from rnnlab.measures import gradients, theory
from rnnlab.networks import Trajectory
from rnnlab.theory import averages
from rnnlab.theory.courses import course, driven_course, driven_edge
from rnnlab.trial import trial_of
from tests import naive_theory
from tests.cases import ACTIVATIONS, DTYPES, block_of
from tests.cases import draw as network

SMALL = {"activation": "tanh", "width": 32, "length": 60, "batch": 2, "bias_scale": 0.3, "recurrent_scale": 1.4}


def block(*changes, **shared):
    return draws.networks([trial_of({**SMALL, **shared, **each}) for each in changes or ({},)])


def measured(networks, measure=theory):
    """Columns as lists, None where null."""
    table = measure.measure(networks, Trajectory(networks), measure.Settings())[measure.NAME]
    return {name: np.ma.masked_array(values).tolist() for name, values in table.items()}


def only(networks, measure=theory):
    return {name: values[0] for name, values in measured(networks, measure).items()}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_column_is_there_in_its_order(activation):
    networks = block(activation=activation)
    table = theory.measure(networks, Trajectory(networks), theory.Settings())["theory"]
    assert set(table) == {column.name for column in theory.TABLES["theory"]}


@pytest.mark.parametrize("init", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_predictions_are_those_of_the_functions(activation, init):
    found = only(block(activation=activation, recurrent_init=init, recurrent_scale=1.3, input_scale=0.7))
    w, d = 1.3**2, 0.7**2 + 0.3**2
    assert found["drive_variance"] == pytest.approx(d)
    assert found["q_fixed"] == pytest.approx(functions.fixed_point(activation, weight_variance=w, bias_variance=d))
    assert found["chi"] == pytest.approx(functions.chi(activation, weight_variance=w, bias_variance=d))
    rate = functions.lyapunov(activation, weight_variance=w, drive_variance=d)
    assert found["lyapunov_predicted"] == pytest.approx(rate)
    assert found["depth_scale"] == pytest.approx(-1 / rate)
    assert found["edge_of_chaos"] ** 2 == pytest.approx(functions.edge_of_chaos(activation, bias_variance=d))
    path = functions.iterate(activation, weight_variance=w, bias_variance=d, steps=59, start=d)
    assert found["q_final"] == pytest.approx(path[-1], rel=1e-9)
    squares = [functions.average_squared_slope(activation, q) for q in path]
    assert found["chi_predicted"] == pytest.approx(w * np.mean(squares), rel=1e-9)
    assert found["growth_rate_predicted"] == pytest.approx(np.mean(0.5 * np.log(w * np.array(squares))), rel=1e-9)
    assert found["state_square_predicted"] == pytest.approx(
        np.mean([functions.average_square(activation, q) for q in path]), rel=1e-9
    )
    variance = {"weight_variance": w, "bias_variance": d, "steps": 60, "init": init}
    if activation == "relu":  # at the fixed point from the first step on, as far as slopes are concerned
        assert found["isometry_variance_predicted"] == pytest.approx(functions.isometry_variance("relu", **variance))
    assert found["relative_isometry_variance_predicted"] == pytest.approx(
        functions.isometry_variance(activation, **variance, relative=True), rel=0.05
    )
    assert found["norm_bound_verdict"] == ("vanishes" if found["norm_bound"] < 0 else "undecided")


@pytest.mark.parametrize("activation", ["relu", "softplus", "gelu", "identity"])
def test_the_course_of_a_state_that_grows(activation):
    """Step by step as `iterate` has it, also where it is continued as a line and where it leaves the range."""
    for g, T in ((2.0, 100), (3.0, 100), (16.0, 400)):
        found = course(activation, g * g, 1.3, 0.0, T)
        path = functions.iterate(activation, weight_variance=g * g, bias_variance=1.3, steps=T - 1, start=1.3)
        np.testing.assert_allclose(found.q, path[: len(found.q)], rtol=1e-6)
        assert len(found.q) == T or found.q[-1] == path[-1] == np.inf
        assert found.slope[-1] == averages.averages(activation).far[0]


def test_the_course_begins_at_the_trials_own_state():
    """q_1 = g² mean h_0² + d, from zeros or from what was drawn."""
    networks = block({"length": 1, "initial_state": "gaussian"})
    found = only(networks)
    q = 1.4**2 * float(np.mean(networks.h0**2)) + 1.09
    assert found["q_final"] == pytest.approx(q)
    assert found["growth_rate_predicted"] == pytest.approx(
        0.5 * math.log(1.4**2 * naive_theory.average(naive_theory.SLOPE["tanh"], q))
    )
    assert only(block({"length": 1}))["q_final"] == pytest.approx(1.09)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", ["every", "last"])
def test_measured_numbers_are_those_of_gradients(loss_at, dtype):
    networks = block({}, {"activation": "sigmoid"}, {"activation": "relu"}, loss_at=loss_at, dtype=dtype)
    found, known = measured(networks), measured(networks, gradients)
    for ours, theirs in (("growth_rate_measured", "growth_rate"), ("chi_measured", "chi_measured")):
        assert found[ours] == pytest.approx(known[theirs], rel=1e-6)
    for g in range(3):
        gap = found["growth_rate_measured"][g] - found["growth_rate_predicted"][g]
        assert found["growth_rate_gap"][g] == pytest.approx(gap)
        assert found["growth_rate_z"][g] == pytest.approx(gap / known["growth_rate_se"][g], rel=1e-4)
        for name in ("chi", "state_square"):
            gap = found[f"{name}_measured"][g] - found[f"{name}_predicted"][g]
            assert found[f"{name}_gap"][g] == pytest.approx(gap, abs=1e-6)
    assert found["norm_bound"] == pytest.approx(
        [np.log(gamma * norm) for gamma, norm in zip((1, 0.25, 1), known["spectral_norm"], strict=True)]
    )


@pytest.mark.parametrize(("activation", "g", "s"), [("tanh", 1.32701, 0.2236), ("tanh", 2.5, 1), ("sigmoid", 3, 1)])
def test_wide_networks_do_what_is_predicted(activation, g, s):
    """PUBLISHED 8: at (g², s²) = (1.76095, 0.05) the exponent is 0; and elsewhere within the finite-width bias."""
    shape = {"width": 512, "length": 300, "batch": 1, "bias_scale": 0.0, "outputs": 1}
    networks = block({"seed": 0}, {"seed": 1}, activation=activation, recurrent_scale=g, input_scale=s, **shape)
    found = measured(networks)
    if s < 1:
        assert found["lyapunov_predicted"][0] == pytest.approx(0, abs=1e-4)
    for name, limit in (("growth_rate", 0.02), ("chi", 0.03), ("state_square", 0.03)):
        assert np.mean(found[f"{name}_gap"]) == pytest.approx(0, abs=limit)


# --- few inputs ---


def naive_driven(n, g):
    """The course under a network's own drives, one sample at a time: means of ½ ln χ, χ, E φ²."""
    w, name = float(n.gain[g]) ** 2, n.activation[g]
    rates, chis, squares = [], [], []
    for s in range(n.shape[2]):
        square = float(np.mean(n.h0[n.initial[g], s] ** 2))
        for t in range(n.shape[1]):
            q = w * square + float(np.mean((n.W[g] @ n.x[n.source[g], t, s] + n.b[g]) ** 2))
            square = naive_theory.average(naive_theory.PHI[name], q)
            chis.append(w * naive_theory.average(naive_theory.SLOPE[name], q))
            rates.append(0.5 * math.log(chis[-1]))
            squares.append(square)
    return np.mean(rates), np.mean(chis), np.mean(squares)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "elu"])
def test_few_inputs_agree_with_the_naive_twin(activation):
    with mpmath.workdps(15):
        networks = block_of(network(7, 3, 2, 4, 2, activation=activation))
        expected = naive_driven(networks, 0)
        found = only(networks)
    for name, value in zip(("growth_rate", "chi", "state_square"), expected, strict=True):
        assert found[f"{name}_predicted"] == pytest.approx(value, rel=1e-9)


def test_few_inputs_are_followed_and_many_are_averaged():
    few, many = (only(block(inputs=D, width=200, bias_scale=0.0, length=200)) for D in (1, 64))
    assert many["drive_variance"] == 1
    assert few["drive_variance"] != 1
    assert few["lyapunov_predicted"] != pytest.approx(many["lyapunov_predicted"], abs=0.01)
    for found in (few, many):
        assert abs(found["growth_rate_gap"]) < 0.05
    alike = functions.lyapunov("tanh", weight_variance=1.96, drive_variance=few["drive_variance"])
    assert abs(few["lyapunov_predicted"] - alike) > 0.02  # what averaging x_t away would say


def test_a_constant_drive_is_the_bias_of_mean_field():
    drive = np.full((400, 3), 0.09)
    w = np.array([1.3, 2.5, 2.0]) ** 2
    found = driven_course("tanh", w, drive, np.zeros(3))
    for k in range(3):
        q = functions.fixed_point("tanh", weight_variance=w[k], bias_variance=0.09)
        assert found.q[-1, k] == pytest.approx(q, rel=1e-9)
    edge = driven_edge("tanh", np.full((2000, 2, 1), 0.05), np.array([1.0, 3.0]))
    assert edge == pytest.approx([1.760955] * 2, rel=1e-4)


def test_the_edge_under_few_inputs_is_where_the_exponent_is_zero():
    found = only(block(inputs=1, length=300))
    again = only(block(inputs=1, length=300, recurrent_scale=found["edge_of_chaos"]))
    assert again["lyapunov_predicted"] == pytest.approx(0, abs=1e-3)


# --- what is not defined ---


def test_inits_that_mean_field_does_not_cover_are_null_with_a_reason():
    found = only(block(recurrent_init="identity"))
    assert found["reason"] == "mean field does not cover recurrent_init = identity"
    null = [name for name, value in found.items() if value is None]
    assert {"q_fixed", "chi", "growth_rate_predicted", "growth_rate_gap", "growth_rate_z", "verdict_predicted"} < set(
        null
    )
    for name in ("growth_rate_measured", "chi_measured", "state_square_measured", "norm_bound"):
        assert found[name] is not None


def test_a_sparse_network_is_covered_where_its_rows_have_entries_enough():
    networks = block(width=64)
    U = np.where(np.arange(64) < 31, networks.U, 0.0)
    few, enough = (only(replace(networks, U=u, known_init=("sparse",))) for u in (U, networks.U))
    assert (few["chi"], few["reason"]) == (None, "mean field does not cover recurrent_init = sparse")
    assert enough["chi"] is not None


def test_a_covered_init_has_no_reason():
    assert only(block())["reason"] is None


def test_a_network_that_diverges_keeps_its_predictions():
    found = only(block(activation="relu", recurrent_scale=1e9, length=60))
    assert (found["status"], found["q_fixed"], found["verdict_predicted"]) == ("diverged", math.inf, "explodes")
    for name in ("growth_rate", "chi", "state_square"):
        assert [found[f"{name}_{what}"] for what in ("measured", "gap", "z")] == [None] * 3


def test_short_runs_have_no_z():
    found = only(block(length=9))
    for name in ("growth_rate", "chi", "state_square"):
        assert found[f"{name}_z"] is None
        assert found[f"{name}_gap"] is not None


@pytest.mark.parametrize(("activation", "rate"), [("tanh", math.log(3)), ("relu", -math.inf)])
def test_a_silent_network_stays_silent(activation, rate):
    """Without input, bias and state nothing ever happens: tanh has slope 1 there, ReLU none."""
    found = only(block(activation=activation, input_scale=0.0, bias_scale=0.0, recurrent_scale=3.0))
    assert (found["q_final"], found["state_square_measured"], found["state_square_predicted"]) == (0, 0, 0)
    assert found["growth_rate_predicted"] == pytest.approx(rate)
    if activation == "tanh":
        assert found["lyapunov_predicted"] == pytest.approx(0.310249, abs=5e-7)
    else:
        assert found["growth_rate_measured"] is None
        assert found["verdict_predicted"] == "vanishes"


def test_no_recurrent_weights():
    found = only(block(recurrent_scale=0.0))
    assert (found["chi"], found["lyapunov_predicted"], found["depth_scale"]) == (0, -math.inf, 0)
    assert found["verdict_predicted"] == "vanishes"


@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (1, 2, 1, 30, 1), (5, 1, 3, 1, 4), (7, 40, 2, 11, 3)], ids=str)
def test_every_shape(shape):
    found = only(block_of(network(*shape)))
    assert math.isfinite(found["growth_rate_predicted"])


def test_far_outside_the_range_nothing_breaks():
    for scale in (1e-9, 1e9):
        for activation in ACTIVATIONS:
            found = only(block(activation=activation, recurrent_scale=scale, input_scale=scale, length=20))
            assert found["growth_rate_predicted"] is not None


@pytest.mark.parametrize("inputs", [1, 40])
@pytest.mark.parametrize("scales", [(1e200, 1.0), (1.0, 1e200)])
@pytest.mark.parametrize("activation", ["erf", "sigmoid", "relu"])
def test_variances_beyond_the_range_of_floats_are_null_with_a_reason(activation, scales, inputs):
    recurrent, drive = scales
    found = only(block(activation=activation, recurrent_scale=recurrent, input_scale=drive, inputs=inputs, length=3))
    assert "beyond the range" in found["reason"]
    assert found["growth_rate_predicted"] is found["verdict_predicted"] is found["drive_variance"] is None


@pytest.mark.parametrize("inputs", [1, 40])
def test_slabs_change_no_bit(inputs):
    axes = product(range(2), ["tanh", "relu", "sigmoid"], [0.9, 1e9])
    names = ("seed", "activation", "recurrent_scale")
    whole = block(*(dict(zip(names, values, strict=True)) for values in axes), inputs=inputs)
    parts = [measured(slab) for slab in whole.slabs(1)]
    for name, values in measured(whole).items():
        np.testing.assert_array_equal([part[name][0] for part in parts], values, name)


def test_arrays_of_ones_own_are_taken_as_independent():
    networks = replace(block(inputs=64, width=64), known_init=None, known_drive=None)
    found = only(networks)
    assert found["reason"] is None
    x, W, b = networks.x[0], networks.W[0], networks.b[0]
    assert found["drive_variance"] == pytest.approx(np.mean((x @ W.T + b) ** 2))
