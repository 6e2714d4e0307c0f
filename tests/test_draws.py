"""Draws: named streams, shared draws, the laws they follow, and the very same arrays whoever asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab import draws, recurrent
from rnnlab.trial import parameters, trial_of

BASE = trial_of({"activation": "tanh", "width": 12, "length": 9, "batch": 2, "inputs": 5, "outputs": 3})
FROZEN = [-0.4695312608814755, 0.4575939044596098, -0.2559024693886524, -0.2901474607061715, 2.1830523268229194]
FROZEN_KEY = "c5a8d230307ef8d32388"
INITS = get_args(parameters()["recurrent_init"].type)
OF_INIT = {
    "sparse": {"recurrent_density": 0.3},
    "normal": {"eigenvalue_floor": 0.25},
    "low_rank": {"recurrent_rank": 3, "recurrent_noise": 0.4},
}
ARRAYS = ("U", "W", "V", "b", "c", "h0", "x", "y")


def arrays(**changes):
    return draws.problem(replace(BASE, **changes)).arrays()


def same(one, other, names=ARRAYS):
    for name in names:
        np.testing.assert_array_equal(one[name], other[name])


def test_shapes_and_dtypes():
    found = {name: array.shape for name, array in arrays().items()}
    shapes = {"U": (12, 12), "W": (12, 5), "V": (3, 12), "b": (12,), "c": (3,), "h0": (2, 12), "x": (9, 2, 5)}
    assert found == {**shapes, "y": (9, 2, 3)}
    assert {array.dtype for array in arrays(dtype="float32").values()} == {np.dtype(np.float32)}
    classes = arrays(loss="cross_entropy")["y"]
    assert classes.shape == (9, 2)
    assert set(np.unique(classes)) <= {0, 1, 2}


def test_what_a_parameter_does_not_concern_stays():
    same(arrays(), arrays(activation="relu"))
    same(arrays(), arrays(loss_at="last", output_scale=2.0), ("U", "W", "b", "c", "h0", "x", "y"))
    same(arrays(), arrays(initial_state="gaussian", bias_scale=1.0), ("U", "W", "V", "x", "y"))
    same(arrays(), arrays(recurrent_init="identity"), ("W", "V", "b", "c", "h0", "x", "y"))


def test_a_scale_is_a_factor():
    for scale in (0.3, 2.0, 1e-5):
        np.testing.assert_array_equal(arrays(recurrent_scale=scale)["U"], scale * arrays()["U"])
        np.testing.assert_array_equal(arrays(input_scale=scale)["W"], scale * arrays()["W"])


def test_longer_trials_begin_as_shorter_ones():
    for loss in ("squared", "cross_entropy"):
        long, short = arrays(length=40, loss=loss), arrays(loss=loss)
        np.testing.assert_array_equal(long["x"][:9], short["x"])
        np.testing.assert_array_equal(long["y"][:9], short["y"])


def test_float32_is_float64_cast():
    for name, array in arrays(initial_state="gaussian", bias_scale=0.5).items():
        single = arrays(initial_state="gaussian", bias_scale=0.5, dtype="float32")[name]
        np.testing.assert_array_equal(single, array.astype(np.float32))


def test_seeds_and_streams_differ():
    options = {"width": 30, "inputs": 30, "outputs": 30, "batch": 30, "initial_state": "gaussian", "bias_scale": 1.0}
    drawn = [arrays(seed=seed, **options) for seed in range(5)]
    firsts = np.array([a.ravel()[:30] for each in drawn for a in each.values()])
    firsts = np.delete(firsts, [4 + 8 * i for i in range(5)], axis=0)  # c goes on where b ends: fewer than 30 of b
    apart = np.abs(np.corrcoef(firsts)) - np.eye(len(firsts))
    assert apart.max() < 0.85


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.sampled_from(INITS))
def test_neighbours_change_nothing(seeds, init):
    own = OF_INIT.get(init, {})
    trials = [replace(BASE, seed=s, recurrent_init=init, **own, recurrent_scale=1 + i % 3) for i, s in enumerate(seeds)]
    block = draws.networks(trials)
    for g, trial in enumerate(trials):
        alone = draws.problem(trial)
        np.testing.assert_array_equal(block.U[g], alone.U)
        np.testing.assert_array_equal(block.x[block.source[g]], alone.x)
        np.testing.assert_array_equal(block.h0[block.initial[g]], alone.h0)
    assert len(block.x) == len(set(seeds))


def test_threads_do_not_disturb_each_other():
    trials = [replace(BASE, seed=seed, width=40, inputs=40) for seed in range(40)]
    alone = [draws.problem(trial).arrays() for trial in trials]
    with ThreadPoolExecutor(4) as pool:
        for one, other in zip(alone, pool.map(lambda trial: draws.problem(trial).arrays(), trials), strict=True):
            same(one, other)


def test_the_laws():
    big = {"width": 400, "inputs": 100, "outputs": 50, "length": 50, "initial_state": "gaussian", "bias_scale": 2.0}
    a = arrays(**big, recurrent_scale=1.5, input_scale=0.5, output_scale=3.0)
    deviations = {"U": 1.5 / 20, "W": 0.5 / 10, "V": 3.0 / 20, "b": 2.0, "h0": 1.0, "x": 1.0, "y": 1.0}
    for name, deviation in deviations.items():
        z = a[name].ravel() / deviation
        assert abs(z.mean()) < 5 / z.size**0.5, name
        assert abs((z**2).mean() - 1) < 5 * (2 / z.size) ** 0.5, name
        assert abs((z**4).mean() - 3) < 5 * (96 / z.size) ** 0.5, name
    counts = np.bincount(arrays(length=5000, loss="cross_entropy")["y"].ravel(), minlength=3)
    assert np.all(np.abs(counts - 10_000 / 3) < 5 * (10_000 * 2 / 9) ** 0.5)


def test_orthogonal_is_haar():
    matrices = [arrays(recurrent_init="orthogonal", seed=seed, recurrent_scale=2.0)["U"] / 2 for seed in range(300)]
    for q in matrices:
        np.testing.assert_allclose(q @ q.T, np.eye(12), atol=1e-12)
    traces = np.array([np.trace(q) for q in matrices])  # of a Haar matrix: mean 0, variance 1
    assert abs(traces.mean()) < 5 / 300**0.5
    assert abs(traces.var() - 1) < 5 * (2 / 300) ** 0.5
    np.testing.assert_array_equal(arrays(recurrent_init="identity", recurrent_scale=0.7)["U"], 0.7 * np.eye(12))


@pytest.mark.parametrize("width", [6, 48])
@pytest.mark.parametrize("init", INITS)
def test_spectra_are_those_of_the_matrix(init, width):
    base = replace(BASE, width=width, recurrent_init=init, recurrent_scale=1.7)
    trials = [replace(base, seed=s) for s in (0, 1, 0)]
    trials += [replace(base, **dict([item])) for item in OF_INIT.get(init, {}).items()]
    radius, norm = draws.spectra(trials)
    for g, trial in enumerate(trials):
        U = draws.problem(trial).U
        assert radius[g] == pytest.approx(np.abs(np.linalg.eigvals(U)).max(), rel=1e-10)
        assert norm[g] == pytest.approx(np.linalg.norm(U, 2), rel=1e-10)


def test_the_numbers_are_frozen():
    """A change here changes every result ever stored: raise DRAWS_VERSION and say so in the changelog."""
    first = arrays(seed=7)
    found = [float(first[name].ravel()[0]) for name in ("U", "W", "V", "x", "y")]
    np.testing.assert_allclose(found, FROZEN, rtol=1e-15)
    assert BASE.key == FROZEN_KEY


def test_what_is_kept_is_bounded_in_bytes_and_cannot_be_written_to():
    for width in (32, recurrent.WIDE, recurrent.WIDE + 1):
        kept = recurrent.unit_recurrent(recurrent.Recipe(0, width, "identity"))
        assert recurrent.unit_recurrent(recurrent.Recipe(0, width, "identity")) is kept
        with pytest.raises(ValueError, match="read-only"):
            kept[0, 0] = 2.0
    for seed in range(4):
        recurrent.unit_recurrent(recurrent.Recipe(seed, recurrent.WIDE + 1, "identity"))
    assert recurrent._few.cache_info().currsize == 2


def test_problems_can_be_compared_and_hashed():
    one = draws.problem(BASE)
    assert one == one
    assert one != draws.problem(BASE)
    assert hash(one)
