"""lags: the gradient by U ordered by how far it reaches back.

    G_l = Σ_t (term of the pair t, k = t - l),    G = Σ_l G_l = dL/dU,    share_l = ⟨G_l, G⟩ / ‖G‖².

The shares add up to 1 and may be negative: the sum can look healthy while every long lag is dead. Truncating BPTT after
K lags leaves Σ_{l<K} G_l (Williams, Peng 1990, Neural Computation 2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rnnlab.columns import Column
from rnnlab.measures.nulls import STATUS, nullable, status
from rnnlab.measures.work import Work

if TYPE_CHECKING:
    from rnnlab.networks import Networks, Trajectory
    from rnnlab.trial import Trial

NAME = "lags"
VERSION = 1

NOTABLE = 0.01  # a share that counts
ROUNDING = 16.0  # times eps, of the sum of ‖G_l‖: below it an error of truncation is rounding
_ZERO = "the gradient is exactly zero"
_CANCELLED = "the lags cancel down to rounding"
_LAG_FLOPS = 2e4

TABLES: dict[str, tuple[Column, ...]] = {
    "lags": (
        *STATUS,
        Column("log10_grad_norm_U", "float64", "log10 of ‖dL/dU‖, all lags together", "log10"),
        Column(
            "truncation_length", "int64",
            "smallest K such that BPTT truncated to K or more lags errs by less than the tolerance, of ‖dL/dU‖",
        ),
        Column("longest_lag", "int64", "longest lag with a share of dL/dU of 1 % or more, in size; null for none"),
        Column("log10_cancellation", "float64", "log10 of ‖dL/dU‖ over the sum of ‖G_l‖: 0: nothing cancels", "log10"),
        Column("reason", "string", "why statistics are null though the trial did not diverge"),
    ),
    "lags_by_lag": (
        Column("lag", "int64", "l = t - k, 0..T-1", label="lag"),
        Column("pairs", "int64", "pairs (t, k) with this lag, L_t a loss and h_{k-1} not exactly zero"),
        Column("zero_pairs", "int64", "those of them whose contribution is exactly zero"),
        Column(
            "log10_rms_contribution", "float64", "log10 of the root mean square over pairs of ‖term of dL_t/dU‖",
            "log10", label="contribution to dL/dU",
        ),
        Column(
            "mean_log10_contribution", "float64", "mean of log10 ‖contribution‖ over the pairs where it is not zero",
            "log10",
        ),
        Column("log10_lag_norm", "float64", "log10 of ‖G_l‖, the contributions of a lag added up", "log10"),
        Column("share", "float64", "⟨G_l, G⟩ / ‖G‖²: all lags make 1; may be negative", label="share of dL/dU"),
        Column("cosine", "float64", "⟨G_l, G⟩ / (‖G_l‖ ‖G‖); null where G_l is zero"),
        Column(
            "log10_truncation_error", "float64",
            "log10 of ‖G - Σ_{j<=l} G_j‖ / ‖G‖, BPTT truncated after this lag; null below rounding", "log10",
            label="error of truncation",
        ),
    ),
}  # fmt: skip


class Settings(BaseModel):
    """What [measure.lags] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    lags: Annotated[
        Annotated[int, Field(ge=1)] | Literal["all"], Field(description="rows of lags_by_lag: the first n lags, or all")
    ] = "all"
    tolerance: Annotated[float, Field(gt=0, lt=1, description="the relative error that truncation_length allows")] = 0.1


def misfits(settings: Settings, least: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield what cannot fit a grid with these smallest values."""
    length = least["length"]
    if settings.lags != "all" and settings.lags > length:
        yield "lags", f"is {settings.lags}, more than the smallest length {length}; use at most {length}, or all."


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial: for each pair one step back, and its share of an outer product."""
    rows = trial.length if settings.lags == "all" else settings.lags
    return sweep_work(trial) + Work(rows=rows)


def sweep_work(trial: Trial) -> Work:
    """Return what the sweep costs, whoever asks for it."""
    from rnnlab.measures.sweeping import sweep_bytes, sweep_flops

    t = trial
    last = t.loss_at == "last"
    pairs = t.length if last else t.length * (t.length + 1) // 2
    flops = sweep_flops(t) + pairs * (2.0 * t.batch * t.width * (2 * t.width + t.batch) + _LAG_FLOPS)
    held = 2 * t.length * t.batch * t.width * (4 if t.dtype == "float32" else 8)
    return Work(flops, 0, sweep_bytes(t) + held)


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the tables of these networks, column by column; null where masked."""
    import numpy as np

    from rnnlab.pairs import lag_sweep, log10_sum

    sweep = trajectory.once(lag_sweep)
    diverged = sweep.diverged
    length = sweep.share.shape[1]
    with np.errstate(invalid="ignore"):
        together = log10_sum(sweep.norm) - sweep.total  # of ‖G_l‖ in units of ‖G‖
        noise = together + np.log10(ROUNDING * float(np.finfo(networks.dtype).eps))
    error = nullable(sweep.error, np.isnan(sweep.error) | (sweep.error < noise[:, None]))
    error[:, length] = -np.inf  # nothing is missing
    count = length if settings.lags == "all" else min(settings.lags, length)
    return {
        "lags": _summary(sweep, diverged, together, noise, settings.tolerance),
        "lags_by_lag": _by_lag(sweep, diverged, error, noise >= 0.0, count),
    }


def _summary(sweep: Any, diverged: Any, together: Any, noise: Any, tolerance: float) -> dict[str, Any]:
    import numpy as np

    lost, zero = diverged > 0, np.isneginf(sweep.total)
    limit = np.log10(tolerance)
    cancelled = ~lost & ~zero & (noise >= limit)
    undefined = lost | zero | cancelled
    T = sweep.share.shape[1]
    far = np.where(undefined[:, None], np.inf, sweep.error) >= limit
    far[:, T] = False
    truncation = np.where(far.any(axis=1), T + 1 - np.argmax(far[:, ::-1], axis=1), 0)
    notable = np.abs(sweep.share) >= NOTABLE
    reason = np.where(zero, _ZERO, _CANCELLED).astype(object)
    return {
        **status(diverged),
        "log10_grad_norm_U": nullable(sweep.total, lost),
        "truncation_length": nullable(truncation, undefined),
        "longest_lag": nullable(T - 1 - np.argmax(notable[:, ::-1], axis=1), undefined | ~notable.any(axis=1)),
        "log10_cancellation": nullable(np.minimum(-together, 0.0), lost | zero),
        "reason": nullable(reason, ~(zero | cancelled)),
    }


def _by_lag(sweep: Any, diverged: Any, error: Any, rounding: Any, count: int) -> dict[str, Any]:
    """The columns by lag; rounding (G,): dL/dU is nothing else, so that shares of it mean nothing."""
    import numpy as np

    G, T = sweep.share.shape
    lost = np.broadcast_to((diverged > 0)[:, None], (G, T))

    def column(values: Any, missing: Any = False) -> Any:
        return nullable(values, lost | missing)[:, :count].reshape(-1)

    return {
        "trial": np.repeat(np.arange(G), count),
        "lag": np.tile(np.arange(count), G),
        "pairs": column(sweep.pairs),
        "zero_pairs": column(sweep.zeros),
        "log10_rms_contribution": column(sweep.rms, np.isnan(sweep.rms)),
        "mean_log10_contribution": column(sweep.mean_log, np.isnan(sweep.mean_log)),
        "log10_lag_norm": column(sweep.norm),
        "share": column(sweep.share, np.isnan(sweep.share) | rounding[:, None]),
        "cosine": column(sweep.cosine, np.isnan(sweep.cosine) | rounding[:, None]),
        "log10_truncation_error": column(error[:, 1:]),
    }
