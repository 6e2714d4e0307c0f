"""gradients: the loss, the norms of its gradient, and how fast the adjoint of the last loss grows back in time.

    growth_rate = mean_b (ln ‖dL_T/dh_0‖ - ln ‖dL_T/dh_T‖) / T

is the finite-time exponent of the transposed Jacobian product J_1ᵀ … J_Tᵀ along the actual adjoint; for long T it is
the largest Lyapunov exponent (Mikhaeil, Monfared, Durstewitz 2022). Always of L_T alone, wherever the loss is.
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

NAME = "gradients"
VERSION = 1
LEAKY = True  # whether it knows leaky units

PARTS = ("U", "W", "V", "b", "c", "h0")
SHORTEST = 10  # steps that a standard error needs
CURVES = 16  # of T numbers each, that are found on the way and held
SATURATED = 0.05  # of the largest slope

_FAMILIAR = {
    "U": "recurrent weights",
    "W": "input weights",
    "V": "output weights",
    "b": "state bias",
    "c": "output bias",
}
_RATE = "nats/step"
_SATURATED_DOC = "share of slopes under 5 % of the largest; null where phi is unbounded"

TABLES: dict[str, tuple[Column, ...]] = {
    "gradients": (
        *STATUS,
        Column("loss", "float64", "sum over the steps that have a loss of its mean over the batch; inf on overflow"),
        Column("log10_loss", "float64", "log10 of the loss, also where the loss overflows", "log10"),
        *(
            Column(
                f"log10_grad_norm_{part}", "float64",
                f"log10 of the Frobenius norm of dL/d{part}, {_FAMILIAR[part]}, L the mean over the batch", "log10",
                label=f"gradient norm of {part}",
            )
            for part in PARTS[:5]
        ),
        Column("log10_grad_norm_h0", "float64", "log10 of sqrt(mean_b ‖dl_b/dh_0‖²), the initial state", "log10"),
        Column("growth_rate", "float64", "mean over the batch of ln(‖dL_T/dh_0‖ / ‖dL_T/dh_T‖) / T", _RATE),
        Column("growth_rate_se", "float64", "its standard error along time, corrected for autocorrelation", _RATE),
        Column("growth_rate_rms", "float64", "the same rate of the root mean square over the batch", _RATE),
        Column("verdict", "string", "of ‖dL_T/dh_0‖ / ‖dL_T/dh_T‖: vanishes < 1/10, explodes > 10, else stable"),
        Column("spectral_radius", "float64", "largest |eigenvalue| of U"),
        Column("spectral_norm", "float64", "largest singular value of U"),
        Column("phi_prime_mean", "float64", "mean of phi'(a_t) over steps, batch and units", label="mean of phi'"),
        Column("phi_prime_sq_mean", "float64", "mean of phi'(a_t)² over steps, batch and units"),
        Column("chi_measured", "float64", "g² times the mean of phi'²", label="measured χ = g²⟨φ'²⟩"),
        Column("saturated_fraction", "float64", _SATURATED_DOC),
        Column("dead_fraction", "float64", "share of units with phi' = 0 at every step, for the whole batch"),
    ),
    "gradients_by_step": (
        Column("t", "int64", "time step, 1..T", label="time step t"),
        Column("loss", "float64", "mean over the batch of the loss at t; null where there is none"),
        Column(
            "log10_grad_norm_h", "float64", "log10 of sqrt(mean_b ‖dl_b/dh_t‖²): total, also through later states",
            "log10", label="gradient norm of the state",
        ),
        Column("state_rms", "float64", "root mean square of h_t over batch and units"),
        Column("phi_prime_mean", "float64", "mean of phi'(a_t) over batch and units", label="mean of phi'"),
        Column("saturated_fraction", "float64", _SATURATED_DOC),
        Column("dead_fraction", "float64", "share of units with phi' = 0 for the whole batch"),
    ),
}  # fmt: skip


_Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """What [measure.gradients] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    steps: Annotated[bool | _Count, Field(description="by-step rows: all, none, every n-th")] = True
    skip_first: Annotated[int, Field(ge=0, description="steps left out of growth_rate at t = 1, 2, ...")] = 0
    skip_last: Annotated[int, Field(ge=0, description="steps left out of growth_rate at t = T, T-1, ...")] = 0


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial: BPTT, and one more sweep where the loss is at every step."""
    t = trial
    every = t.loss_at == "every"
    sequences, losses = t.batch * t.length, t.batch * (t.length if every else 1)
    flops = 2.0 * t.width * (sequences * ((3 if every else 2) * t.width + t.inputs) + 3 * losses * t.outputs)
    nth = int(settings.steps)  # true: every step
    return Work(flops, t.length // nth if nth else 0, CURVES * 8 * t.length, streams=True)


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the tables of these networks, column by column; null where masked."""
    from rnnlab.networks import sweep

    found = sweep(trajectory, SATURATED)
    flow, slopes = found.flow, found.slopes
    tables = {"gradients": _summary(networks, flow.diverged, flow, slopes, *found.last, settings)}
    if settings.steps:
        tables["gradients_by_step"] = _by_step(networks, found.rms, flow, slopes, int(settings.steps))
    return tables


def _summary(
    networks: Networks, diverged: Any, flow: Any, slopes: Any, rms_curve: Any, log_curve: Any, settings: Settings
) -> dict[str, Any]:
    import numpy as np

    lost = diverged > 0
    radius, norm = networks.spectra
    chi = slopes.mean_square.mean(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        chi_measured = np.where(chi == 0, 0.0, networks.gain**2 * chi)
    columns: dict[str, Any] = {
        "loss": flow.loss,
        "log10_loss": flow.log10_loss,
        **{f"log10_grad_norm_{part}": flow.log10_norm[:, i] for i, part in enumerate(PARTS)},
        **_growth(rms_curve, log_curve, settings),
        "verdict": _verdict(log_curve, networks.loss == "cotangents"),
        "phi_prime_mean": slopes.mean.mean(axis=1),
        "phi_prime_sq_mean": chi,
        "chi_measured": chi_measured,
        "saturated_fraction": slopes.below.mean(axis=1),
        "dead_fraction": slopes.always_zero,
    }
    undefined = {"saturated_fraction": slopes.unbounded}
    undefined |= {name: ~np.isfinite(columns[name]) for name in columns if name.startswith("growth_rate")}
    undefined |= {name: np.isnan(columns[name]) for name in ("loss", "log10_loss")}  # cotangents do not tell it
    return {
        **status(diverged),
        **{name: nullable(values, lost | undefined.get(name, False)) for name, values in columns.items()},
        "spectral_radius": radius,
        "spectral_norm": norm,
    }


def _growth(rms_curve: Any, log_curve: Any, settings: Settings) -> dict[str, Any]:
    """The rates between the ends that the settings leave; not finite for exact zeros and where no step is left."""
    import numpy as np

    from rnnlab.kernels.series import growth

    G, T = len(log_curve), log_curve.shape[1] - 1
    start, stop = settings.skip_first, T - settings.skip_last
    rate, error, rms = (np.full(G, np.nan) for _ in range(3))
    if stop > start:
        growth(log_curve, start, stop, rate, error)
        with np.errstate(invalid="ignore"):
            rms = (rms_curve[:, start] - rms_curve[:, stop]) * np.log(10.0) / (stop - start)
    if stop - start < SHORTEST:
        error[:] = np.nan
    return {"growth_rate": rate, "growth_rate_se": error, "growth_rate_rms": rms}


def _verdict(log_curve: Any, masked: bool) -> Any:
    """The verdicts; null where nothing flows back from the end, if that may be because L_T leaves out a sample."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        ratio = log_curve[:, 0] - log_curve[:, -1]  # ln of the ratio of the ends
    ratio = np.where(np.isneginf(log_curve[:, 0]), -np.inf, ratio)  # also 0/0: nothing comes back
    limit = np.log(10.0)
    words = np.where(ratio > limit, "explodes", np.where(ratio >= -limit, "stable", "vanishes")).astype(object)
    return nullable(words, np.isnan(ratio) | (masked & np.isneginf(log_curve[:, -1])))


def _by_step(networks: Networks, rms: Any, flow: Any, slopes: Any, every: int) -> dict[str, Any]:
    import numpy as np

    G, T = flow.step_loss.shape
    steps = np.arange(every, T + 1, every)
    at = steps - 1
    reached = (flow.diverged[:, None] == 0) | (steps < flow.diverged[:, None])
    silent = (networks.loss_at == "last") & (steps < T) | (networks.loss == "cotangents")

    def column(values: Any, missing: Any = False) -> Any:
        return nullable(values, ~reached | missing).reshape(-1)

    return {
        "trial": np.repeat(np.arange(G), len(steps)),
        "t": np.tile(steps, G),
        "loss": column(flow.step_loss[:, at], np.broadcast_to(silent, reached.shape)),
        "log10_grad_norm_h": column(flow.hidden_log10_norm[:, steps], (flow.diverged > 0)[:, None]),
        "state_rms": column(rms[:, steps]),
        "phi_prime_mean": column(slopes.mean[:, at]),
        "saturated_fraction": column(slopes.below[:, at], slopes.unbounded[:, None]),
        "dead_fraction": column(slopes.zero[:, at]),
    }
