"""Frames like those of `Results.trials`, made from a formula, for tests that need no kernels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.trial import trial_of

Rate = Callable[[dict[str, Any]], float]


def trials_frame(rate: Rate, **axes: list[Any]) -> pd.DataFrame:
    """Return one row per combination of the axes, with `rate(parameters)` as its growth rate (nan: an exact zero)."""
    grid = {"activation": ["tanh"], "width": [8], "length": [100], "seed": [0], **axes}
    return pd.DataFrame([_row(dict(zip(grid, values, strict=True)), rate) for values in product(*grid.values())])


def _row(values: dict[str, Any], rate: Rate) -> dict[str, Any]:
    trial = trial_of(values)
    growth = rate(trial.values())
    ratio = growth * trial.length / np.log(10)
    verdict = "vanishes" if not ratio >= -1 else "explodes" if ratio > 1 else "stable"
    return {
        "key": trial.key,
        **trial.values(),
        "status": "ok",
        "verdict": verdict,
        "growth_rate": growth,
        "spectral_norm": 2 * trial.recurrent_scale,
        "chi_measured": np.exp(2 * growth),
    }
