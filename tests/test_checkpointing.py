"""Trajectories too long to hold are gone through in segments, from checkpoints: not a bit is another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rnnlab
from rnnlab import draws
from rnnlab.errors import UsageError
from rnnlab.measures import gradients
from rnnlab.networks import Trajectory, flow_back, sweep, trajectory
from rnnlab.tasks import long
from rnnlab.trial import trial_of
from tests.cases import DTYPES, LOSS_AT, LOSSES, arguments, block_of, draw, stack

SHAPES = [  # width, inputs, outputs, length, batch: chunks of 192 / batch steps
    (5, 3, 2, 1000, 1),
    (7, 2, 3, 577, 2),
    (3, 4, 5, 193, 3),
    (1, 1, 1, 192, 1),
    (9, 2, 4, 65, 200),
    (4, 2, 2, 1, 2),
]
ENDS = ("activation", "recurrent_scale", "seed")


def same(ours, theirs):
    """Assert that every array, of however many levels, is the same to the bit; masks too."""
    if isinstance(theirs, dict):
        assert set(ours) == set(theirs)
        for name in theirs:
            same(ours[name], theirs[name])
    else:
        np.testing.assert_array_equal(np.ma.getmaskarray(ours), np.ma.getmaskarray(theirs))
        kept = [np.ma.MaskedArray(each).compressed() for each in (ours, theirs)]
        np.testing.assert_array_equal(*kept)
        assert kept[0].dtype == kept[1].dtype


def measured(trials, **settings):
    block = draws.networks(trials)
    return gradients.measure(block, Trajectory(block), gradients.Settings(**settings))


def both(monkeypatch, trials, **settings):
    """Return the tables of the held form, and those of one that draws and computes everything in segments."""
    held = measured(trials, **settings)
    monkeypatch.setattr(long, "LONG_BYTES", 0)
    monkeypatch.setattr(trajectory, "HELD_BYTES", 0)
    return held, measured(trials, **settings)


def shaped(shape, **values):
    width, inputs, outputs, length, batch = shape
    return {"width": width, "inputs": inputs, "outputs": outputs, "length": length, "batch": batch, **values}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_segments_change_no_bit(monkeypatch, shape, loss_at, loss, dtype):
    values = shaped(shape, loss_at=loss_at, loss=loss, dtype=dtype, bias_scale=0.2, initial_state="gaussian")
    points = [("tanh", 1.3, 0), ("relu", 1.1, 1), ("sigmoid", 3.0, 0), ("relu", 0.1, 2)]
    trials = [trial_of({**values, **dict(zip(ENDS, point, strict=True))}) for point in points]
    held, streamed = both(monkeypatch, trials)
    assert set(held["gradients"]["status"]) == {"ok"}
    same(streamed, held)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("gain", [1e30, 30.0, 1.5, 1.1])
def test_a_divergence_in_any_segment(monkeypatch, gain, loss_at, dtype):
    """At the first step, within the first segment, and in a later one."""
    values = shaped((6, 2, 3, 4000, 1), loss_at=loss_at, dtype=dtype, input_scale=1e8 if gain > 1e3 else 1.0)
    trials = [trial_of({**values, "activation": a, "recurrent_scale": gain}) for a in ("identity", "tanh")]
    held, streamed = both(monkeypatch, trials)
    assert held["gradients"]["status"].tolist() == ["diverged", "ok"] or gain == 1.1
    same(streamed, held)


@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("place", [0, 700, 1999])
def test_an_output_that_is_not_finite(monkeypatch, loss_at, place):
    """States are finite, but one output is not: at the beginning, in the middle, at the end."""
    network = draw(4, 4, 2, 2000, 1, activation="identity", loss_at=loss_at, gain=0.0)
    network = replace(network, W=np.eye(4), V=np.full((2, 4), 10.0))
    network.x[place] = 1e308
    held = rnnlab.gradients(**arguments(network))
    assert held.diverged_at == (place + 1 if loss_at == "every" or place == 1999 else None)
    same(vars(rnnlab.gradients(**arguments(network), checkpoint=400)), vars(held))
    block = block_of(network)
    tables = gradients.measure(block, Trajectory(block), gradients.Settings())
    monkeypatch.setattr(trajectory, "HELD_BYTES", 0)
    same(gradients.measure(block, Trajectory(block), gradients.Settings()), tables)


@pytest.mark.parametrize("checkpoint", [1, 192, 500, 10**6])
def test_given_checkpoints_change_no_bit(checkpoint):
    networks = [draw(6, 3, 2, 1500, 1, activation="tanh", gain=gain, seed=3) for gain in (0.5, 1.4)]
    for network in networks:
        same(
            vars(rnnlab.gradients(**arguments(network), checkpoint=checkpoint)),
            vars(rnnlab.gradients(**arguments(network))),
        )
    held, streamed = (rnnlab.gradient_statistics(**stack(networks), checkpoint=each) for each in (None, checkpoint))
    same(vars(streamed), vars(held))


@pytest.mark.parametrize("checkpoint", [0, -1, 2.0, True, "many"])
def test_bad_checkpoints_are_refused(checkpoint):
    with pytest.raises(UsageError, match="checkpoint"):
        rnnlab.gradients(**arguments(draw()), checkpoint=checkpoint)


def test_cotangents_in_segments():
    network = draw(5, 3, 2, 900, 2)
    given = {**arguments(network), "cotangents": network.y, "activation": "tanh"}
    del given["y"], given["loss"], given["loss_at"]
    same(vars(rnnlab.gradients(**given, checkpoint=200)), vars(rnnlab.gradients(**given)))


def test_no_more_than_a_segment_is_held_at_a_time(monkeypatch):
    monkeypatch.setattr(long, "LONG_BYTES", 0)
    monkeypatch.setattr(trajectory, "HELD_BYTES", 0)
    lengths, run = [], trajectory._run

    def counted(n, *rest):
        lengths.append(n.shape[1])
        return run(n, *rest)

    monkeypatch.setattr(trajectory, "_run", counted)
    one = draws.networks([trial_of(shaped((3, 2, 2, 192 * 100, 1), activation="tanh"))])
    found = Trajectory(one)
    sweep(found, 0.05)
    assert set(lengths) == {1920}
    assert len(lengths) == 20  # forward, and again on the way back
    assert not found.held
    flow_back(found, checkpoint=5000)
    assert set(lengths[20:]) == {5184, 192 * 100 - 3 * 5184}


def test_what_is_read_backwards_is_drawn_once_more_and_not_from_the_beginning(monkeypatch):
    monkeypatch.setattr(long, "LONG_BYTES", 0)
    drawn = []
    sequences = draws.networks([trial_of(shaped((3, 2, 2, 90_000, 1), activation="tanh"))]).x
    plain = sequences._draw
    monkeypatch.setattr(sequences, "_draw", lambda t, g, steps: drawn.append(steps) or plain(t, g, steps))
    ahead = [sequences.read(0, start, start + 900) for start in range(0, 90_000, 900)]
    back = [sequences.read(0, start, start + 900) for start in range(89_100, -1, -900)]
    assert sum(drawn) == 2 * 90_000
    for one, other in zip(ahead, reversed(back), strict=True):
        np.testing.assert_array_equal(one, other)
