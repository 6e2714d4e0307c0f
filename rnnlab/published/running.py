"""Published results are measured as a user would: by an experiment, in a store that is thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rnnlab import api
from rnnlab.published.result import Measured

if TYPE_CHECKING:
    import pandas as pd

    from rnnlab.api import Results


def trials(measure: str, settings: dict[str, Any] | None = None, **grid: Any) -> pd.DataFrame:
    """Return the per-trial table of a measure over a grid."""
    return _run(measure, settings, grid, lambda results: results.trials)


def table(name: str, settings: dict[str, Any] | None = None, **grid: Any) -> pd.DataFrame:
    """Return a long table of a measure over a grid, with the axes joined."""
    return _run(name.partition("_by_")[0], settings, grid, lambda results: results.table(name))


def _run(
    measure: str, settings: dict[str, Any] | None, grid: dict[str, Any], read: Callable[[Results], pd.DataFrame]
) -> pd.DataFrame:
    experiment = {"schema": 1, "name": "published", "grid": grid, "measure": {measure: settings or {}}}
    with tempfile.TemporaryDirectory(prefix="rnnlab-") as folder:
        return read(api.run(experiment, store=folder))


def over_seeds(values: Any) -> Measured:
    """Return the mean over seeds, and its standard error."""
    import numpy as np

    values = np.asarray(values, dtype=np.float64)
    return Measured(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0)
