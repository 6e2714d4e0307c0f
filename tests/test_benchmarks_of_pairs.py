"""The benchmarks of terms and lags run, and their peers agree."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as command
from benchmarks import pairs


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_terms_and_lags_beside_their_peers(dtype, monkeypatch):
    monkeypatch.chdir(command.README.parent.parent)  # where `python -m benchmarks.worker` is found
    measured = pairs.measure(pairs.QUICK[0], dtype, 2, jax=True)
    assert len(measured.rounds) == 2
    assert all(bar.measured > 0 for bar in pairs.of_terms(measured))
