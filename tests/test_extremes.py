"""Far outside the range of floats: every norm is right, nothing crashes, and what is not a number says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rnnlab
from rnnlab import networks
from rnnlab.kernels.accumulate import mated
from tests import naive
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, arguments, block_of, draw, log_error, stack

EPS = {dtype: float(np.finfo(dtype).eps) for dtype in DTYPES}


def exactly(network):
    return naive.gradients(naive.exact_network(network))


def logs_agree(ours, reference, atol):
    """Every log10 norm to `atol` (absolute, in nats)."""
    errors = {name: log_error(ours.log10_norm[name], value) for name, value in reference.log10_norm.items()}
    errors["hidden"] = log_error(ours.hidden_log10_norm, reference.hidden_log10_norm)
    assert not {k: v for k, v in errors.items() if not v <= atol}, errors


def test_sigmoid_at_2000_steps_is_right_to_nine_digits_below_1e_1000():
    network = draw(4, 2, 3, 2000, 2, gain=1.0, activation="sigmoid", loss_at="last")
    ours, reference = rnnlab.gradients(**arguments(network)), exactly(network)
    assert ours.log10_norm["h0"] < -1000
    assert np.max(np.abs(ours.hidden_log10_norm - np.array(reference.hidden_log10_norm, float))) < 1e-9
    assert all(abs(ours.log10_norm[name] - v) < 1e-9 for name, v in reference.log10_norm.items())


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_long_decay_in_float32(activation):
    network = draw(4, 2, 3, 600, 2, gain=0.2, activation=activation, loss_at="last", dtype="float32")
    logs_agree(rnnlab.gradients(**arguments(network)), exactly(network), 600 * 8 * EPS["float32"])


# --- the linear network is its matrix powers ---


@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_network_is_its_matrix_powers(dtype):
    n = draw(6, 2, 3, 30, 2, gain=1.0, activation="identity", loss_at="last", dtype=dtype)
    n = replace(n, x=0 * n.x, b=None, c=None)
    U, V, h0, y = (v.astype(np.float64) for v in (n.U, n.V, n.h0, n.y))
    residual = h0 @ np.linalg.matrix_power(U, 30).T @ V.T - y[-1]
    adjoints = [residual @ V @ np.linalg.matrix_power(U, 30 - t) for t in range(31)]
    ours = rnnlab.gradients(**arguments(n))
    np.testing.assert_allclose(ours.h0, adjoints[0] / 2, rtol=1e4 * EPS[dtype], atol=1e2 * EPS[dtype])
    norms = [np.log10(np.sqrt(np.mean(np.sum(d**2, axis=1)))) for d in adjoints[1:]]
    np.testing.assert_allclose(ours.hidden_log10_norm, norms, atol=1e3 * EPS[dtype])


def constant(c, length, width=4, dtype="float64", activation="identity", loss_at="last"):
    """U = c/N everywhere and x = 0: states stay 0, and every step back multiplies the mean adjoint by c."""
    n = draw(width, 2, 3, length, 2, activation=activation, dtype=dtype, loss_at=loss_at)
    return replace(n, U=np.full((width, width), c / width, dtype), x=0 * n.x, h0=None, b=None, c=None)


def powers(network):
    """log10 of ‖dL_T/dh_t‖, t = 1..T, of a `constant` network."""
    c = float(network.U[0, 0]) * len(network.U)
    last = -network.y[-1].astype(np.float64) @ network.V.astype(np.float64)
    level = 0.5 * np.log10(np.mean(np.mean(last, axis=1) ** 2) * len(network.U))
    before = level + np.arange(len(network.x) - 1, 0, -1) * np.log10(c)
    return np.array([*before, np.log10(np.sqrt(np.mean(np.sum(last**2, axis=1))))])


@pytest.mark.parametrize("activation", ["identity", "tanh"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("c", "length", "reaches"), [(100.0, 2001, 4000), (0.01, 2501, -5000), (2.0**-9, 1850, -5000)])
def test_constant_weights_give_exact_powers(c, length, reaches, dtype, activation):
    network = constant(c, length, dtype=dtype, activation=activation)
    ours = rnnlab.gradients(**arguments(network))
    atol = 1e-9 if dtype == "float64" else 4 * length * EPS[dtype]
    np.testing.assert_allclose(ours.hidden_log10_norm, powers(network), rtol=0, atol=atol)
    assert abs(ours.log10_norm["h0"]) > abs(reaches) - 20
    assert np.sign(ours.log10_norm["h0"]) == np.sign(reaches)


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("c", [100.0, 0.01])
def test_constant_weights_against_mpmath(c, loss_at):
    network = replace(constant(c, 600, loss_at=loss_at), x=draw(4, 2, 3, 600, 2).x * 1e-6, activation="tanh")
    if c > 1:  # the states stay linear: the gradient of b has the sum of all powers
        network = replace(network, x=0 * network.x)
    logs_agree(rnnlab.gradients(**arguments(network)), exactly(network), 1e-9)


def test_statistics_go_as_far():
    networks = [constant(c, 2001) for c in (100.0, 0.01, 1.0)]
    U = np.stack([n.U for n in networks])
    one = arguments(networks[0])
    common = {k: np.stack([one[k]] * 3) for k in ("W", "V")}
    s = rnnlab.gradient_statistics(**{**one, **common, "U": U})
    np.testing.assert_allclose(s.hidden_log10_norm, [powers(n) for n in networks], rtol=0, atol=1e-9)


# --- states near the top of the range ---


def test_a_loss_that_overflows_leaves_the_gradients_good():
    network = draw(16, 3, 4, 200, 2, gain=16.0, activation="relu")
    ours, reference = rnnlab.gradients(**arguments(network)), exactly(network)
    assert ours.loss == np.inf
    assert ours.log10_loss == pytest.approx(float(naive.log10(reference.loss)), abs=1e-9)
    assert ours.log10_loss > 308
    logs_agree(ours, reference, 1e-9)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_states_at_the_top_of_float32(activation, loss_at, loss):
    network = draw(8, 3, 4, 60, 2, gain=8.0, activation=activation, loss_at=loss_at, loss=loss)
    h = naive.forward(network)[1]
    length = int(np.argmax(np.max(np.abs(h), axis=(1, 2)) > 3e36)) - 1
    narrow = draw(8, 3, 4, 60, 2, gain=8.0, activation=activation, loss_at=loss_at, loss=loss, dtype="float32")
    cut = replace(narrow, x=narrow.x[:length], y=narrow.y[:length])
    top = np.max(np.abs(naive.forward(cut)[1]))
    assert 1e30 < top < 1e38
    ours, reference = rnnlab.gradients(**arguments(cut)), exactly(cut)
    assert ours.log10_loss == pytest.approx(float(naive.log10_of(reference.loss)), abs=1e-3)
    logs_agree(ours, reference, 1e-2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_that_differ_by_300_orders(dtype):
    """The large sample must not push the small one, or its own squares, out of range."""
    far = 1e150 if dtype == "float64" else 1e18
    n = draw(5, 3, 4, 20, 3, activation="identity", dtype=dtype, loss_at="last")
    scale = np.array([far, 1.0, 1 / far], dtype)[:, None]
    network = replace(n, x=n.x * scale, y=n.y * scale, h0=n.h0 * scale, b=None, c=None)
    ours, reference = rnnlab.gradients(**arguments(network)), exactly(network)
    logs_agree(ours, reference, 1e4 * EPS[dtype])
    for sample in range(3):
        each = np.array(reference.h0[sample], np.float64)
        np.testing.assert_allclose(ours.h0[sample], each, rtol=1e5 * EPS[dtype], atol=0)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
def test_data_at_the_ends_of_the_range(size):
    n = draw(activation="relu", loss_at="every")
    network = replace(n, x=n.x * size, y=n.y * size, h0=n.h0 * size, b=n.b * size, c=n.c * size)
    ours, reference = rnnlab.gradients(**arguments(network)), exactly(network)
    logs_agree(ours, reference, 1e-9)
    assert ours.log10_loss == pytest.approx(float(naive.log10(reference.loss)), abs=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_confident_softmax_keeps_its_digits(dtype):
    """The right class leads by 30 nats: p - 1 is 0 in float32, and the residual is 10^-13 all the same."""
    n = draw(loss="cross_entropy", dtype=dtype)
    c = np.zeros(4, dtype)
    c[2] = 30
    network = replace(n, y=np.full_like(n.y, 2), c=c)
    ours, reference = rnnlab.gradients(**arguments(network)), exactly(network)
    logs_agree(ours, reference, 1e3 * EPS[dtype])
    assert float(ours.loss) == pytest.approx(float(reference.loss), rel=1e3 * EPS[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_logits_in_the_thousands(dtype):
    n = draw(loss="cross_entropy", dtype=dtype)
    network = replace(n, V=n.V * 3000, c=n.c * 3000)
    ours, reference = rnnlab.gradients(**arguments(network)), exactly(network)
    assert float(ours.loss) == pytest.approx(float(reference.loss), rel=1e3 * EPS[dtype])
    assert np.isfinite(ours.U).all()


# --- nothing at all ---


def without(name):
    n = draw(loss="squared")
    return replace(n, **{name: 0 * getattr(n, name)})


def test_zero_output_weights_stop_every_adjoint():
    ours = rnnlab.gradients(**arguments(without("V")))
    assert np.all(ours.hidden_log10_norm == -np.inf)
    assert [ours.log10_norm[name] for name in ("U", "W", "b", "h0")] == [-np.inf] * 4
    assert np.isfinite(ours.log10_norm["V"])
    assert not ours.U.any()


@pytest.mark.parametrize("name", ["U", "W", "x", "h0", "b", "c", "y"])
def test_zeros_anywhere(name):
    network = without(name)
    logs_agree(rnnlab.gradients(**arguments(network)), exactly(network), 1e-11)


def test_zero_recurrence_reaches_no_further_than_one_step():
    ours = rnnlab.gradients(**arguments(replace(without("U"), loss_at="last")))
    assert np.all(ours.hidden_log10_norm[:-1] == -np.inf)
    assert np.isfinite(ours.hidden_log10_norm[-1])
    assert ours.log10_norm["h0"] == -np.inf


def test_a_dead_relu_network_has_exact_zeros():
    n = draw(activation="relu")
    ours = rnnlab.gradients(**arguments(replace(n, U=0 * n.U, b=np.full(5, -100.0))))
    assert ours.log10_norm["W"] == -np.inf
    assert np.isfinite(ours.log10_norm["c"])


def test_no_loss_at_all_is_an_exact_zero():
    n = draw(loss_at="every")
    o = rnnlab.gradients(**arguments(replace(n, V=0 * n.V, c=None, y=0 * n.y)))
    assert o.loss == 0
    assert o.log10_loss == -np.inf
    assert all(v == -np.inf for v in o.log10_norm.values())


def test_cross_entropy_of_one_class_is_an_exact_zero():
    ours = rnnlab.gradients(**arguments(draw(outputs=1, loss="cross_entropy")))
    assert ours.loss == 0
    assert all(v == -np.inf for v in ours.log10_norm.values())


# --- what is not finite ---


def growing(dtype, batch=3):
    """Return a linear network whose second sample overflows, while the others stay zero."""
    n = draw(3, 2, 2, 12, batch, activation="identity", dtype=dtype)
    far = 200 if dtype == "float64" else 20
    h0 = np.zeros((batch, 3), dtype)
    h0[1] = 1
    U = (np.eye(3) * 10.0 ** (far / 2)).astype(dtype)
    return replace(n, U=U, h0=h0, x=0 * n.x, b=None)


def first_not_finite(network):
    """Return the first step, counted from 1, at which a state or an output of the naive twin is not finite; else 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        _, h, o = naive.forward(network)
    finite = np.isfinite(h[1:]).all(axis=(1, 2)) & np.isfinite(o).all(axis=(1, 2))
    return 0 if finite.all() else int(np.argmin(finite)) + 1


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_step_of_divergence_is_the_first_over_all_samples(dtype, loss_at):
    network = replace(growing(dtype), loss_at=loss_at)
    step = first_not_finite(network)
    assert 2 < step < 8
    trajectory = networks.Trajectory(block_of(network))
    found = networks.backpropagate(trajectory)
    assert found.diverged.tolist() == [step]
    assert np.isnan([found.loss[0], found.log10_loss[0], *found.log10_norm[0]]).all()
    assert np.isnan(networks.adjoint_of_last(trajectory)[0]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_output_that_overflows_is_divergence_too(dtype):
    n = draw(3, 2, 2, 12, 2, activation="identity", dtype=dtype)
    U, V = (np.eye(3) * 10.0).astype(dtype), np.full((2, 3), np.finfo(dtype).max / 1e6, dtype)
    network = replace(n, U=U, V=V, h0=np.ones((2, 3), dtype), x=0 * n.x, b=None)
    step = first_not_finite(network)
    assert 3 < step < 10
    trajectory = networks.Trajectory(block_of(network))
    assert networks.backpropagate(trajectory).diverged.tolist() == [step]


def test_a_network_that_diverges_leaves_its_neighbours_alone():
    calm = [draw(3, 2, 2, 12, 3, activation="identity", seed=seed, gain=0.5) for seed in range(3)]
    wild = growing("float64")
    alone = rnnlab.gradient_statistics(**stack(calm))
    middle = replace(wild, b=0 * calm[0].b)
    s = rnnlab.gradient_statistics(**stack([calm[0], middle, *calm[1:]]))
    others = [0, 2, 3]
    np.testing.assert_array_equal(s.hidden_log10_norm[others], alone.hidden_log10_norm)
    np.testing.assert_array_equal(s.loss[others], alone.loss)
    assert np.isnan(s.loss[1])
    assert np.isnan(s.hidden_log10_norm[1]).all()
    assert all(np.isnan(s.log10_norm[name][1]) for name in naive.PARAMETERS)


def test_a_mean_is_finite_where_the_sum_is_not():
    network = draw(batch=4, loss_at="last")
    ours = rnnlab.gradients(**{**arguments(network), "y": np.full_like(network.y, -1e308)})
    np.testing.assert_allclose(ours.c, 1e308)


# --- states and adjoints that run in opposite directions: every product counts, though each factor leaves the range ---


def silent(dtype="float64", **options):
    """A network with nothing but what a test gives it: no input, no biases, no initial state."""
    n = draw(options.pop("width", 4), 2, 3, options.pop("length", 100), 2, dtype=dtype, **options)
    return replace(n, x=0 * n.x, h0=None, b=None, c=None)


def as_float64(network):
    names = ("U", "W", "V", "x", "y", "h0")
    return replace(network, **{k: v if (v := getattr(network, k)) is None else v.astype(np.float64) for k in names})


def every_norm(network, atol):
    """Against exact arithmetic, with the states as float64 has them."""
    logs_agree(rnnlab.gradients(**arguments(network)), exactly(as_float64(network)), atol)


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("dtype", DTYPES)
def test_growth_from_a_tiny_initial_state(dtype, loss_at):
    n = silent(dtype, activation="identity", loss_at=loss_at, length=60)
    h0 = np.full((2, 4), 1e-25, dtype)
    every_norm(replace(n, U=np.full((4, 4), 2.0, dtype), h0=h0), 2e3 * EPS[dtype])


@pytest.mark.parametrize("loss_at", LOSS_AT)
def test_decay_without_input(loss_at):
    n = silent(activation="tanh", gain=0.05, loss_at=loss_at, length=150)
    every_norm(replace(n, h0=np.ones((2, 4))), 1e-9)


@pytest.mark.parametrize("activation", ["tanh", "identity"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("at", [0, 40, -3])
def test_an_impulse_of_input(at, dtype, activation):
    n = silent(dtype, activation=activation, gain=0.5, loss_at="last", length=90)
    x = n.x.copy()
    x[at] = 1
    every_norm(replace(n, x=x), 1e4 * EPS[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_silence_until_the_end_of_an_exploding_network(dtype):
    n = silent(dtype, activation="identity", gain=10.0, loss_at="last", length=300)
    x = n.x.copy()
    x[-5:] = 1
    every_norm(replace(n, x=x), 1e4 * EPS[dtype])


# --- outputs and losses at the top of the range ---


def test_residuals_that_overflow_though_outputs_do_not():
    n = draw(1, 1, 1, 1, 1, activation="identity", loss_at="last")
    n = replace(
        n, h0=np.zeros((1, 1)), b=None, c=None, W=np.ones((1, 1)), V=np.ones((1, 1)), x=np.full((1, 1, 1), 1.7e308)
    )
    n = replace(n, y=np.full((1, 1, 1), -1.7e308))
    ours = rnnlab.gradients(**arguments(n))
    assert ours.loss == np.inf
    assert ours.log10_loss == pytest.approx(np.log10(0.5) + 2 * (308 + np.log10(3.4)), abs=1e-12)
    assert ours.log10_norm["c"] == pytest.approx(308 + np.log10(3.4), abs=1e-12)
    assert ours.log10_norm["W"] == pytest.approx(616 + np.log10(3.4 * 1.7), abs=1e-12)


def test_logits_that_overflow_apart():
    n = draw(1, 1, 2, 1, 2, activation="identity", loss="cross_entropy", loss_at="last")
    n = replace(n, h0=np.zeros((2, 1)), b=None, c=None, W=np.ones((1, 1)), V=np.array([[1.0], [-1.0]]))
    n = replace(n, x=np.full((1, 2, 1), 1.7e308), y=np.ones((1, 2), int))
    ours = rnnlab.gradients(**arguments(n))
    assert ours.log10_loss == pytest.approx(308 + np.log10(3.4), abs=1e-12)
    assert ours.loss == np.inf


def test_outputs_may_leave_the_range_before_states_do():
    n = silent(activation="identity", length=400, width=1)
    ones = {"U": np.full((1, 1), 10.0), "V": np.full((1, 1), 1e20), "W": np.ones((1, 1)), "x": np.ones((400, 1, 1))}
    ours = rnnlab.gradients(**arguments(replace(n, **ones, y=np.zeros((400, 1, 1)))))
    assert ours.diverged_at == 290  # h_t = 1.11e(t-1): o_t leaves the range at t = 290, h_t would at t = 310
    assert np.isnan(ours.hidden_log10_norm).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_state_of_zeros_beside_adjoints_far_below_its_own_is_no_nan(dtype):
    rows, exponents = np.array([[0.0, 0.0], [1.0, -0.5]], dtype), np.array([0, -5000])
    mates, e = mated(rows, exponents, np.empty(4, dtype))
    np.testing.assert_array_equal(mates, [[0.0, 0.0], [0.5, -0.25]])
    assert e == -4999
