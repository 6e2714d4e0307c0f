"""The benchmark of training runs, and its peers make the same updates."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as command
from benchmarks import training
from benchmarks.shapes import QUICK_COURSES


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_training_beside_its_peers(dtype, monkeypatch):
    monkeypatch.chdir(command.README.parent.parent)  # where `python -m benchmarks.worker` is found
    measured = training.measure(QUICK_COURSES[0], dtype, 2)
    assert len(measured.rounds) == 2
    assert measured.speed(training.OURS) > 0
    assert training.statistics(measured).measured > -1
    assert all(bar.measured > 0 for peer in training.LIMITS for bar in measured.bars(peer))
