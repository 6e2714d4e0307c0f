"""Experiments for the tests: two fake measures, so that no test here waits for a real one, and small files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from rnnlab import experiment, measures
from rnnlab.measures import gradients
from rnnlab.measures.work import Work

GOOD: dict[str, Any] = {"schema": 1, "name": "good", "grid": {"activation": "tanh", "width": 8, "length": 5}}


class Settings(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Gradients(Settings):
    steps: bool | int = Field(True, description="which rows of gradients_by_step are written")
    skip: int = Field(0, ge=0)


class Lags(Settings):
    lags: tuple[int, ...] = (1, 2)
    kind: str = "mean"


def misfits(settings: Lags, least: dict[str, int]) -> Iterator[tuple[str, str]]:
    if max(settings.lags) > least["length"]:
        yield "lags", f"has {max(settings.lags)}, more than the smallest length {least['length']}; use smaller ones."


FAKES = {
    "gradients": SimpleNamespace(Settings=Gradients, work=gradients.work),
    "lags": SimpleNamespace(Settings=Lags, work=lambda trial, settings: Work(), misfits=misfits),
}


@pytest.fixture(autouse=True, scope="module")
def fake_measures() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "registry", lambda: FAKES)
        yield


def table(**grid: Any) -> dict[str, Any]:
    return {**GOOD, "grid": {**GOOD["grid"], **grid}}


def make(**grid: Any) -> experiment.Experiment:
    return experiment.parse(table(**grid))


def values(found: experiment.Experiment, name: str) -> list[Any]:
    (axis,) = (axis for axis in found.grids[0].axes if name in axis.names)
    return [row[axis.names.index(name)] for row in axis.rows()]


def write(folder: Path, text: str | bytes, name: str = "vanish.toml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path
