"""Sequences too long to hold are the same numbers, drawn piece by piece, and so are the states that they drive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnlab import draws
from rnnlab.networks import Trajectory, trajectory
from rnnlab.tasks import long
from rnnlab.trial import Trial, trial_of

VALUES = {"activation": "tanh", "width": 5, "length": 10_000, "inputs": 3, "outputs": 2, "batch": 2, "seed": 4}


def trial(**values: object) -> Trial:
    return trial_of({**VALUES, **values})


@pytest.fixture
def everything_is_long(monkeypatch):
    monkeypatch.setattr(long, "LONG_BYTES", 1000)
    monkeypatch.setattr(trajectory, "HELD_BYTES", 1000)


def both(monkeypatch, trials):
    whole = draws.networks(trials)
    monkeypatch.setattr(long, "LONG_BYTES", 1000)
    return whole, draws.networks(trials)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_long_sequences_are_the_short_ones(monkeypatch, loss, dtype):
    trials = [trial(loss=loss, dtype=dtype), trial(seed=7, loss=loss, dtype=dtype), trial(loss=loss, dtype=dtype)]
    whole, long_ones = both(monkeypatch, trials)
    for name in ("x", "y"):
        ours = getattr(long_ones, name)
        assert isinstance(ours, long.LongSequences)
        assert ours.shape == getattr(whole, name).shape
        np.testing.assert_array_equal(np.asarray(ours), getattr(whole, name))
        assert np.asarray(ours).dtype == getattr(whole, name).dtype
    np.testing.assert_array_equal(long_ones.source, whole.source)
    for g, start, stop in ((0, 0, 5), (1, 9_000, 9_100), (0, 5, 4_200), (0, 3, 4), (2, 3, 9_999)):
        np.testing.assert_array_equal(long_ones.inputs(g, start, stop), whole.inputs(g, start, stop))


def test_the_first_million_of_steps_needs_no_more_memory_than_the_first_thousand():
    n = draws.networks([trial(length=10**8)])
    assert n.shape[1] == 10**8
    assert n.inputs(0, 0, 1000).shape == (1000, 2, 3)


@pytest.mark.parametrize("size", [1, 100, 1000, 20_000])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_pieces_of_a_trajectory_are_the_whole(monkeypatch, size, dtype):
    trials = [trial(dtype=dtype, length=1500, bias_scale=0.1), trial(dtype=dtype, length=1500, activation="relu")]
    whole = Trajectory(draws.networks(trials))
    h, slope = whole.h.copy(), whole.slope.copy()
    monkeypatch.setattr(long, "LONG_BYTES", 1000)
    monkeypatch.setattr(trajectory, "HELD_BYTES", 1000)
    pieces = Trajectory(draws.networks(trials))
    for g in range(2):
        at = 0
        for start, states, slopes in pieces.steps(g, size):
            assert start == at
            np.testing.assert_array_equal(states, h[g, at : at + len(slopes) + 1])
            np.testing.assert_array_equal(slopes, slope[g, at : at + len(slopes)])
            at += len(slopes)
        assert at == 1500
    assert not pieces.held


@pytest.mark.parametrize("held", [True, False])
def test_a_divergence_ends_the_pieces(monkeypatch, held):
    if not held:
        monkeypatch.setattr(trajectory, "HELD_BYTES", 1000)
    wild = Trajectory(draws.networks([trial(activation="identity", recurrent_scale=30.0, length=1000)]))
    steps = sum(len(slope) for _, _, slope in wild.steps(0, 50))
    assert 0 < steps < 1000
    assert wild.diverged[0] == steps + 1


def test_a_computation_is_made_once():
    calls = []
    one = Trajectory(draws.networks([trial(length=3)]))

    def compute(given: Trajectory) -> int:
        calls.append(given)
        return len(calls)

    assert [one.once(compute), one.once(compute)] == [1, 1]
    assert calls == [one]


def test_a_problem_of_a_long_trial_is_drawn_whole(everything_is_long):
    ours = draws.problem(trial(length=500))
    assert ours.x.shape == (500, 2, 3)
    assert replace(ours.trial, length=500) == ours.trial
