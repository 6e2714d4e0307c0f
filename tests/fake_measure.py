"""A measure with a per-trial and a long table whose numbers cost nothing; `install` makes it known for one test."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from rnnlab import columns, measures
from rnnlab.columns import Column
from rnnlab.measures.work import Work
from rnnlab.store import tables
from rnnlab.trial import Trial, parameters, trial_of

NAME = "fake"
VERSION = 1
TABLES = {
    "fake": (
        Column("status", "string", "ok or diverged"),
        Column("diverged_at", "int64", "t"),
        Column("x", "float64", "x"),
    ),
    "fake_by_step": (Column("t", "int64", "step"), Column("y", "float64", "y")),
}


class Settings(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    steps: bool = True


def work(trial, settings):
    return Work(rows=trial.length)


def measure(networks, trajectory, settings):
    """`networks` is a tuple of trials here."""
    trials = networks
    scale = np.array([t.recurrent_scale for t in trials])
    diverged = scale > 100
    long = np.repeat(np.arange(len(trials)), [t.length for t in trials])
    t = np.concatenate([np.arange(1, each.length + 1) for each in trials])
    return {
        "fake": {
            "status": np.where(diverged, "diverged", "ok").astype(object),
            "diverged_at": np.ma.MaskedArray(np.ones(len(trials), np.int64), mask=~diverged),
            "x": np.ma.MaskedArray(np.sin(scale + [each.seed for each in trials]), mask=diverged),
        },
        "fake_by_step": {"trial": long, "t": t, "y": np.cos(scale[long] * t)} if settings.steps else {},
    }


def install(monkeypatch):
    monkeypatch.setitem(measures._MODULES, NAME, __name__)
    tables.columns_of.cache_clear()


def trials(number: int, *, first: int = 0, length: int = 3) -> list[Trial]:
    return [
        trial_of({"activation": "tanh", "width": 4, "length": length, "seed": seed})
        for seed in range(first, first + number)
    ]


def block(these: list[Trial], *, settings: str = "00000000", version: int = VERSION) -> dict[str, pa.Table]:
    """The tables of one block, rows ordered, as the runner makes them."""
    these = sorted(these, key=lambda trial: trial.key)
    label = {"settings": settings, "measure_version": version}
    rows = [
        {"key": t.key, **_parameters(t), **label, "environment": "e" * 10, "status": "ok", "x": t.seed / 7}
        for t in these
    ]
    steps = [{"key": t.key, "t": i, "y": t.seed + i / 3, **label} for t in these for i in range(1, t.length + 1)]
    both = {"fake": rows, "fake_by_step": steps}
    return {name: pa.Table.from_pylist(each, columns.schema(tables.columns_of(name))) for name, each in both.items()}


def _parameters(trial: Trial) -> dict[str, object]:
    return {parameter.column.name: getattr(trial, parameter.name) for parameter in parameters().values()}
