"""The measure `gain` against the naive twin, and against what the two shares must add up to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnlab.measures import gain, gradients
from rnnlab.networks import Trajectory, adjoint_of_last, split_adjoint_of_last
from tests import naive, naive_gain
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, block_of, draw

EPS = {dtype: float(np.finfo(dtype).eps) for dtype in DTYPES}
SHAPES = [(1, 1, 1, 1, 1), (1, 2, 3, 30, 1), (9, 1, 5, 4, 7), (5, 4, 3, 129, 2), (31, 3, 2, 17, 3)]


def tables(network, measure=gain, **settings):
    networks = block_of(network)
    return measure.measure(networks, Trajectory(networks), measure.Settings(**settings))


def only(values):
    """The one entry of a column, None where it is null."""
    return np.ma.masked_array(values).tolist()[0]


def agrees(network, atol):
    found = tables(network)
    expected = naive_gain.gains(naive.exact_network(network))
    for name, series in zip(("slope_gain", "recurrent_gain"), expected, strict=True):
        ours, defined = found["gain_by_step"][name], np.isfinite(series)
        np.testing.assert_array_equal(np.ma.getmaskarray(ours), ~defined)  # null where an adjoint is zero
        np.testing.assert_allclose(np.asarray(ours)[defined], series[defined], rtol=0, atol=atol)
        mean = only(found["gain"][name])
        assert mean == pytest.approx(series.mean(), abs=atol) if defined.all() else mean is None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_with_the_naive_twin(activation, loss, dtype):
    agrees(draw(activation=activation, loss=loss, dtype=dtype), 1e3 * EPS[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_at_every_shape(shape, dtype):
    agrees(draw(*shape, gain=0.8, dtype=dtype), 1e4 * EPS[dtype])


@pytest.mark.parametrize("scale", [0.05, 1e3])
def test_agrees_far_outside_the_range(scale):
    """Norms fall below 10^-900, or rise above 10^900."""
    n = draw(4, 2, 3, 800, 2, activation="identity" if scale > 1 else "sigmoid")
    agrees(replace(n, U=scale * n.U, x=0 * n.x, h0=0 * n.h0, b=0 * n.b), 1e-11)


@pytest.mark.parametrize("skip", [{}, {"skip_first": 5, "skip_last": 7}])
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_two_shares_add_up_to_the_growth_rate(activation, loss_at, skip):
    network = draw(16, 3, 4, 60, 5, gain=1.5, activation=activation, loss_at=loss_at)
    found = tables(network, **skip)["gain"]
    rate = only(tables(network, gradients, **skip)["gradients"]["growth_rate"])
    if rate is None:  # an adjoint that is exactly zero
        assert only(found["slope_gain"]) is None
        return
    assert only(found["slope_gain"]) + only(found["recurrent_gain"]) == pytest.approx(rate, abs=1e-12)
    assert only(found["slope_gain_se"]) > 0 or activation == "identity"


def test_the_curve_of_the_adjoint_is_the_one_of_the_sweep_that_is_not_split():
    trajectory = Trajectory(block_of(draw(17, 3, 4, 33, 3)))
    np.testing.assert_array_equal(split_adjoint_of_last(trajectory)[0], adjoint_of_last(trajectory)[1])


def test_an_orthogonal_network_has_no_gain_but_its_scale():
    n = draw(12, 3, 4, 40, 2, activation="identity")
    orthogonal, _ = np.linalg.qr(n.U)
    found = tables(replace(n, U=1.25 * orthogonal))["gain"]
    assert only(found["slope_gain"]) == pytest.approx(0, abs=1e-13)
    for name in ("recurrent_gain", "recurrent_gain_isotropic"):
        assert only(found[name]) == pytest.approx(np.log(1.25), abs=1e-12)
    assert only(found["recurrent_gain_se"]) == pytest.approx(0, abs=1e-13)


def test_a_wide_random_network_meets_its_adjoint_as_if_it_were_isotropic():
    """Mean field: with slopes that know nothing of the adjoint each share is its isotropic expectation."""
    found = tables(draw(256, 256, 4, 60, 4, gain=1.2), skip_first=10)["gain"]
    for name in ("slope_gain", "recurrent_gain"):
        assert only(found[name]) == pytest.approx(only(found[f"{name}_isotropic"]), abs=0.05)


def test_isotropic_gains_are_those_of_the_weights_and_slopes():
    n = draw(activation="sigmoid")
    found = tables(n)["gain"]
    slopes = naive.slope("sigmoid", naive.forward(n)[0])
    assert only(found["slope_gain_isotropic"]) == pytest.approx(0.5 * np.log(np.mean(slopes**2)), abs=1e-13)
    assert only(found["recurrent_gain_isotropic"]) == pytest.approx(np.log(np.linalg.norm(n.U) / 5**0.5), abs=1e-13)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_weights_whose_squares_leave_the_range(size):
    n = draw(activation="identity", length=1)
    found = tables(replace(n, U=size * n.U, h0=0 * n.h0))["gain"]
    ordinary = tables(replace(n, h0=0 * n.h0))["gain"]
    for name in ("recurrent_gain", "recurrent_gain_isotropic"):
        assert only(found[name]) - only(ordinary[name]) == pytest.approx(np.log(size), abs=1e-10)


# --- what is not defined is null, and says why ---


def test_a_dead_sample_has_no_gain_and_says_so():
    n = draw(activation="relu")
    found = tables(replace(n, b=np.full(5, -100.0)))
    assert only(found["gain"]["status"]) == "ok"
    for name in ("slope_gain", "recurrent_gain", "slope_gain_se", "slope_gain_isotropic"):
        assert only(found["gain"][name]) is None
    assert only(found["gain"]["recurrent_gain_isotropic"]) is not None
    assert "exactly zero" in only(found["gain"]["reason"])
    assert found["gain_by_step"]["slope_gain"].mask.all()


def test_steps_before_an_adjoint_dies_keep_their_gain():
    n = draw(1, 1, 1, 6, 1, activation="relu")
    x = np.array([1.0, 1.0, -1e3, 1.0, 1.0, 1.0]).reshape(6, 1, 1)
    found = tables(replace(n, U=np.ones((1, 1)), W=np.ones((1, 1)), x=x, b=None, h0=None))["gain_by_step"]
    np.testing.assert_array_equal(np.ma.getmaskarray(found["slope_gain"]), [True] * 3 + [False] * 3)
    np.testing.assert_allclose(found["recurrent_gain"][3:], 0.0, atol=1e-15)


def test_a_divergence_is_null_without_another_reason():
    n = draw(activation="identity", length=400)
    found = tables(replace(n, U=10 * n.U))
    assert only(found["gain"]["status"]) == "diverged"
    assert only(found["gain"]["diverged_at"]) > 0
    for name in ("slope_gain", "recurrent_gain_se", "slope_gain_isotropic", "reason"):
        assert only(found["gain"][name]) is None
    assert found["gain_by_step"]["recurrent_gain"].mask.all()


def test_an_output_that_overflows_at_the_last_step_is_a_divergence():
    n = draw(loss_at="last")
    found = tables(replace(n, V=np.full((4, 5), 1e308), h0=np.ones((3, 5)), b=np.full(5, 50.0)))
    assert only(found["gain"]["diverged_at"]) == 9
    assert only(found["gain"]["slope_gain"]) is None


def test_outputs_that_overflow_earlier_tell_when():
    n = draw(activation="identity", length=40)
    n = replace(n, U=1e10 * n.U, V=1e200 * n.V)
    networks = block_of(n)
    expected = gradients.measure(networks, Trajectory(networks), gradients.Settings())["gradients"]["diverged_at"]
    assert only(tables(n)["gain"]["diverged_at"]) == only(expected) < 31


def test_without_recurrent_weights_the_last_step_back_is_the_one_that_dies():
    n = draw(5, 4, 3, 1, 2)
    found = tables(replace(n, U=0 * n.U))["gain"]
    assert only(found["slope_gain"]) is not None
    assert only(found["recurrent_gain"]) is None
    assert "exactly zero" in only(found["reason"])


def test_settings_that_leave_no_step_say_so():
    found = tables(draw(), skip_first=4, skip_last=5)["gain"]
    assert only(found["slope_gain"]) is None
    assert only(found["reason"]) == "the settings leave no step"


def test_rows_by_step_are_those_that_were_asked_for():
    assert "gain_by_step" not in tables(draw(), steps=False)
    assert tables(draw(), steps=4)["gain_by_step"]["t"].tolist() == [4, 8]


@pytest.mark.parametrize("length", [9, 10])
def test_a_standard_error_needs_ten_steps(length):
    assert (only(tables(draw(length=length))["gain"]["slope_gain_se"]) is None) == (length < 10)
