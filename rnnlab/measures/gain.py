"""gain: what each step back in time does to the adjoint, split between the slopes and the recurrent weights.

    ln ‖δ_{t-1}‖ - ln ‖δ_t‖ = ln(‖D_t δ_t‖ / ‖δ_t‖) + ln(‖Uᵀ D_t δ_t‖ / ‖D_t δ_t‖),    D_t = diag(phi'(a_t)),

with δ_t = dl_T/dh_t of each sample, the actual adjoint of the last loss. The first share is never above ln max phi';
the two add up to growth_rate of the measure `gradients`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rnnlab.columns import Column
from rnnlab.measures.nulls import STATUS, nullable, status
from rnnlab.measures.work import Work

if TYPE_CHECKING:
    from rnnlab.networks import Networks, Trajectory
    from rnnlab.trial import Trial

NAME = "gain"
VERSION = 1

SHORTEST = 10  # steps that a standard error needs
_RATE = "nats/step"
_SLOPE = "mean over the batch of ln(‖D_t δ_t‖ / ‖δ_t‖), δ_t = dl_T/dh_t, D_t = diag phi'(a_t)"
_RECURRENT = "mean over the batch of ln(‖Uᵀ D_t δ_t‖ / ‖D_t δ_t‖)"
_ERROR = "its standard error along time, corrected for autocorrelation; null for fewer than 10 steps"

TABLES: dict[str, tuple[Column, ...]] = {
    "gain": (
        *STATUS,
        Column("slope_gain", "float64", f"mean over steps: {_SLOPE}", _RATE, label="gain of the slopes"),
        Column("slope_gain_se", "float64", _ERROR, _RATE),
        Column("recurrent_gain", "float64", f"mean over steps: {_RECURRENT}", _RATE, label="gain of U"),
        Column("recurrent_gain_se", "float64", _ERROR, _RATE),
        Column("slope_gain_isotropic", "float64", "½ ln of the mean of phi'²: an adjoint of random direction", _RATE),
        Column("recurrent_gain_isotropic", "float64", "½ ln(‖U‖_F² / N): an adjoint of random direction", _RATE),
        Column("reason", "string", "why a gain is null though the trial did not diverge"),
    ),
    "gain_by_step": (
        Column("t", "int64", "time step, 1..T: the gain from t back to t - 1", label="time step t"),
        Column("slope_gain", "float64", _SLOPE, "nats", label="gain of the slopes"),
        Column("recurrent_gain", "float64", _RECURRENT, "nats", label="gain of U"),
    ),
}  # fmt: skip


_Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """What [measure.gain] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    steps: Annotated[bool | _Count, Field(description="by-step rows: all, none, every n-th")] = True
    skip_first: Annotated[int, Field(ge=0, description="steps left out of the means at t = 1, 2, ...")] = 0
    skip_last: Annotated[int, Field(ge=0, description="steps left out of the means at t = T, T-1, ...")] = 0


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial: one sweep of the adjoint of L_T."""
    t = trial
    every = int(settings.steps)  # true: every step
    rows = t.length // every if every else 0
    return Work(2.0 * t.batch * t.width * (t.length * t.width + 2 * t.outputs), rows)


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the tables of these networks, column by column; null where masked."""
    import numpy as np

    from rnnlab.networks import diverged_by_the_end, split_adjoint_of_last

    hidden, weighed = trajectory.once(split_adjoint_of_last)
    with np.errstate(invalid="ignore"):  # of exact zeros, -inf
        slope, recurrent = weighed - hidden[:, 1:], hidden[:, :-1] - weighed
    diverged = diverged_by_the_end(trajectory, np.isnan(hidden[:, -1]))
    tables = {"gain": _summary(networks, trajectory, diverged, slope, recurrent, settings)}
    if settings.steps:
        tables["gain_by_step"] = _by_step(slope, recurrent, int(settings.steps))
    return tables


def _summary(
    networks: Networks, trajectory: Trajectory, diverged: Any, slope: Any, recurrent: Any, settings: Settings
) -> dict[str, Any]:
    import numpy as np

    from rnnlab.networks import slope_statistics

    square = slope_statistics(trajectory, 0.0).mean_square.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = {
            **_means("slope_gain", slope, settings),
            **_means("recurrent_gain", recurrent, settings),
            "slope_gain_isotropic": 0.5 * np.log(square),
            "recurrent_gain_isotropic": np.array([_log_rms_gain(U) for U in networks.U]),
        }
        both = slope + recurrent
    finite = {name: nullable(values, ~np.isfinite(values)) for name, values in columns.items()}
    return {**status(diverged), **finite, "reason": _reason(diverged, both, settings)}


def _means(name: str, series: Any, settings: Settings) -> dict[str, Any]:
    """The mean and its error over the steps that the settings leave; nan where there is none."""
    import numpy as np

    from rnnlab.kernels.series import means

    G, T = series.shape
    kept = np.ascontiguousarray(series[:, settings.skip_first : max(T - settings.skip_last, 0)])
    mean, error = np.full(G, np.nan), np.full(G, np.nan)
    if kept.shape[1] > 0:
        means(kept, mean, error)
    if kept.shape[1] < SHORTEST:
        error[:] = np.nan
    return {name: mean, f"{name}_se": error}


def _log_rms_gain(U: Any) -> float:
    """½ ln(‖U‖² / N), also where the squares leave the range of floats."""
    import numpy as np

    peak = float(np.abs(U).max())
    if peak == 0.0:
        return -np.inf
    return float(np.log(np.linalg.norm(U.astype(np.float64) / peak)) + np.log(peak) - 0.5 * np.log(len(U)))


def _reason(diverged: Any, gain: Any, settings: Settings) -> Any:
    import numpy as np

    G, T = gain.shape
    empty = settings.skip_first + settings.skip_last >= T
    kept = gain[:, settings.skip_first : max(T - settings.skip_last, 0)]
    zero = (diverged == 0) & ~np.isfinite(kept).all(axis=1)
    words = np.where(zero, "the adjoint of some sample is exactly zero", "the settings leave no step").astype(object)
    return nullable(words, np.full(G, not empty) & ~zero | (diverged > 0))


def _by_step(slope: Any, recurrent: Any, every: int) -> dict[str, Any]:
    import numpy as np

    G, T = slope.shape
    steps = np.arange(every, T + 1, every)

    def column(values: Any) -> Any:
        chosen = values[:, steps - 1].reshape(-1)
        return nullable(chosen, ~np.isfinite(chosen))

    return {
        "trial": np.repeat(np.arange(G), len(steps)),
        "t": np.tile(steps, G),
        "slope_gain": column(slope),
        "recurrent_gain": column(recurrent),
    }
