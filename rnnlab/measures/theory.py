"""theory: what mean field and the norm bound say of a network, beside what was measured of it.

    q_t = g² E φ(√q_{t-1} z)² + d_t        χ_t = g² E φ'(√q_t z)²        growth rate = mean_t ½ ln χ_t

with d_t the variance of W x_t + b over units (Poole et al. 2016; Schoenholz et al. 2017; Molgedey et al. 1992).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from rnnlab.columns import Column
from rnnlab.measures.nulls import STATUS, nullable, status
from rnnlab.measures.work import Work

if TYPE_CHECKING:
    from rnnlab.measures.predictions import Predictions
    from rnnlab.networks import Networks, Trajectory
    from rnnlab.trial import Trial

NAME = "theory"
VERSION = 1

FEW = 32  # inputs; of fewer the drive fluctuates, and theory follows it step by step
MOST = 10_000  # steps that it follows
SHORTEST = 10  # steps that a standard error needs
COVERED = frozenset({"gaussian", "uniform", "orthogonal"})  # inits of U that mean field is about
ENTRIES = 32  # in a row of a sparse U from which on it is covered too

_RATE = "nats/step"
_COMPARED = {
    "growth_rate": ("mean of ½ ln χ_t over the steps", "growth_rate of gradients", _RATE, "growth rate"),
    "chi": ("mean of χ_t over the steps", "g² times the mean of phi'²", "", "χ"),
    "state_square": ("mean of E phi² over the steps", "mean square of h_t over steps, batch and units", "", "⟨h²⟩"),
}


def _compared(name: str) -> tuple[Column, ...]:
    predicted, measured, unit, label = _COMPARED[name]
    return (
        Column(
            f"{name}_predicted", "float64", f"{predicted}, q_t from the trial's own h_0", unit, f"predicted {label}"
        ),
        Column(f"{name}_measured", "float64", measured, unit, f"measured {label}"),
        Column(f"{name}_gap", "float64", "measured less predicted", unit),
        Column(f"{name}_z", "float64", "the gap over its standard error along time; null for T < 10"),
    )


TABLES: dict[str, tuple[Column, ...]] = {
    "theory": (
        *STATUS,
        Column("reason", "string", "why predictions are null"),
        Column("drive_variance", "float64", "variance of W x_t + b over units, mean over steps"),
        Column("q_fixed", "float64", "q*, the variance of a_t in the long run; inf: the state grows without bound"),
        Column("q_final", "float64", "q_T, the same at the last step"),
        Column("chi", "float64", "χ = g² E phi'² at q*", label="χ"),
        Column("lyapunov_predicted", "float64", "λ₁ = ½ ln χ at q*", _RATE, label="predicted λ₁"),
        Column("depth_scale", "float64", "-1/λ₁, negative where gradients explode, inf at the edge of chaos", "steps"),
        Column("edge_of_chaos", "float64", "the gain g at which χ = 1 under this drive", label="critical g"),
        Column("verdict_predicted", "string", "verdict of growth_rate_predicted at this T"),
        Column("norm_bound", "float64", "ln(γ‖U‖₂), which no growth rate exceeds; γ = max |phi'|", _RATE),
        Column("norm_bound_verdict", "string", "vanishes where the bound is below 0, else undecided"),
        Column(
            "isometry_variance_predicted", "float64",
            "variance of the squared singular values of J_T…J_1, as if U were new at each step; inf on overflow",
        ),
        Column("log10_isometry_variance_predicted", "float64", "log10 of it, also where it leaves the range", "log10"),
        Column("relative_isometry_variance_predicted", "float64", "the same over the squared mean, χ_1² … χ_T²"),
        *(column for name in _COMPARED for column in _compared(name)),
    ),
}  # fmt: skip


class Settings(BaseModel):
    """What [measure.theory] may hold: nothing."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial: the adjoint of L_T; theory itself is no product."""
    t = trial
    return Work(2.0 * t.batch * t.width * (t.length * t.width + 2 * t.outputs), bytes=4 * 8 * t.length)


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the table of these networks, column by column; null where masked."""
    import numpy as np

    from rnnlab.measures.predictions import predicted
    from rnnlab.networks import adjoint_of_last, diverged_by_the_end

    theory = predicted(networks, few=FEW, most=MOST)
    uncovered = _uncovered(networks)
    _rms, log_curve = trajectory.once(adjoint_of_last)
    diverged = diverged_by_the_end(trajectory, np.isnan(log_curve[:, -1]))
    found = {
        "growth_rate": _growth(log_curve, theory.columns["growth_rate_predicted"]),
        **_measured(networks, trajectory, theory),
    }
    columns = {name: nullable(values, uncovered | _isnan(values)) for name, values in theory.columns.items()}
    for name, (values, gap, z) in found.items():
        columns[f"{name}_measured"] = nullable(values, ~np.isfinite(values))
        columns[f"{name}_gap"] = nullable(gap, uncovered | ~np.isfinite(gap))
        columns[f"{name}_z"] = nullable(z, uncovered | ~np.isfinite(z))
    reason = _reason(networks, uncovered, theory)
    return {"theory": {**status(diverged), "reason": reason, **columns, **_bound(networks)}}


def _uncovered(networks: Networks) -> Any:
    import numpy as np

    if networks.known_init is None:
        return np.zeros(len(networks.U), bool)
    pairs = zip(networks.known_init, networks.U, strict=True)
    return np.array([init not in COVERED and not (init == "sparse" and _is_full(U)) for init, U in pairs])


def _is_full(U: Any) -> bool:
    """Whether the rows of a sparse matrix have entries enough for a sum over them to be Gaussian."""
    import numpy as np

    return bool(np.count_nonzero(U) >= ENTRIES * len(U))


def _reason(networks: Networks, uncovered: Any, theory: Predictions) -> Any:
    import numpy as np

    inits = networks.known_init or ("",) * len(networks.U)
    words = np.array([f"mean field does not cover recurrent_init = {init}" for init in inits], object)
    words[~uncovered] = "no edge of chaos was found for these inputs"
    words[~uncovered & theory.beyond] = "the variance of U or of what drives it is beyond the range of floats"
    return nullable(words, ~uncovered & ~_isnan(theory.columns["edge_of_chaos"]))


def _bound(networks: Networks) -> dict[str, Any]:
    import numpy as np

    from rnnlab.theory import norm_bound

    pairs = zip(networks.activation, networks.spectra[1], strict=True)
    bound = np.array([float(norm_bound(name, norm)) for name, norm in pairs])
    return {"norm_bound": bound, "norm_bound_verdict": np.where(bound < 0, "vanishes", "undecided").astype(object)}


def _growth(log_curve: Any, predicted: Any) -> tuple[Any, Any, Any]:
    import numpy as np

    from rnnlab.kernels.series import growth

    G, T = len(log_curve), log_curve.shape[1] - 1
    rate, error = np.full(G, np.nan), np.full(G, np.nan)
    growth(log_curve, 0, T, rate, error)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = rate - predicted
        return rate, gap, gap / error if T >= SHORTEST else np.full(G, np.nan)


def _measured(networks: Networks, trajectory: Trajectory, theory: Predictions) -> dict[str, tuple[Any, Any, Any]]:
    """What was measured at each step beside its prediction: mean over all steps, gap and z."""
    import numpy as np

    from rnnlab.networks import slope_statistics

    slopes = slope_statistics(trajectory, 0.0).mean_square
    with np.errstate(over="ignore", invalid="ignore"):
        chi, square = networks.gain[:, None] ** 2 * slopes, trajectory.rms[:, 1:].astype(np.float64) ** 2
        return {
            "chi": _beside(chi, theory.chi, theory.followed),
            "state_square": _beside(square, theory.state_square, theory.followed),
        }


def _beside(series: Any, predicted: list[Any], followed: Any) -> tuple[Any, Any, Any]:
    """Mean over all steps (G,) of series (G, T), mean less what was predicted, and that over its standard error."""
    import numpy as np

    from rnnlab.kernels.series import means

    G, T = series.shape
    gap, error = np.full(G, np.nan), np.full(G, np.nan)
    for g, theory in enumerate(predicted):
        n = len(theory)
        apart = series[g, :n] - theory if followed[g] else series[g].copy()
        if not followed[g]:
            apart[:n] -= theory
            apart[n:] -= theory[-1]
        means(apart[None], gap[g : g + 1], error[g : g + 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = gap / error if T >= SHORTEST else np.full(G, np.nan)
    return series.mean(axis=1), gap, z


def _isnan(values: Any) -> Any:
    """Where there is nothing: nan, in words too."""
    return values != values
