"""Row 17: numbers that formats stumble over come out of the store as they went in, and `status` says what they mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rnnlab import api, runner
from tests import fake_measure
from tests.faults.fakes import install
from tests.faults.runs import made, small_blocks

ODD = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1])


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_odd_numbers_are_stored_bit_for_bit(tmp_path, monkeypatch, size):
    """Through a run, its compaction, `rnnlab.load` and plain pandas."""
    small_blocks(monkeypatch, size)
    install(monkeypatch)
    measure = fake_measure.measure

    def numbered(networks, trajectory, settings):
        tables = measure(networks, trajectory, settings)
        return tables | {"fake": tables["fake"] | {"x": ODD[[trial.seed for trial in networks]]}}

    monkeypatch.setattr(fake_measure, "measure", numbered)
    grid = made(measure={"fake": {}}, activation="tanh", length=3, recurrent_scale=0.5, seed={"range": len(ODD)})
    runner.run(grid, store=tmp_path, workers=1)
    for frame in (api.load("e", tmp_path).trials, pd.read_parquet(tmp_path / "e" / "fake").sort_values("seed")):
        assert frame["x"].to_numpy().tobytes() == ODD.tobytes()
        assert frame["x"].dtype == np.float64


def test_a_network_that_diverges_says_when_and_has_nulls_from_there_on(tmp_path):
    wild = made(activation=["identity", "tanh"], recurrent_scale=1e9, length=100, seed=0)
    summary = runner.run(wild, store=tmp_path)
    assert (summary.failed, summary.diverged) == (0, 1)
    results = api.load("e", tmp_path)
    trials = results.trials.set_index("activation")
    assert trials.loc["identity", "status"] == "diverged"
    assert trials.loc["tanh", "status"] == "ok"
    at = int(trials.loc["identity", "diverged_at"])
    steps = results.table("gradients_by_step", where={"activation": "identity"})
    assert steps.loc[steps["t"] >= at, "loss"].isna().all()
    assert np.isnan(trials.loc["identity", "growth_rate"])
