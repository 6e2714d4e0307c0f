"""The numbers of today, kept: what the measures said of a few networks that are not chaotic.

A file is never overwritten. When numbers change on purpose, raise VERSION, write the changelog line, and let
`python -m tests.test_golden` write the files that are not there yet.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnlab import draws
from rnnlab.measures import registry
from rnnlab.networks import Trajectory
from rnnlab.trial import Trial, trial_of

FOLDER = Path(__file__).parent / "golden"
MEASURES = [name for name in registry() if name != "digits"]  # what rounding does differs from machine to machine
BASE = {"width": 6, "inputs": 3, "outputs": 4, "length": 12, "batch": 2, "bias_scale": 0.2, "initial_state": "gaussian"}
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def trials(measure: str) -> list[Trial]:
    activations = ("tanh", "sigmoid", "relu", "identity") if measure == "gradients" else ("tanh", "gelu")
    losses, dtypes = (
        (("squared", "cross_entropy"), TOLERANCE) if measure == "gradients" else (("squared",), ["float64"])
    )
    axes = product(activations, losses, ("every", "last"), dtypes)
    names = ("activation", "loss", "loss_at", "dtype")
    return [trial_of({**BASE, **dict(zip(names, values, strict=True)), "seed": i}) for i, values in enumerate(axes)]


def file(measure: str) -> Path:
    return FOLDER / f"{measure}-{registry()[measure].VERSION}.json"


def measured(measure: str, trial: Trial) -> dict[str, Any]:
    """Return the per-trial statistics, null as None, and the sums of the columns of the long tables."""
    networks, module = draws.networks([trial]), registry()[measure]
    tables = module.measure(networks, Trajectory(networks), module.Settings())
    found = {name: np.ma.masked_array(values).tolist()[0] for name, values in tables.pop(measure).items()}
    if measure != "gradients":
        found |= {f"{table} {name}": _sum(values) for table in tables for name, values in tables[table].items()}
    return found


def _sum(values: Any) -> float:
    known = np.ma.masked_invalid(np.ma.masked_array(values, dtype=np.float64))
    return float(known.sum()) if known.count() else 0.0


CASES = [(measure, trial) for measure in MEASURES for trial in trials(measure)]


@pytest.mark.parametrize(
    ("measure", "trial"), CASES, ids=[f"{m}-{t.activation}-{t.loss}-{t.loss_at}-{t.dtype}" for m, t in CASES]
)
def test_numbers_are_what_they_were(measure, trial):
    kept = json.loads(file(measure).read_text(encoding="utf-8"))[trial.key]
    found = measured(measure, trial)
    assert found.keys() == kept.keys()
    for name, value in kept.items():
        if isinstance(value, float):
            assert found[name] == pytest.approx(value, rel=TOLERANCE[trial.dtype], abs=TOLERANCE[trial.dtype]), name
        else:
            assert found[name] == value, name


if __name__ == "__main__":
    for new in (measure for measure in MEASURES if not file(measure).exists()):
        numbers = {trial.key: measured(new, trial) for trial in trials(new)}
        file(new).write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
        print(file(new))
