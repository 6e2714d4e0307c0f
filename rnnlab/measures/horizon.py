"""horizon: the lag from which a contribution to dL/dU is small, changes nothing, or cannot be written down.

Of the root mean square over t of ‖contribution to dL_t/dU‖ by lag (see `lags`), the first lag at which it is under
a fraction of lag 0 (`horizon`), under eps of ‖dL/dU‖ (`absorbed`: added to the sum it is rounded away), and under
the smallest positive float, denormals included (`underflow`: it is 0 wherever exponents are not carried along).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rnnlab.columns import Column
from rnnlab.measures.nulls import STATUS, nullable, status

if TYPE_CHECKING:
    from rnnlab.measures.work import Work
    from rnnlab.networks import Networks, Trajectory
    from rnnlab.trial import Trial

NAME = "horizon"
VERSION = 1

_FORMATS = ("float32", "float64")
_ZERO = "the gradient is exactly zero"
_SILENT = "the contributions of lag 0 are exactly zero"
_MEANINGS = {
    "horizon": "a fraction (setting, 10^-3) of lag 0",
    **{f"absorbed_{name}": f"eps of {name} times ‖dL/dU‖" for name in _FORMATS},
    **{f"underflow_{name}": f"the smallest positive {name}, denormals included" for name in _FORMATS},
}


def _columns() -> tuple[Column, ...]:
    pairs = (
        (
            Column(
                name, "int64", f"first lag with an rms contribution to dL/dU under {what}; null where there is none"
            ),
            Column(f"{name}_censored", "bool", "true where no lag within the length is: it lies beyond, if anywhere"),
        )
        for name, what in _MEANINGS.items()
    )
    return tuple(column for pair in pairs for column in pair)


TABLES: dict[str, tuple[Column, ...]] = {
    "horizon": (*STATUS, *_columns(), Column("reason", "string", "why lags are null that are not censored")),
}


class Settings(BaseModel):
    """What [measure.horizon] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    fraction: Annotated[float, Field(gt=0, lt=1, description="the fraction of lag 0 that horizon asks for")] = 1e-3


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial: the sweep of the measure `lags`."""
    from rnnlab.measures.lags import sweep_work

    return sweep_work(trial)


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the table of these networks, column by column; null where masked."""
    import numpy as np

    from rnnlab.pairs import lag_sweep

    sweep = trajectory.once(lag_sweep)
    diverged = sweep.diverged
    lost, zero, silent = diverged > 0, np.isneginf(sweep.total), ~np.isfinite(sweep.rms[:, 0])
    columns = _crossing("horizon", sweep.rms, sweep.rms[:, 0] + np.log10(settings.fraction), lost | silent)
    for name in _FORMATS:
        info = np.finfo(name)
        columns |= _crossing(f"absorbed_{name}", sweep.rms, sweep.total + np.log10(float(info.eps)), lost | zero)
    for name in _FORMATS:
        smallest = np.log10(float(np.finfo(name).smallest_subnormal))
        columns |= _crossing(f"underflow_{name}", sweep.rms, np.full(len(lost), smallest), lost)
    reason = np.where(zero, _ZERO, _SILENT).astype(object)
    return {"horizon": {**status(diverged), **columns, "reason": nullable(reason, lost | ~(zero | silent))}}


def _crossing(name: str, rms: Any, limit: Any, undefined: Any) -> dict[str, Any]:
    """The first lag under the limit (G,), and whether there is none."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        under = rms < limit[:, None]
    censored = ~under.any(axis=1)
    return {
        name: nullable(np.argmax(under, axis=1), undefined | censored),
        f"{name}_censored": nullable(censored, undefined),
    }
