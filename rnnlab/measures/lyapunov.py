"""lyapunov: the exponents of the product of Jacobians, its dimension, and what must hold of their sum.

    λ_1 >= λ_2 >= ... of J_T … J_1, J_t = diag(phi'(a_t)) U,        Σ_i λ_i = ln |det U| + ⟨Σ_i ln |phi'(a_t,i)|⟩_t

by Gram-Schmidt on a frame that the Jacobians carry along (Benettin, Galgani, Giorgilli, Strelcyn 1980, Meccanica 15).
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
    from rnnlab.networks.growth import Growth
    from rnnlab.trial import Trial

NAME = "lyapunov"
VERSION = 2

PIECE = 1024  # steps whose slopes are held at a time
_RATE = "nats/step"

TABLES: dict[str, tuple[Column, ...]] = {
    "lyapunov": (
        *STATUS,
        Column("lyapunov_max", "float64", "λ_1, the largest exponent", _RATE, label="largest Lyapunov exponent λ₁"),
        Column("lyapunov_max_se", "float64", "its standard error, over blocks of time or over samples", _RATE),
        Column("lyapunov_sum", "float64", "sum of all exponents; null where not all are computed", _RATE),
        Column("sum_rule_error", "float64", "|lyapunov_sum - ln|det U| - mean of Σ_i ln|phi'||, 0 but for rounding"),
        Column("kaplan_yorke_dimension", "float64", "D_KY = j + (λ_1 + … + λ_j)/|λ_{j+1}|, Kaplan and Yorke 1979"),
        Column("positive_sum", "float64", "sum of the positive exponents: the entropy rate, or a bound on it", _RATE),
        Column("positive_count", "int64", "exponents above 0"),
        Column("infinite_count", "int64", "computed exponents that are -inf: directions that die"),
        Column("finite_time_mean", "float64", "mean over windows of time of the growth of the first direction", _RATE),
        Column("finite_time_sd", "float64", "its standard deviation over windows", _RATE),
        Column("finite_time_min", "float64", "its smallest value", _RATE),
        Column("finite_time_max", "float64", "its largest value", _RATE),
        Column("lyapunov_minus_growth_rate", "float64", "λ_1 less growth_rate, the same thing by the adjoint", _RATE),
        Column("qr_interval", "float64", "mean number of steps between two factorisations"),
        Column("reason", "string", "why something is null though the trial did not diverge"),
    ),
    "lyapunov_by_index": (
        Column("i", "int64", "index, 1 for the largest exponent", label="index i"),
        Column("lyapunov_exponent", "float64", "λ_i; -inf for a direction that dies", _RATE),
        Column("lyapunov_se", "float64", "its standard error, over blocks of time or over samples", _RATE),
    ),
}

_Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """What [measure.lyapunov] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    exponents: Annotated[Literal["all"] | _Count, Field(description="exponents, the largest first: n, or all")] = "all"
    burn_in: Annotated[
        Annotated[int, Field(ge=0)] | None, Field(description="steps before the count begins; a tenth if not given")
    ] = None
    samples: Annotated[Literal["all"] | _Count, Field(description="sequences to average over: n, or all")] = 1
    interval: Annotated[
        Literal["auto"] | _Count, Field(description="steps between factorisations; auto: by the condition number")
    ] = "auto"
    window: Annotated[_Count | None, Field(description="the steps of a finite-time exponent; none if not given")] = None


def misfits(settings: Settings, least: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield the settings that do not fit the smallest sizes of a grid, and why."""
    N, T, B = least["width"], least["length"], least["batch"]
    skipped = _burn_in(settings, T)
    if settings.exponents != "all" and settings.exponents > N:
        yield "exponents", f"is {settings.exponents}, more than the smallest width {N}; use at most {N}."
    if skipped >= T:
        yield "burn_in", f"is {skipped}, which leaves nothing of the smallest length {T}; use at most {T - 1}."
    elif settings.window is not None and settings.window > T - skipped:
        left = f"the {T - skipped} steps that burn_in = {skipped} leaves of the smallest length {T}"
        yield "window", f"is {settings.window}, more than {left}; use at most {T - skipped}."
    if settings.samples != "all" and settings.samples > B:
        yield "samples", f"is {settings.samples}, more than the smallest batch {B}; use at most {B}."


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial: a product with the frame and a factorisation in each step."""
    N, T = trial.width, trial.length
    K = N if settings.exponents == "all" else settings.exponents
    samples = trial.batch if settings.samples == "all" else settings.samples
    kept = 8 * (N * N + samples * (2 * N * K + min(T, PIECE) * N))
    return Work(2.0 * samples * T * N * K * (N + K), K, kept, streams=True)


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the tables of these networks, column by column; null where masked."""
    import numpy as np

    from rnnlab.networks.trajectory import HELD_BYTES

    G, T, B, N, _D, _O = networks.shape
    K = N if settings.exponents == "all" else settings.exponents
    samples = B if settings.samples == "all" else settings.samples
    rates, errors = np.full((G, K), np.nan), np.full((G, K), np.nan)
    diverged, rows = np.zeros(G, np.int64), []
    short = (2 * T + 1) * B * N * networks.dtype.itemsize <= HELD_BYTES  # of this shape alone: never of the neighbours
    growth_rate = _growth_rate(trajectory) if short else np.full(G, np.nan)
    for g in range(G):
        grown, steps = _grown(networks, trajectory, g, K, samples, settings)
        diverged[g] = steps + 1 if steps < T else 0
        if not diverged[g]:
            rates[g], errors[g] = _averaged(grown)
            if _invertible(networks.U[g], grown, rates[g]):
                rates[g][np.isneginf(rates[g])] = np.nan  # nothing died: such a direction was lost in rounding
        rows.append(_row(networks.U[g], grown, rates[g], errors[g], growth_rate[g], bool(diverged[g]), short))
    return {
        "lyapunov": {**status(diverged), **_columns(rows)},
        "lyapunov_by_index": {
            "trial": np.repeat(np.arange(G), K),
            "i": np.tile(np.arange(1, K + 1), G),
            "lyapunov_exponent": nullable(rates.reshape(-1), np.isnan(rates).reshape(-1)),
            "lyapunov_se": nullable(errors.reshape(-1), np.isnan(errors).reshape(-1)),
        },
    }


def _burn_in(settings: Settings, length: int) -> int:
    return length // 10 if settings.burn_in is None else settings.burn_in


def _grown(
    networks: Networks, trajectory: Trajectory, g: int, count: int, samples: int, settings: Settings
) -> tuple[list[Growth], int]:
    """Carry a frame along each of the samples; return their growth and the steps until the end or a divergence."""
    import numpy as np

    from rnnlab.networks.growth import Growth

    T = networks.shape[1]
    interval = 0 if settings.interval == "auto" else settings.interval
    burn_in, window = _burn_in(settings, T), settings.window or 0
    grown = [Growth(networks.U[g], T, count, burn_in=burn_in, window=window, interval=interval) for _ in range(samples)]
    reached = 0
    for start, _h, slope in trajectory.steps(g, PIECE):
        reached = start + len(slope)
        for b, each in enumerate(grown):
            each.carry(start, np.ascontiguousarray(slope[:, b], np.float64))
    return grown, reached


def _averaged(grown: list[Growth]) -> tuple[Any, Any]:
    """The exponents and their standard errors: over samples where there are several, else over blocks of time."""
    import numpy as np

    if len(grown) == 1:
        return grown[0].exponents, grown[0].errors
    each = np.array([one.exponents for one in grown])
    with np.errstate(invalid="ignore"):
        return each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(len(each))


def _invertible(U: Any, grown: list[Growth], rates: Any) -> bool:
    """Whether no Jacobian is singular though some exponent is -inf."""
    import numpy as np

    from rnnlab.networks.growth import log_volume

    if not np.isneginf(rates).any() or any(each.lost_early or np.isneginf(each.slopes) for each in grown):
        return False
    return bool(np.isfinite(log_volume(U.astype(np.float64))))


def _growth_rate(trajectory: Trajectory) -> Any:
    """growth_rate of the measure `gradients`, nan where it is not defined."""
    import numpy as np

    from rnnlab.networks import adjoint_of_last

    T = trajectory.networks.shape[1]
    _rms, logs = trajectory.once(adjoint_of_last)
    with np.errstate(invalid="ignore"):
        rate = (logs[:, 0] - logs[:, T]) / T
    return np.where(np.isfinite(rate), rate, np.nan)


def _row(
    U: Any, grown: list[Growth], rates: Any, errors: Any, growth_rate: float, diverged: bool, short: bool
) -> dict[str, Any]:
    """One trial's statistics, nan where they are not defined."""
    import numpy as np

    from rnnlab.networks import spectrum

    N = len(U)
    known = rates[: max(int((~np.isnan(rates)).sum()), 1)]
    local = np.concatenate([each.local for each in grown])
    found = {
        "lyapunov_max": rates[0],
        "lyapunov_max_se": errors[0],
        "lyapunov_sum": spectrum.total(known, N),
        "sum_rule_error": _sum_rule_error(U, grown, spectrum.total(known, N)),
        "kaplan_yorke_dimension": spectrum.kaplan_yorke(known, N),
        "positive_sum": spectrum.positive_sum(known, N),
        "positive_count": spectrum.positive_count(known, N),
        "infinite_count": float(np.isneginf(rates).sum()),
        **{f"finite_time_{name}": value for name, value in _statistics(local).items()},
        "lyapunov_minus_growth_rate": rates[0] - growth_rate if np.isfinite(rates[0]) else np.nan,
        "qr_interval": float(np.mean([each.interval for each in grown])),
    }
    if diverged:
        return {**dict.fromkeys(found, np.nan), "reason": None}
    return {**found, "reason": _reason(found, len(known) < N, len(known) < len(rates), grown[0].steps, short)}


def _sum_rule_error(U: Any, grown: list[Growth], total: float) -> float:
    """|Σλ - ln|det U| - ⟨Σ ln|phi'|⟩|; nan where both are -inf, if only in the burn-in, or the sum is not known."""
    import numpy as np

    from rnnlab.networks.growth import log_determinant, log_volume

    if np.isnan(total):
        return np.nan
    determinant = log_volume if np.isinf(total) else log_determinant  # what is singular has infinite exponents
    volume = determinant(U.astype(np.float64)) + float(np.mean([each.slopes for each in grown]))
    zero = np.isinf(total) and (np.isinf(volume) or any(each.lost_early for each in grown))
    return np.nan if zero else abs(total - volume)


def _statistics(local: Any) -> dict[str, float]:
    """Mean, standard deviation and range of finite-time exponents; nan where there are none, or too few."""
    import numpy as np

    if len(local) == 0:
        return dict.fromkeys(("mean", "sd", "min", "max"), np.nan)
    spread = float(local.std(ddof=1)) if len(local) > 1 and np.isfinite(local).all() else np.nan
    return {"mean": float(local.mean()), "sd": spread, "min": float(local.min()), "max": float(local.max())}


def _reason(found: dict[str, Any], partial: bool, lost: bool, steps: int, short: bool) -> str | None:
    import numpy as np

    from rnnlab.networks.growth import BLOCKS

    missing = {name for name, value in found.items() if np.isnan(value)}
    dead = found["lyapunov_max"] == -np.inf
    causes = {
        "every direction dies": dead,
        "slopes lie so far apart that directions are lost in rounding": lost,
        "the sum, its rule and what else needs more exponents are not computed": partial,
        "the volume is zero, or was in the burn-in: the sum rule is -inf = -inf": not partial
        and "sum_rule_error" in missing,
        f"fewer than {BLOCKS} steps have no standard error": "lyapunov_max_se" in missing and steps < BLOCKS,
        "growth_rate needs all states, which are too many to hold": not short,
        "growth_rate is not defined": "lyapunov_minus_growth_rate" in missing and short and not dead,
    }
    return "; ".join(cause for cause, holds in causes.items() if holds) or None


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows as columns, null where nan or None."""
    import numpy as np

    columns = {}
    for column in TABLES[NAME]:
        if column.name in rows[0]:
            values = np.array([row[column.name] for row in rows], object if column.dtype == "string" else np.float64)
            missing = np.array([v is None or v != v for v in values])
            kept = np.where(missing, 0, values).astype(np.int64) if column.dtype == "int64" else values
            columns[column.name] = nullable(kept, missing)
    return columns
