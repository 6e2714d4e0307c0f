"""terms: every contribution against the naive twin, against the gradient that they add up to, and against bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rnnlab
from rnnlab import pairs
from rnnlab.arrays import networks_of
from rnnlab.errors import UsageError
from rnnlab.measures import terms
from rnnlab.networks import Trajectory
from tests import naive, naive_pairs
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES, arguments, block_of, draw, log_error, stack

EPS = {dtype: float(np.finfo(dtype).eps) for dtype in DTYPES}
SHAPES = [
    (1, 1, 1, 1, 1), (1, 2, 3, 30, 1), (9, 1, 5, 4, 7), (5, 4, 3, 129, 2), (33, 40, 2, 11, 17), (64, 3, 2, 21, 16),
    (3, 2, 2, 5, 40), (17, 20, 3, 25, 33),
]  # fmt: skip


def norms_of(network):
    return pairs.term_norms(Trajectory(block_of(network)))


def agrees(network, reference, limit, parts="UWb"):
    """The norms of every pair are those of the twin."""
    found, expected = norms_of(network), naive_pairs.terms(reference)
    at = list(zip(found.t.tolist(), found.k.tolist(), strict=True))
    assert set(at) == set(expected.U)
    for part in parts:
        ours, theirs = getattr(found, part)[0], getattr(expected, part)
        assert log_error(ours, [float(naive.log10_norm(theirs[pair])) for pair in at]) <= limit, part
    assert log_error(found.adjoint[0], [float(naive.log10_rms(expected.adjoint[pair])) for pair in at]) <= limit


def tables(network, **settings):
    networks = block_of(network)
    return terms.measure(networks, Trajectory(networks), terms.Settings(**settings))


def only(values):
    """The one entry of a column, None where it is null."""
    return np.ma.masked_array(values).tolist()[0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_norms_are_those_of_the_naive_twin(activation, loss, loss_at, dtype):
    n = draw(activation=activation, loss=loss, loss_at=loss_at, dtype=dtype)
    agrees(n, naive.in_float64(n), 1e3 * EPS[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_norms_are_right_at_every_shape(shape, dtype):
    n = draw(*shape, gain=0.9, dtype=dtype)
    agrees(n, naive.in_float64(n), 1e4 * EPS[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("limit", [10, None])
def test_where_products_are_not_kept_every_term_is_formed(limit, dtype, monkeypatch):
    monkeypatch.setattr(pairs.space, "PRODUCTS_BYTES", 0 if limit is None else limit)
    n = draw(9, 4, 3, 12, 5, dtype=dtype)
    agrees(n, naive.in_float64(n), 1e3 * EPS[dtype])


def test_terms_whose_squares_float32_does_not_hold(monkeypatch):
    monkeypatch.setattr(pairs.space, "PRODUCTS_BYTES", 0)
    n = draw(13, 5, 3, 10, 3, activation="silu", dtype="float32")
    n = replace(n, U=52 * n.U)
    agrees(n, naive.in_float64(n), 1e-2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_that_cancel_keep_their_digits(dtype):
    """Two samples with nearly the same state, and adjoints of opposite sign: the norm is 10^-4 of what each has."""
    n = draw(8, 3, 4, 6, 2, activation="identity", dtype=dtype, loss_at="last")
    x, h0 = n.x.copy(), n.h0.copy()
    near = np.asarray(1 + 2.0**-13, dtype)
    x[:, 1], h0[1] = near * x[:, 0], near * h0[0]
    n = replace(n, x=x, h0=h0, b=None, c=None)
    outputs = naive.forward(naive.in_float64(n))[2]
    y = n.y.copy()
    y[-1] = outputs[-1] - np.array([[1.0], [-1.0]]) * outputs[-1, :1]
    n = replace(n, y=y)
    agrees(n, naive.in_float64(n), 1e6 * EPS[dtype], "UW")  # of b nothing is left but rounding


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [0.02, 40.0])
def test_norms_far_outside_the_range(scale, dtype):
    """Norms below 10^-900, and above 10^+900."""
    n = draw(3, 2, 2, 620, 2, activation="identity", dtype=dtype, gain=1.0, loss_at="last")
    n = replace(n, U=(scale * n.U).astype(dtype), x=0 * n.x, h0=(1e-30 * n.h0).astype(dtype), b=None, y=1 + 0 * n.y)
    if scale > 1:  # states that stay in the range, adjoints that do not
        n = replace(n, h0=0 * n.h0)
    found = norms_of(n)
    expected = naive_pairs.terms(naive.exact_network(n))
    logs = [float(naive.log10_norm(expected.b[620, k])) for k in range(1, 621)]
    assert max(abs(v) for v in logs) > 800
    assert log_error(found.b[0], logs) <= 1e5 * EPS[dtype]


def test_samples_of_different_size_share_a_term():
    """One sample explodes while another vanishes: exponents differ within a pair."""
    n = draw(4, 2, 3, 300, 3, activation="relu", loss_at="last")
    U = np.diag([2.0, 0.25, 1.0, 4.0])
    W = np.abs(n.W)
    h0 = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0]])
    n = replace(n, U=U, W=W, x=1e-300 + 0 * n.x, h0=h0, b=None, V=np.abs(n.V))
    agrees(n, naive.exact_network(n), 1e-10)


def test_every_network_of_a_block_has_its_own():
    networks = [draw(gain=gain, seed=seed) for seed, gain in enumerate((0.5, 1.0, 2.0))]
    block = networks_of(
        {**{k: v for k, v in stack(networks).items() if isinstance(v, np.ndarray)}, "cotangents": None},
        activation="tanh", loss="squared", loss_at="every", single=False,
    )  # fmt: skip
    together = pairs.term_norms(Trajectory(block))
    for g, network in enumerate(networks):
        alone = norms_of(network)
        for part in ("U", "W", "b", "adjoint"):
            np.testing.assert_array_equal(getattr(together, part)[g], getattr(alone, part)[0])


def test_the_gain_of_an_adjoint_is_bounded_by_the_product_of_jacobians():
    n = draw(8, 3, 4, 14, 3, gain=1.5)
    found = tables(n)["terms_by_pair"]
    J = naive_pairs.step_jacobians(n)
    for t, k, gain in zip(found["t"], found["k"], found["log10_adjoint_gain"], strict=True):
        products = [np.linalg.multi_dot([*J[k:t, s][::-1], np.eye(8)]) if t > k else np.eye(8) for s in range(3)]
        assert gain <= np.log10(max(np.linalg.norm(p, 2) for p in products)) + 1e-12
        assert gain == 0 or t > k


# --- the matrices ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_matrices_are_those_of_the_naive_twin_and_add_up_to_the_gradient(activation, loss, loss_at, dtype):
    n = draw(7, 3, 4, 11, 3, activation=activation, loss=loss, loss_at=loss_at, dtype=dtype)
    found, whole = rnnlab.terms(**arguments(n)), rnnlab.gradients(**arguments(n))
    expected = naive_pairs.terms(naive.in_float64(n))
    limit = 1e-12 if dtype == "float64" else 1e-4
    for part in "UWb":
        matrices = getattr(found, part).astype(float)
        for (t, k), term in getattr(expected, part).items():
            assert np.linalg.norm(matrices[t - 1, k - 1] - term) <= 1e3 * EPS[dtype] * (np.linalg.norm(term) + 1e-30)
        sizes = np.sqrt(np.sum(matrices**2, axis=tuple(range(2, matrices.ndim))))
        missed = np.linalg.norm(matrices.sum(axis=(0, 1)) - getattr(whole, part))
        assert missed <= limit * sizes.sum()
        with np.errstate(divide="ignore"):
            assert log_error(getattr(found, f"log10_norm_{part}"), np.log10(sizes)) <= 1e3 * EPS[dtype]
        assert not sizes[np.triu_indices(11, 1)].any()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_terms_add_up_at_every_shape(shape):
    n = draw(*shape, gain=1.2)
    if n.x.shape[0] ** 2 * len(n.U) ** 2 > 2**24:
        n = replace(n, x=n.x[:20], y=n.y[:20])
    found, whole = rnnlab.terms(**arguments(n)), rnnlab.gradients(**arguments(n))
    for part in "UWb":
        matrices = getattr(found, part)
        sizes = 10 ** getattr(found, f"log10_norm_{part}")
        assert np.linalg.norm(matrices.sum(axis=(0, 1)) - getattr(whole, part)) <= 1e-12 * sizes.sum()


def test_matrices_beyond_the_range_are_zero_or_inf_and_their_norms_are_right():
    n = draw(3, 2, 2, 60, 2, activation="identity", loss_at="last")
    n = replace(n, U=1e-20 * n.U, x=0 * n.x, h0=0 * n.h0, b=None)
    found = rnnlab.terms(**arguments(n))
    assert (found.b[59, 0] == 0).all()
    assert -1300 < found.log10_norm_b[59, 0] < -1000


def test_too_many_pairs_are_refused():
    n = draw(32, 3, 4, 400, 1)
    with pytest.raises(UsageError, match="GiB"):
        rnnlab.terms(**arguments(n))


def test_a_network_that_diverged_has_no_terms():
    n = draw(activation="identity", length=400)
    n = replace(n, U=100 * n.U, V=n.V, x=n.x)
    found = norms_of(n)
    assert found.diverged[0] > 0
    assert np.isnan(found.U).all()
    table = tables(n, every=100)
    assert only(table["terms"]["status"]) == "diverged"
    assert only(table["terms"]["log10_term_sum_U"]) is None
    assert only(table["terms"]["reason"]) is None
    assert table["terms_by_pair"]["log10_term_norm_U"].mask.all()


def test_matrices_of_a_network_that_diverged_are_nan():
    n = draw(4, 2, 2, 40, 1, activation="identity")
    found = rnnlab.terms(**arguments(replace(n, U=1e10 * n.U)))
    assert found.diverged_at
    assert np.isnan(found.U).all()
    assert np.isnan(found.log10_norm_b).all()


# --- the tables ---


@pytest.mark.parametrize("loss_at", LOSS_AT)
def test_the_table_has_every_nth_step_of_the_loss(loss_at):
    n = draw(length=10, loss_at=loss_at)
    found = tables(n, every=3)["terms_by_pair"]
    steps = [3, 6, 9] if loss_at == "every" else [10]
    expected = [(t, k) for t in steps for k in range(1, t + 1)]
    assert list(zip(found["t"].tolist(), found["k"].tolist(), strict=True)) == expected
    whole = tables(n)["terms_by_pair"]
    kept = np.isin(whole["t"], steps)
    np.testing.assert_array_equal(found["log10_term_norm_W"], whole["log10_term_norm_W"][kept])


def test_sums_and_cancellation():
    n = draw()
    found = tables(n)["terms"]
    expected, whole = naive_pairs.terms(n), naive.gradients(n)
    for part in "UW":
        total = sum(np.linalg.norm(term) for term in getattr(expected, part).values())
        assert only(found[f"log10_term_sum_{part}"]) == pytest.approx(np.log10(total), abs=1e-12)
        ratio = np.linalg.norm(getattr(whole, part)) / total
        assert only(found[f"log10_cancellation_{part}"]) == pytest.approx(np.log10(ratio), abs=1e-12)
    assert only(found["pairs"]) == 45
    assert only(found["reason"]) is None


def test_dead_networks_are_zero_and_say_so():
    n = draw(activation="relu")
    found = tables(replace(n, b=np.full(5, -100.0)))
    assert only(found["terms"]["log10_term_sum_U"]) == -np.inf
    assert only(found["terms"]["log10_cancellation_U"]) is None
    assert "exactly zero" in only(found["terms"]["reason"])
    assert (found["terms_by_pair"]["log10_term_norm_b"] == -np.inf).all()


def test_with_a_state_of_zeros_the_first_step_contributes_nothing_to_U():
    found = tables(replace(draw(), h0=None))["terms_by_pair"]
    first = found["k"] == 1
    assert (found["log10_term_norm_U"][first] == -np.inf).all()
    assert np.isfinite(found["log10_term_norm_U"][~first]).all()
    assert np.isfinite(found["log10_term_norm_W"]).all()


def test_every_beyond_the_length_does_not_fit():
    assert list(terms.misfits(terms.Settings(every=7), {"length": 7})) == []
    assert [name for name, _ in terms.misfits(terms.Settings(every=8), {"length": 7})] == ["every"]
