"""Singular values of Jacobian products against mpmath, closed forms and published results, and the measure of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rnnlab import experiment
from rnnlab.errors import ExperimentError
from rnnlab.measures import jacobian
from rnnlab.networks import Trajectory
from rnnlab.networks.jacobians import log10_singular_values
from tests import naive, naive_jacobian
from tests.cases import ACTIVATIONS, DTYPES, block_of, draw

SHAPES = [(1, 1, 1, 1, 1), (1, 2, 1, 20, 2), (2, 1, 1, 40, 1), (3, 5, 2, 7, 3), (6, 2, 3, 300, 2)]


def tables(network, **options):
    networks = block_of(network)
    return jacobian.measure(networks, Trajectory(networks), jacobian.Settings(**options))


def only(values):
    """The one entry of a column, None where it is null."""
    return np.ma.masked_array(values).tolist()[0]


def errors(factors, digits=60):
    """Relative errors of the singular values; zeros must be zeros."""
    found, expected = log10_singular_values(factors), np.array(naive_jacobian.log10_singular_values(factors, digits))
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected))
    some = np.isfinite(expected)
    return np.abs(np.expm1(np.log(10) * (found[some] - expected[some])))


# --- the kernel: products of any matrices ---


@pytest.mark.parametrize("width", [1, 2, 5, 20])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_short_product_has_the_singular_values_of_the_plain_one(width, length):
    factors = np.random.default_rng([width, length]).standard_normal((length, width, width))
    plain = np.linalg.svd(np.linalg.multi_dot([*factors[::-1], np.eye(width)]), compute_uv=False)
    rounding = 1e-14 * plain[0] / plain
    assert np.all(np.abs(10 ** log10_singular_values(factors) / plain - 1) <= rounding)


@pytest.mark.parametrize("width", [2, 3, 4, 6])
@pytest.mark.parametrize("seed", range(3))
def test_a_spread_of_a_thousand_decades_keeps_its_digits(width, seed):
    """Graded factors, mixed anew at every step: T·eps·κ(J) is what their own rounding does."""
    rng = np.random.default_rng([seed, width])
    scales = np.logspace(2, -2, width)
    factors = np.array([np.linalg.qr(rng.standard_normal((width, width)))[0] * scales for _ in range(400)])
    assert np.ptp(log10_singular_values(factors)) > 300
    assert errors(factors, 1800).max() < 400 * 2.2e-16 * 1e4 * 5


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("width", [2, 4, 6])
def test_one_matrix_many_times(width, seed):
    matrix = np.random.default_rng([seed, width]).standard_normal((width, width))
    assert errors(np.repeat(matrix[None], 500, axis=0), 2000).max() < 1e-10


@pytest.mark.parametrize("size", [1e-300, 1e-150, 1e150, 1e300])
def test_factors_at_the_ends_of_the_range(size):
    factors = size * np.random.default_rng(0).standard_normal((5, 4, 4))
    assert errors(factors).max() < 1e-12


def test_growth_that_runs_against_the_grading():
    """Columns whose order turns on the way, and a corner that outgrows the rest: what QR from e_1 loses."""
    upper = np.array([[1e-3, 1.0], [0.0, 1e3]])
    assert errors(np.repeat(upper[None], 150, axis=0), 2000).max() < 1e-12
    turns = np.array([np.diag([1e4, 1e-4]) @ np.array([[1.0, 0.3], [0.2, 1.0]])] * 60 + [np.diag([1e-4, 1e4])] * 60)
    assert errors(turns, 1500).max() < 1e-11


@pytest.mark.parametrize("depth", [10, 100, 250])
def test_slopes_that_saturate_keep_the_digits_of_their_rows(depth):
    """Rows of one step that lie 10^`depth` apart."""
    rng = np.random.default_rng(depth)
    factors = rng.standard_normal((6, 4, 4))
    factors *= 10.0 ** (-depth * rng.random((6, 4)))[:, :, None]
    assert errors(factors, 3000).max() < 1e-11


@pytest.mark.parametrize("width", [2, 5, 9])
def test_units_that_do_not_mix_outgrow_each_other(width):
    """Diagonal factors whose largest becomes the smallest and back, and two groups of units side by side."""
    rng = np.random.default_rng(width)
    logs = rng.uniform(-20, 0, (40, width))
    factors = np.eye(width) * 10.0 ** logs[:, None]
    found = log10_singular_values(factors)
    np.testing.assert_allclose(found, np.sort(logs.sum(axis=0))[::-1], rtol=1e-13)
    groups = np.zeros((40, width + 2, width + 2))
    groups[:, :width, :width], groups[:, width:, width:] = factors, rng.standard_normal((40, 2, 2))
    mixed = rng.permutation(width + 2)
    both = np.concatenate([found, log10_singular_values(groups[:, width:, width:])])
    np.testing.assert_allclose(
        log10_singular_values(groups[:, mixed][:, :, mixed]), np.sort(both)[::-1], rtol=0, atol=1e-9
    )


def test_the_identity_has_the_sums_of_its_slopes():
    n = draw(6, 4, 1, 60, 1, activation="tanh", gain=1.0)
    block = block_of(replace(n, U=8.0 * np.eye(6), W=8.0 * n.W))
    trajectory = Trajectory(block)
    found = jacobian.measure(block, trajectory, jacobian.Settings())["jacobian_by_index"]["log10_singular_value"]
    expected = np.log10(8.0 * trajectory.slope[0, :, 0]).sum(axis=0)
    np.testing.assert_allclose(found, np.sort(expected)[::-1], rtol=1e-12)


@settings(max_examples=25)
@given(width=st.integers(1, 5), length=st.integers(1, 12), spread=st.floats(0, 20), seed=st.integers(0, 10**6))
def test_any_product_of_graded_factors(width, length, spread, seed):
    rng = np.random.default_rng(seed)
    factors = (
        rng.standard_normal((length, width, width)) * 10.0 ** (spread * rng.uniform(-1, 1, (length, width)))[..., None]
    )
    most = max(float(np.linalg.cond(f / np.abs(f).max(axis=1, keepdims=True))) for f in factors)
    assert errors(factors, 1200).max() < 1e-13 * most * length * 10


@pytest.mark.parametrize("width", [7, 64, 129])
def test_the_logs_add_up_to_the_determinant(width):
    factors = np.random.default_rng(width).standard_normal((60, width, width)) / width**0.5
    total = sum(np.linalg.slogdet(f)[1] for f in factors) / np.log(10)
    assert log10_singular_values(factors).sum() == pytest.approx(total, abs=1e-9)
    tied = np.repeat(factors[:1], 200, axis=0)
    assert log10_singular_values(tied).sum() == pytest.approx(
        200 * np.linalg.slogdet(factors[0])[1] / np.log(10), abs=1e-9
    )


def test_dead_rows_are_zeros_that_are_counted():
    """A ReLU network: the rank is that of its narrowest step."""
    rng = np.random.default_rng(0)
    alive = rng.random((20, 8)) < 0.8
    factors = alive[:, :, None] * rng.standard_normal((8, 8))
    found = log10_singular_values(factors)
    rank = int(np.linalg.matrix_rank(np.linalg.multi_dot(factors[::-1])))
    assert np.isfinite(found).sum() <= alive.sum(axis=1).min()
    assert np.isfinite(found).sum() >= rank
    plain = np.linalg.svd(np.linalg.multi_dot(factors[::-1]), compute_uv=False)[0]
    assert 10 ** found[0] == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("length", [1, 2, 50])
def test_a_factor_of_rank_one_leaves_one_singular_value(length):
    rng = np.random.default_rng(length)
    one = np.outer(rng.standard_normal(6), rng.standard_normal(6))
    found = log10_singular_values(np.repeat(one[None], length, axis=0))
    assert np.isneginf(found[1:]).all()
    plain = np.log10(np.linalg.norm(one, 2)) + (length - 1) * np.log10(abs(np.trace(one)))
    assert found[0] == pytest.approx(plain, abs=1e-11)


def test_units_that_die_one_after_the_other_leave_nothing():
    alive = ~np.eye(4, dtype=bool)
    found = log10_singular_values(alive[:, :, None] * np.eye(4))
    assert np.isneginf(found).all()
    assert np.isneginf(log10_singular_values(np.zeros((3, 4, 4)))).all()


# --- published results ---


@pytest.mark.parametrize("layers", [1, 3, 8])
def test_untied_gaussian_layers_have_an_isometry_variance_of_their_number(layers):
    """Pennington, Schoenholz, Ganguli 2017: L for linear Gaussian layers, N → ∞."""
    rng = np.random.default_rng(layers)
    N = 192
    logs = np.array([log10_singular_values(rng.standard_normal((layers, N, N)) / N**0.5) for _ in range(4)])
    found = jacobian._statistics(logs)["isometry_variance"]
    assert found.mean() == pytest.approx(layers, rel=0.1 + 0.03 * layers)


def test_orthogonal_layers_are_an_exact_isometry():
    rng = np.random.default_rng(0)
    factors = np.array([np.linalg.qr(rng.standard_normal((48, 48)))[0] for _ in range(64)])
    found = jacobian._statistics(log10_singular_values(factors))
    assert found["isometry_variance"] < 1e-26
    assert found["log10_condition_number"] < 1e-12


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_the_largest_squared_singular_value_of_gaussian_layers(layers):
    """(L+1)^(L+1)/L^L for L ≪ N."""
    rng = np.random.default_rng(layers)
    N = 256
    tops = [10 ** (2 * log10_singular_values(rng.standard_normal((layers, N, N)) / N**0.5)[0]) for _ in range(3)]
    assert np.mean(tops) == pytest.approx((layers + 1) ** (layers + 1) / layers**layers, rel=0.08)


def test_a_linear_tied_network_has_the_singular_values_of_the_power():
    n = draw(5, 2, 2, 12, 1, activation="identity")
    logs = tables(n)["jacobian_by_index"]["log10_singular_value"]
    power = np.linalg.svd(np.linalg.matrix_power(n.U, 12), compute_uv=False)
    np.testing.assert_allclose(10 ** np.asarray(logs), power, rtol=1e-6)
    exponents = np.asarray(
        tables(draw(5, 2, 2, 4000, 1, gain=0.9, activation="identity"))["jacobian_by_index"]["log10_singular_value"]
    )
    eigenvalues = np.sort(np.abs(np.linalg.eigvals(draw(5, 2, 2, 4000, 1, gain=0.9).U)))[::-1]
    np.testing.assert_allclose(exponents / 4000, np.log10(eigenvalues), atol=1e-3)


@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_norm_is_above_the_bound(activation, gain):
    found = tables(draw(16, 3, 3, 40, 2, gain=gain, activation=activation), pairs="from_start", every=3)
    assert only(found["jacobian"]["log10_bound_ratio"]) <= 1e-11
    pairs = found["jacobian_by_pair"]
    assert np.all(pairs["log10_norm"] <= pairs["log10_norm_bound"] + 1e-11)


# --- the measure ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_with_the_naive_twin(shape, activation, dtype):
    network = draw(*shape, gain=0.9, activation=activation, dtype=dtype)
    found = tables(network)
    expected = naive_jacobian.log10_singular_values(naive_jacobian.jacobians(naive.in_float64(network)), 2000)
    # tanh and sigmoid in the dtype of the work: each slope has a rounding of its own
    atol = 3e3 * float(np.finfo(dtype).eps) * shape[3]
    ours = np.asarray(found["jacobian_by_index"]["log10_singular_value"])
    some = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(ours), some)
    np.testing.assert_allclose(ours[some], np.array(expected)[some], rtol=0, atol=atol)
    row = found["jacobian"]
    assert only(row["rank"]) == some.sum()
    assert only(row["zero_count"]) == (~some).sum()
    assert (only(row["k"]), only(row["t"])) == (0, shape[3])
    if some.all():
        assert only(row["log10_condition_number"]) == pytest.approx(expected[0] - expected[-1], abs=2 * atol)
        assert only(row["log10_smallest"]) == pytest.approx(expected[-1], abs=atol)


def test_statistics_are_those_of_the_plain_product():
    network = draw(6, 3, 3, 4, 3)
    factors = naive_jacobian.jacobians(network, 2)
    row = tables(network, sample=2)["jacobian"]
    plain = np.linalg.svd(np.linalg.multi_dot(factors[::-1]), compute_uv=False)
    assert only(row["isometry_variance"]) == pytest.approx(naive_jacobian.isometry_variance(factors), rel=1e-10)
    assert only(row["log10_isometry_variance"]) == pytest.approx(np.log10(np.var(plain**2)), abs=1e-10)
    assert only(row["relative_isometry_variance"]) == pytest.approx(
        np.var(plain**2) / np.mean(plain**2) ** 2, rel=1e-10
    )
    assert only(row["mean_squared_singular_value"]) == pytest.approx(np.mean(plain**2), rel=1e-10)
    assert only(row["log10_norm"]) == pytest.approx(np.log10(plain[0]), abs=1e-12)
    assert only(row["spectral_norm"]) == pytest.approx(np.linalg.norm(network.U, 2))
    assert only(row["log10_norm_bound"]) == pytest.approx(4 * np.log10(np.linalg.norm(network.U, 2)))


@pytest.mark.parametrize("length", [9, 300])
def test_pairs_are_those_that_were_asked_for(length):
    """Also over the pieces in which a long trajectory is read."""
    network = draw(4, 2, 2, length, 2)
    factors = naive_jacobian.jacobians(network)
    pairs = ((2, 5), (0, 3), (2, 3), (length - 1, length), (1, length))
    found = tables(network, pairs=pairs)
    by_pair, by_index = found["jacobian_by_pair"], found["jacobian_by_index"]
    assert list(zip(by_pair["k"].tolist(), by_pair["t"].tolist(), strict=True)) == list(pairs)
    logs = np.asarray(by_index["log10_singular_value"]).reshape(5, 4)
    for (k, t), found_logs in zip(pairs, logs, strict=True):
        np.testing.assert_allclose(found_logs, naive_jacobian.log10_singular_values(factors[k:t], 1500), atol=1e-9)
    assert (only(found["jacobian"]["k"]), only(found["jacobian"]["t"])) == (2, 5)
    assert only(found["jacobian"]["log10_norm"]) == logs[0, 0]


def test_from_start_ends_with_the_whole():
    found = tables(draw(length=10), pairs="from_start", every=4)
    assert found["jacobian_by_pair"]["t"].tolist() == [4, 8, 10]
    assert only(found["jacobian"]["t"]) == 10
    whole = tables(draw(length=10))["jacobian_by_index"]["log10_singular_value"]
    np.testing.assert_allclose(found["jacobian_by_index"]["log10_singular_value"][-5:], whole, atol=1e-12)


def test_the_extreme_few_are_those_of_all():
    network = draw(7, 2, 2, 9, 1)
    every, few = (tables(network, singular_values=n)["jacobian_by_index"] for n in ("all", 2))
    assert few["i"].tolist() == [1, 2, 6, 7]
    np.testing.assert_array_equal(few["log10_singular_value"], every["log10_singular_value"][[0, 1, 5, 6]])
    assert tables(network, singular_values=4)["jacobian_by_index"]["i"].tolist() == list(range(1, 8))


def test_statistics_beyond_the_range_of_floats():
    n = draw(4, 2, 2, 800, 1, activation="identity")
    row = tables(replace(n, U=25 * n.U, x=0 * n.x, h0=0 * n.h0, b=0 * n.b))["jacobian"]
    assert only(row["status"]) == "ok"
    assert only(row["log10_norm"]) > 900
    assert only(row["isometry_variance"]) == np.inf
    assert only(row["mean_squared_singular_value"]) == np.inf
    assert 3600 < only(row["log10_isometry_variance"]) < np.inf
    assert 1.0 < only(row["relative_isometry_variance"]) <= 3.0  # N - 1 where one of N is all


# --- what is not defined is null, and says why ---


def test_a_dead_network_has_only_zeros():
    found = tables(replace(draw(activation="relu"), b=np.full(5, -100.0)))
    row = found["jacobian"]
    assert only(row["log10_norm"]) == -np.inf
    assert only(row["zero_count"]) == 5
    assert only(row["isometry_variance"]) == 0
    assert only(row["log10_condition_number"]) is None
    assert only(row["relative_isometry_variance"]) is None
    assert only(row["reason"]) == "the product is exactly zero"


def test_pairs_before_a_divergence_are_kept():
    n = draw(activation="identity", length=400)
    found = tables(replace(n, U=10 * n.U), pairs=((0, 400), (0, 5)))
    row = found["jacobian"]
    assert only(row["status"]) == "diverged"
    for name in ("log10_norm", "rank", "zero_count", "isometry_variance", "reason"):
        assert only(row[name]) is None
    assert np.ma.getmaskarray(found["jacobian_by_pair"]["log10_norm"]).tolist() == [True, False]


def test_numbers_do_not_depend_on_the_block():
    networks = [block_of(draw(6, 2, 2, 30, 2, seed=s)) for s in range(3)]
    three = replace(networks[0], activation=("tanh",) * 3, **{
        name: np.concatenate([getattr(n, name) for n in networks]) for name in ("U", "W", "V", "b", "c", "x", "h0", "y")
    }, source=np.arange(3), initial=np.arange(3), target=np.arange(3))  # fmt: skip
    together = jacobian.measure(three, Trajectory(three), jacobian.Settings())["jacobian"]
    for g, alone in enumerate(networks):
        row = jacobian.measure(alone, Trajectory(alone), jacobian.Settings())["jacobian"]
        assert row["log10_smallest"][0] == together["log10_smallest"][g]


@pytest.mark.parametrize(
    "wrong",
    [
        {"pairs": ()},
        {"pairs": ((3, 3),)},
        {"pairs": ((-1, 3),)},
        {"pairs": ((0, 2), (0, 2))},
        {"every": 0},
        {"sample": -1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValidationError):
        jacobian.Settings(**wrong)


def test_settings_that_fit_no_grid_are_told_before_anything_runs():
    least = {"width": 4, "length": 10, "batch": 2}
    fits = jacobian.Settings(pairs=((0, 10),), singular_values=4, sample=1)
    assert list(jacobian.misfits(fits, least)) == []
    wrong = jacobian.Settings(pairs=((0, 11),), singular_values=5, sample=2)
    assert [name for name, _ in jacobian.misfits(wrong, least)] == ["pairs", "singular_values", "sample"]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([[5, 5]], "it must be pairs [k, t] with 0 <= k < t, which [5, 5] is not. It is which dh_t/dh_k"),
        ([[0, 5], [0, 5]], "is a list of 2 values; it must be pairs that all differ. It"),
        ([], "is an empty list; it must be at least one pair. It"),
        ([[1]], "it must be 'whole' or 'from_start' or complete in every item. It"),
        ("some", "is \"some\"; it must be 'whole' or 'from_start' or a valid array. It"),
    ],
)
def test_what_is_wrong_with_a_list_of_pairs_is_said_in_plain_words(pairs, message):
    wanted = {"schema": 1, "name": "a", "grid": {"activation": "tanh", "width": 4, "length": 9}}
    with pytest.raises(ExperimentError) as caught:
        experiment.parse({**wanted, "measure": {"jacobian": {"pairs": pairs}}}, "a.toml")
    assert message in str(caught.value)
    assert "Value error" not in str(caught.value)
