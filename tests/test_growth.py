"""The growth of a gradient as the measure `gradients` tells it, against the naive twin on the trial's own arrays."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import rnnlab
from tests import naive
from tests.cases import ACTIVATIONS, DTYPES

NORMS = {name: f"log10_grad_norm_{name}" for name in naive.PARAMETERS}
SMALL = {"width": 6, "inputs": 3, "outputs": 4, "length": 12, "batch": 3, "initial_state": "gaussian"}


def run(folder, measure=None, **grid):
    """Run a grid; its lists and ranges are axes."""
    values = {**SMALL, **grid}
    lines = ["schema = 1", 'name = "growth"', "[grid]", *(f"{k} = {toml(v)}" for k, v in values.items())]
    settings = ["[measure.gradients]", *(f"{k} = {toml(v)}" for k, v in (measure or {}).items())]
    path = folder / "growth.toml"
    path.write_text("\n".join([*lines, *settings]) + "\n", encoding="utf-8")
    return rnnlab.run(str(path), store=str(folder / "results"), workers=1)


def toml(value):
    return f"{{ range = {value.stop} }}" if isinstance(value, range) else json.dumps(value)


def network(results, row, loss="squared"):
    """Return the trial of this row as the naive twin takes it."""
    problem = results.problem(row.key)
    arrays = {name: np.asarray(getattr(problem, name)) for name in (*naive.PARAMETERS, "x", "y")}
    return naive.in_float64(naive.Network(**arrays, activation=row.activation, loss=loss, loss_at=row.loss_at))


def same(ours, expected, atol):
    """Both null, or equal to `atol`."""
    assert pd.isna(ours) == (expected is None)
    assert expected is None or ours == pytest.approx(expected, abs=atol)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_every_statistic_is_that_of_the_naive_twin(tmp_path, loss, dtype):
    axes = {"activation": ["tanh", "sigmoid", "relu", "identity"], "loss_at": ["every", "last"], "seed": range(3)}
    results = run(tmp_path, **axes, loss=loss, dtype=dtype, bias_scale=0.3, recurrent_scale=1.2)
    atol = 1e4 * float(np.finfo(dtype).eps)
    assert len(results.trials) == 24
    by_step = results.table("gradients_by_step")
    for row in results.trials.itertuples():
        n = network(results, row, loss)
        g = naive.gradients(n)
        same(row.log10_loss, np.log10(g.loss), atol)
        for name, column in NORMS.items():
            same(getattr(row, column), g.log10_norm[name], atol)
        same(row.growth_rate, naive.growth_rate(n), atol)
        same(row.growth_rate_rms, naive.growth_rate_rms(n), atol)
        assert row.verdict == naive.verdict(n)
        steps = by_step[by_step.key == row.key].sort_values("t")
        assert steps.t.tolist() == list(range(1, 13))
        np.testing.assert_allclose(steps.log10_grad_norm_h, np.array(g.hidden_log10_norm, float), rtol=0, atol=atol)


LARGEST = {"tanh": 1.0, "sigmoid": 0.25, "hardtanh": 1.0, "erf": 2 / np.sqrt(np.pi)}  # of those that saturate


@pytest.mark.parametrize(
    ("activations", "scales"), [(("tanh", "sigmoid", "relu"), (0.5, 3.0, 30.0)), (ACTIVATIONS, (0.5, 3.0))]
)
def test_forward_statistics_are_those_of_the_naive_twin(tmp_path, activations, scales):
    results = run(tmp_path, activation=activations, recurrent_scale=scales, seed=range(2))
    by_step = results.table("gradients_by_step")
    for row in results.trials.itertuples():
        n = network(results, row)
        a, h, _ = naive.forward(n)
        slopes = naive.slope(n.activation, a)
        largest = LARGEST.get(n.activation)
        same(row.phi_prime_mean, np.mean(slopes), 1e-9)
        same(row.phi_prime_sq_mean, np.mean(slopes**2), 1e-9)
        same(row.chi_measured, row.recurrent_scale**2 * np.mean(slopes**2), 1e-6)
        same(row.saturated_fraction, largest and np.mean(np.abs(slopes) < 0.05 * largest), 1e-12)
        same(row.dead_fraction, np.mean(np.all(slopes == 0, axis=(0, 1))), 1e-12)
        same(row.spectral_radius, np.max(np.abs(np.linalg.eigvals(n.U))), 1e-9)
        same(row.spectral_norm, np.linalg.norm(n.U, 2), 1e-9)
        steps = by_step[by_step.key == row.key].sort_values("t")
        np.testing.assert_allclose(steps.state_rms, np.sqrt(np.mean(h[1:] ** 2, axis=(1, 2))), rtol=1e-9)
        np.testing.assert_allclose(steps.phi_prime_mean, np.mean(slopes, axis=(1, 2)), rtol=1e-9)


def test_the_rate_is_of_the_last_loss_whatever_loss_at_is(tmp_path):
    trials = run(tmp_path, activation=["tanh", "relu"], loss_at=["every", "last"], seed=range(3)).trials
    every, last = (trials[trials.loss_at == at].set_index(["activation", "seed"]) for at in ("every", "last"))
    for column in ("growth_rate", "growth_rate_rms"):
        pd.testing.assert_series_equal(every[column], last[column], check_exact=False, atol=1e-12)


def test_verdicts_turn_at_a_ratio_of_ten(tmp_path):
    """An orthogonal linear network multiplies by g at every step: the ratio is g^T."""
    edge = 10 ** (1 / 12)
    scales = [0.5, 0.999 / edge, 1.001 / edge, 1.0, 0.999 * edge, 1.001 * edge, 2.0]
    results = run(tmp_path, activation="identity", recurrent_init="orthogonal", recurrent_scale=scales)
    trials = results.trials.sort_values("recurrent_scale")
    assert trials.verdict.tolist() == ["vanishes", "vanishes", "stable", "stable", "stable", "explodes", "explodes"]
    np.testing.assert_allclose(trials.growth_rate, np.log(sorted(scales)), atol=1e-12)
    np.testing.assert_allclose(trials.growth_rate_rms, np.log(sorted(scales)), atol=1e-12)
    np.testing.assert_allclose(trials.growth_rate_se, 0, atol=1e-12)


@pytest.mark.parametrize(
    "zero",
    [
        {"recurrent_scale": 0.0, "activation": ["tanh", "sigmoid", "relu", "identity"]},
        {"output_scale": 0.0, "activation": ["tanh", "relu"]},
        {"input_scale": 0.0, "initial_state": "zeros", "activation": "relu"},
    ],
)
def test_an_exact_zero_has_no_rate_and_vanishes(tmp_path, zero):
    trials = run(tmp_path, **zero).trials
    assert trials.growth_rate.isna().all()
    assert trials.growth_rate_rms.isna().all()
    assert (trials.verdict == "vanishes").all()
    assert (trials.status == "ok").all()
    assert (trials.log10_grad_norm_h0 == -np.inf).all()


def test_rates_far_outside_the_range(tmp_path):
    shape = {"length": 1100, "batch": 2, "width": 3}
    results = run(tmp_path, activation=["sigmoid", "tanh"], recurrent_scale=[0.1, 8.0], loss_at="last", **shape)
    for row in results.trials[results.trials.recurrent_scale == 0.1].itertuples():
        exact = naive.exact_network(network(results, row))
        assert row.log10_grad_norm_h0 < -1000
        same(row.growth_rate, naive.growth_rate(exact), 1e-12)
        same(row.growth_rate_rms, naive.growth_rate_rms(exact), 1e-12)
    assert np.isfinite(results.trials.growth_rate).all()


def test_relu_is_homogeneous_in_the_gain(tmp_path):
    """growth_rate(g) = ln g + growth_rate(1) for one U, no input, no bias; one output, so that V sets the adjoint."""
    axes = {"recurrent_scale": [0.5, 1.0, 4.0], "seed": range(8)}
    trials = run(tmp_path, activation="relu", input_scale=0.0, outputs=1, **axes).trials
    rates = trials.pivot_table(index="seed", columns="recurrent_scale", values="growth_rate", dropna=False)
    assert rates.notna().any().all()
    for scale in (0.5, 4.0):
        difference = (rates[scale] - rates[1.0]).dropna()
        np.testing.assert_allclose(difference, np.log(scale), atol=1e-12)


def test_the_standard_error_needs_ten_steps_and_falls_with_length(tmp_path):
    results = run(tmp_path, activation="tanh", recurrent_scale=2.5, length=[9, 10, 50, 800], seed=range(6), width=16)
    by_length = results.trials.groupby("length").growth_rate_se
    assert by_length.apply(lambda s: s.isna().all())[9]
    assert by_length.apply(lambda s: s.notna().all())[[10, 50, 800]].all()
    assert (results.trials.growth_rate_se.dropna() > 0).all()
    ratio = by_length.mean()[50] / by_length.mean()[800]
    assert 2 < ratio < 10  # sqrt(800/50) = 4


@pytest.mark.parametrize("skip", [(0, 0), (3, 0), (0, 4), (6, 10), (7, 10), (13, 12)])
@pytest.mark.parametrize("loss_at", ["every", "last"])
def test_rates_leave_out_the_steps_that_are_skipped(tmp_path, loss_at, skip):
    first, last = skip
    settings = {"skip_first": first, "skip_last": last}
    results = run(tmp_path, settings, activation=["tanh", "sigmoid"], length=26, loss_at=loss_at, seed=range(2))
    for row in results.trials.itertuples():
        d = naive.adjoint_of_last(network(results, row))[first : 27 - last]
        logs = np.log(np.linalg.norm(d, axis=2))
        rms = np.log(np.linalg.norm(d, axis=(1, 2)))
        left = 26 - first - last
        same(row.growth_rate, np.mean(logs[0] - logs[-1]) / left, 1e-12)
        same(row.growth_rate_rms, (rms[0] - rms[-1]) / left, 1e-12)
        assert pd.isna(row.growth_rate_se) == (left < 10)


@pytest.mark.parametrize("skip", [(12, 0), (0, 12), (5, 7), (100, 100)])
def test_where_no_step_is_left_there_is_no_rate_but_a_verdict(tmp_path, skip):
    settings = dict(zip(("skip_first", "skip_last"), skip, strict=True))
    results = run(tmp_path, settings, activation="tanh", recurrent_scale=[0.3, 1.0])
    assert results.trials[["growth_rate", "growth_rate_rms", "growth_rate_se"]].isna().all(axis=None)
    verdicts = [naive.verdict(network(results, row)) for row in results.trials.itertuples()]
    assert results.trials.verdict.tolist() == verdicts
    assert verdicts[0] == "vanishes"


def test_states_that_overflow_have_status_diverged_and_the_step(tmp_path):
    results = run(tmp_path, activation=["relu", "identity"], recurrent_scale=1e9, length=60, seed=range(2))
    by_step = results.table("gradients_by_step")
    for row in results.trials.itertuples():
        n = network(results, row)
        with np.errstate(over="ignore", invalid="ignore"):
            _, h, o = naive.forward(n)
        finite = np.isfinite(h[1:]).all(axis=(1, 2)) & np.isfinite(o).all(axis=(1, 2))
        assert (row.status, row.diverged_at) == ("diverged", int(np.argmin(finite)) + 1)
        assert pd.isna([row.log10_loss, row.growth_rate, row.log10_grad_norm_U]).all()
        steps = by_step[by_step.key == row.key].set_index("t")
        assert steps.state_rms.notna().tolist() == [t < row.diverged_at for t in steps.index]
        assert steps.log10_grad_norm_h.isna().all()


def test_a_loss_that_overflows_with_finite_states_is_ok(tmp_path):
    results = run(tmp_path, activation="relu", recurrent_scale=16.0, length=200, width=16)
    row = next(results.trials.itertuples())
    reference = naive.gradients(naive.exact_network(network(results, row)))
    assert row.status == "ok"
    same(row.log10_loss, float(naive.log10(reference.loss)), 1e-9)
    same(row.log10_grad_norm_U, float(reference.log10_norm["U"]), 1e-9)
    assert row.log10_grad_norm_U > 308
