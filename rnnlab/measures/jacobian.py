"""jacobian: the singular values of products of Jacobians, and the norm bound beside what happened.

    dh_t/dh_k = J_t … J_{k+1},    J_t = diag(phi'(a_t)) U,    ‖dh_t/dh_k‖₂ <= (γ‖U‖₂)^(t-k),  γ = max phi'

of one sample (bound: Pascanu, Mikolov, Bengio 2013, arXiv 1211.5063). Right where they lie 10^1000 apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rnnlab.columns import Column
from rnnlab.measures.nulls import STATUS, nullable, status
from rnnlab.measures.work import Work

if TYPE_CHECKING:
    from rnnlab.networks import Networks, Trajectory
    from rnnlab.trial import Trial

NAME = "jacobian"
VERSION = 1

_VARIANCE = "variance of the squared singular values; 0: an isometry, up to its scale"
_NORM = Column("log10_norm", "float64", "log10 of ‖dh_t/dh_k‖₂, the largest singular value", "log10")
_CONDITION = Column(
    "log10_condition_number", "float64", "log10 of the largest over the smallest singular value; inf where that is 0",
    "log10",
)  # fmt: skip
_BOUND = Column("log10_norm_bound", "float64", "log10 of (γ‖U‖₂)^(t-k), γ = max phi': no norm is above it", "log10")

TABLES: dict[str, tuple[Column, ...]] = {
    "jacobian": (
        *STATUS,
        Column("k", "int64", "first state of the pair that this row tells of"),
        Column("t", "int64", "last state of the pair that this row tells of"),
        _NORM,
        Column("log10_smallest", "float64", "log10 of the smallest singular value; -inf where it is 0", "log10"),
        _CONDITION,
        Column("rank", "int64", "singular values that are not zero"),
        Column("zero_count", "int64", "singular values that are zero, or were lost in the rounding of a step"),
        Column("mean_squared_singular_value", "float64", "mean of the N squared singular values; inf on overflow"),
        Column("isometry_variance", "float64", f"{_VARIANCE}; inf on overflow"),
        Column("log10_isometry_variance", "float64", "log10 of it, also where it overflows", "log10"),
        Column("relative_isometry_variance", "float64", "it over the squared mean of the squared singular values"),
        Column("spectral_radius", "float64", "largest |eigenvalue| of U"),
        Column("spectral_norm", "float64", "largest singular value of U"),
        _BOUND,
        Column("log10_bound_ratio", "float64", "log10_norm - log10_norm_bound: at most 0, but for rounding", "log10"),
        Column("reason", "string", "why statistics are null though the trial did not diverge"),
    ),
    "jacobian_by_pair": (
        Column("t", "int64", "last state"),
        Column("k", "int64", "first state, 0 <= k < t"),
        _NORM,
        _CONDITION,
        Column("isometry_variance", "float64", f"{_VARIANCE}; inf on overflow"),
        _BOUND,
    ),
    "jacobian_by_index": (
        Column("t", "int64", "last state"),
        Column("k", "int64", "first state, 0 <= k < t"),
        Column("i", "int64", "1 the largest singular value, N the smallest"),
        Column("log10_singular_value", "float64", "log10 of the i-th singular value; -inf for 0", "log10"),
    ),
}


def _in_order(pairs: Any) -> Any:
    if not pairs:
        raise ValueError("at least one pair")
    for k, t in pairs:
        if not 0 <= k < t:
            raise ValueError(f"pairs [k, t] with 0 <= k < t, which [{k}, {t}] is not")
    if len(set(pairs)) < len(pairs):
        raise ValueError("pairs that all differ")
    return pairs


_Pairs = Annotated[tuple[tuple[int, int], ...], AfterValidator(_in_order)]
_Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """What [measure.jacobian] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    pairs: Annotated[
        Literal["whole", "from_start"] | _Pairs,
        Field(description="which dh_t/dh_k: k = 0 and t = T, k = 0 and every t, or a list of [k, t]"),
    ] = "whole"
    every: Annotated[int, Field(ge=1, description="which t of from_start: every n-th, and T")] = 1
    singular_values: Annotated[
        Literal["all"] | _Count, Field(description="rows by index: all, or the n largest and the n smallest")
    ] = "all"
    sample: Annotated[int, Field(ge=0, description="the sequence of the batch that is measured, from 0")] = 0


def misfits(settings: Settings, least: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield the settings that the smallest width, length or batch of a grid does not fit."""
    n, last = settings.singular_values, 0 if isinstance(settings.pairs, str) else max(t for _, t in settings.pairs)
    if last > least["length"]:
        yield "pairs", f"reaches t = {last}, more than the smallest length {least['length']}; use at most that."
    if n != "all" and n > least["width"]:
        yield "singular_values", f"is {n}, more than the smallest width {least['width']}; use at most that."
    if settings.sample >= least["batch"]:
        most = least["batch"] - 1
        yield "sample", f"is {settings.sample}, but the smallest batch has samples 0 to {most}; use at most {most}."


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial; an orthogonalisation counts as the products that take as long."""
    pairs, N = _pairs(settings, trial.length), trial.width
    starts = {k: max(t for first, t in pairs if first == k) for k, _ in pairs}
    steps = sum(t - k for k, t in starts.items())
    indices = len(_indices(settings, N))
    return Work((100.0 * steps + 300.0 * len(pairs)) * N**3, len(pairs) * (1 + indices), 64 * len(starts) * N * N)


def _pairs(settings: Settings, T: int) -> list[tuple[int, int]]:
    """The pairs (k, t); the first of a list, and else the last, is that of the table per trial."""
    if settings.pairs == "whole":
        return [(0, T)]
    if settings.pairs == "from_start":
        return [(0, t) for t in range(settings.every, T, settings.every)] + [(0, T)]
    return list(settings.pairs)


def _indices(settings: Settings, N: int) -> list[int]:
    n = settings.singular_values
    return list(range(N)) if n == "all" or 2 * n >= N else [*range(n), *range(N - n, N)]


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the tables of these networks, column by column; null where masked."""
    import numpy as np

    from rnnlab.networks.jacobians import spectra_of_products

    G, T, _B, N, *_ = networks.shape
    pairs = _pairs(settings, T)
    logs = np.full((G, len(pairs), N), np.nan)
    for g in range(G):
        found = spectra_of_products(trajectory, g, settings.sample, pairs)
        for p, pair in enumerate(pairs):
            logs[g, p] = found.get(pair, np.nan)
    chosen = len(pairs) - 1 if isinstance(settings.pairs, str) else 0
    bound = _bounds(networks, pairs)
    return {
        "jacobian": _summary(networks, trajectory.diverged, pairs[chosen], logs[:, chosen], bound[:, chosen]),
        "jacobian_by_pair": _by_pair(pairs, logs, bound),
        "jacobian_by_index": _by_index(pairs, logs, _indices(settings, N)),
    }


def _bounds(networks: Networks, pairs: list[tuple[int, int]]) -> Any:
    """log10 of (γ‖U‖₂)^(t-k), (G, P)."""
    import numpy as np

    from rnnlab.theory import norm_bound

    norms = networks.spectra[1]
    rates = np.array([norm_bound(name, norm) for name, norm in zip(networks.activation, norms, strict=True)])
    return rates[:, None] * np.array([t - k for k, t in pairs]) / np.log(10.0)


def _statistics(logs: Any) -> dict[str, Any]:
    """What the logs (..., N) of singular values, the largest first, say of a product; nan where it is not defined."""
    import numpy as np

    top = logs[..., :1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        squares = 10.0 ** (2.0 * (logs - top))
        mean = squares.mean(axis=-1)
        variance = ((squares - mean[..., None]) ** 2).mean(axis=-1)
        log_variance = 4.0 * top[..., 0] + np.log10(variance)
        zero = np.isneginf(top[..., 0])
        return {
            "log10_norm": top[..., 0],
            "log10_smallest": logs[..., -1],
            "log10_condition_number": top[..., 0] - logs[..., -1],
            "mean_squared_singular_value": np.where(zero, 0.0, mean * 10.0 ** (2.0 * top[..., 0])),
            "isometry_variance": np.where(zero, 0.0, 10.0**log_variance),
            "log10_isometry_variance": np.where(zero, -np.inf, log_variance),
            "relative_isometry_variance": variance / mean**2,
        }


def _summary(networks: Networks, diverged: Any, pair: tuple[int, int], logs: Any, bound: Any) -> dict[str, Any]:
    import numpy as np

    k, t = pair
    unreached = np.isnan(logs[:, 0])
    zeros = np.isneginf(logs).sum(axis=1)
    statistics = _statistics(logs)
    with np.errstate(invalid="ignore"):
        ratio = logs[:, 0] - bound
    radius, norm = networks.spectra
    words = np.where(unreached, "the pair is beyond the length", "the product is exactly zero").astype(object)
    stated = (unreached & (diverged == 0)) | np.isneginf(logs[:, 0])
    return {
        **status(diverged),
        "k": np.full(len(logs), k),
        "t": np.full(len(logs), t),
        **{name: nullable(values, np.isnan(values)) for name, values in statistics.items()},
        "rank": nullable(logs.shape[1] - zeros, unreached),
        "zero_count": nullable(zeros, unreached),
        "spectral_radius": radius,
        "spectral_norm": norm,
        "log10_norm_bound": bound,
        "log10_bound_ratio": nullable(ratio, np.isnan(ratio)),
        "reason": nullable(words, ~stated),
    }


def _by_pair(pairs: list[tuple[int, int]], logs: Any, bound: Any) -> dict[str, Any]:
    import numpy as np

    statistics = _statistics(logs)

    def column(name: str) -> Any:
        values = statistics[name].reshape(-1)
        return nullable(values, np.isnan(values))

    G = len(logs)
    return {
        "trial": np.repeat(np.arange(G), len(pairs)),
        "t": np.tile([t for _, t in pairs], G),
        "k": np.tile([k for k, _ in pairs], G),
        **{name: column(name) for name in ("log10_norm", "log10_condition_number", "isometry_variance")},
        "log10_norm_bound": bound.reshape(-1),
    }


def _by_index(pairs: list[tuple[int, int]], logs: Any, indices: list[int]) -> dict[str, Any]:
    import numpy as np

    G, P, n = len(logs), len(pairs), len(indices)
    values = logs[..., indices].reshape(-1)
    return {
        "trial": np.repeat(np.arange(G), P * n),
        "t": np.tile(np.repeat([t for _, t in pairs], n), G),
        "k": np.tile(np.repeat([k for k, _ in pairs], n), G),
        "i": np.tile(np.array(indices) + 1, G * P),
        "log10_singular_value": nullable(values, np.isnan(values)),
    }
