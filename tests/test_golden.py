"""The numbers of today, kept: what a measure said of a few networks that are not chaotic.

A file here is never overwritten. When numbers change on purpose, raise VERSION, write the changelog line, and let
`python -m tests.test_golden` write the next file.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnlab import draws
from rnnlab.measures import gradients
from rnnlab.networks import Trajectory
from rnnlab.trial import Trial, trial_of

FILE = Path(__file__).parent / "golden" / f"gradients-{gradients.VERSION}.json"
BASE = {"width": 6, "inputs": 3, "outputs": 4, "length": 12, "batch": 2, "bias_scale": 0.2, "initial_state": "gaussian"}
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def trials() -> list[Trial]:
    axes = product(("tanh", "sigmoid", "relu", "identity"), ("squared", "cross_entropy"), ("every", "last"), TOLERANCE)
    names = ("activation", "loss", "loss_at", "dtype")
    return [trial_of({**BASE, **dict(zip(names, values, strict=True)), "seed": i}) for i, values in enumerate(axes)]


def measured(trial: Trial) -> dict[str, Any]:
    """Return the per-trial statistics, null as None."""
    networks = draws.networks([trial])
    table = gradients.measure(networks, Trajectory(networks), gradients.Settings())["gradients"]
    return {name: np.ma.masked_array(values).tolist()[0] for name, values in table.items()}


@pytest.mark.parametrize("trial", trials(), ids=lambda t: f"{t.activation}-{t.loss}-{t.loss_at}-{t.dtype}")
def test_numbers_are_what_they_were(trial):
    kept = json.loads(FILE.read_text(encoding="utf-8"))[trial.key]
    found = measured(trial)
    assert found.keys() == kept.keys()
    for name, value in kept.items():
        if isinstance(value, float):
            assert found[name] == pytest.approx(value, rel=TOLERANCE[trial.dtype], abs=TOLERANCE[trial.dtype]), name
        else:
            assert found[name] == value, name


if __name__ == "__main__":
    if FILE.exists():
        raise SystemExit(f"{FILE} is there already: raise VERSION first")
    FILE.write_text(json.dumps({trial.key: measured(trial) for trial in trials()}, indent=1) + "\n", encoding="utf-8")
