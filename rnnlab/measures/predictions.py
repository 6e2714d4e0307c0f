"""What mean field predicts of networks: the columns of `theory` that need no trajectory."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from rnnlab.networks import Networks
from rnnlab.theory.averages import SLOPE, averages
from rnnlab.theory.courses import course, driven_course, driven_edge
from rnnlab.theory.critical import critical
from rnnlab.theory.mean_field import half_log, scale_of, solve

_EDGE_STEPS = 1000  # of a drive that the edge of chaos is looked for in
_ROUNDING, _LARGEST = 1e-12, 308.0


@dataclass(frozen=True)
class Predictions:
    """Columns (G,), nan where nothing is predicted, and two of them step by step, for each network (n,).

    Where n < T, what follows is as the last, or (`followed`) was not looked at.
    """

    columns: dict[str, Any]
    state_square: list[Any]
    chi: list[Any]
    followed: Any  # (G,), whether theory followed the network's own drive
    beyond: Any  # (G,), whether a variance is beyond the range of floats: then nothing is predicted


def predicted(networks: Networks, *, few: int, most: int) -> Predictions:
    """Return the predictions; of fewer than `few` inputs, or of unknown variance, from at most `most` actual steps."""
    G, T, _B, _N, D, _O = networks.shape
    start = np.array([np.square(h, dtype=np.float64).mean(axis=1) for h in networks.h0])[networks.initial]
    known = np.full(G, np.nan) if networks.known_drive is None else networks.known_drive
    with np.errstate(over="ignore"):
        w = networks.gain.astype(np.float64) ** 2
    beyond = ~np.isfinite(w) | np.isposinf(known)
    silent = ~networks.W.any(axis=(1, 2))
    plain = np.isfinite(known) & (silent | (few <= D))
    rows: list[Any] = [None] * G
    groups: dict[str, list[int]] = defaultdict(list)
    for g in range(G):
        if beyond[g]:
            rows[g] = _nothing()
        elif plain[g]:
            rows[g] = _settling(
                networks.activation[g],
                float(w[g]),
                float(known[g]),
                float(start[g].mean()),
                _independence(networks, g),
                T,
            )
        else:
            groups[networks.activation[g]].append(g)
    for activation, members in groups.items():
        drives = {g: _drives(networks, g, min(T, most)) for g in members}
        far = {g for g, drive in drives.items() if not np.isfinite(drive).all()}
        beyond[list(far)] = True
        near = [g for g in members if g not in far]
        found = _driven(networks, activation, near, start, [drives[g] for g in near]) if near else []
        for g, row in [*zip(near, found, strict=True), *((g, _nothing()) for g in far)]:
            rows[g] = row
    columns = {name: np.array([row[0][name] for row in rows]) for name in rows[0][0]}
    columns["verdict_predicted"] = _verdicts(columns["growth_rate_predicted"] * T)
    return Predictions(columns, [row[1] for row in rows], [row[2] for row in rows], ~plain, beyond)


def _mean(series: Any, length: int) -> float:
    """The mean over this length of a series that stays at its end."""
    rest = (length - len(series)) * float(series[-1]) if length > len(series) else 0.0
    return (float(series.sum()) + rest) / length


@lru_cache(maxsize=4096)
def _settling(
    activation: str, w: float, drive: float, start: float, independence: float, T: int
) -> tuple[dict[str, float], Any, Any]:
    """The predictions for an i.i.d. drive: computed once for each distinct activation, gain, drive and start."""
    found = course(activation, w, drive, start, T)
    q = solve(activation, w, drive)
    chi = w * averages(activation).at(SLOPE, q)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        gains = w * found.slope
        rate = _mean(0.5 * np.log(gains), T)
        spread = _mean(found.fourth / (found.slope * found.slope), T) - 1.0 + independence
        columns = {
            "drive_variance": drive,
            "q_fixed": q,
            "q_final": float(found.q[-1]),
            "chi": chi,
            "lyapunov_predicted": half_log(chi),
            "depth_scale": scale_of(half_log(chi)),
            "edge_of_chaos": critical(activation, drive) ** 0.5,
            **_isometry(spread * T, rate * T),
            "growth_rate_predicted": rate,
            "chi_predicted": _mean(gains, T),
            "state_square_predicted": _mean(found.square, T),
        }
    return columns, found.square, gains


def _nothing() -> tuple[dict[str, float], Any, Any]:
    """The predictions where a variance is beyond the range of floats: none."""
    names, square, gains = _settling("identity", 0.0, 0.0, 0.0, 0.0, 1)
    return dict.fromkeys(names, np.nan), np.full_like(square, np.nan), np.full_like(gains, np.nan)


def _independence(networks: Networks, g: int) -> float:
    """-s₁ of UᵀU: 1 for independent entries, 0 for an orthogonal matrix."""
    return 0.0 if networks.known_init is not None and networks.known_init[g] == "orthogonal" else 1.0


def _isometry(spread: float, log_growth: float) -> dict[str, float]:
    """The variance of the squared singular values: as it is, its log10, and relative to their squared mean."""
    spread = 0.0 if abs(spread) < _ROUNDING else spread
    log10 = math.log10(spread) + 4.0 / math.log(10.0) * log_growth if spread > 0 else spread - math.inf
    return {
        "isometry_variance_predicted": math.inf if log10 > _LARGEST else 10.0**log10,
        "log10_isometry_variance_predicted": log10,
        "relative_isometry_variance_predicted": spread,
    }


def _drives(networks: Networks, g: int, steps: int) -> Any:
    """Return the mean over units of (W x_t + b)² (n, B) at the first steps."""
    W, b = networks.W[g].astype(np.float64), networks.b[g].astype(np.float64)
    x = networks.inputs(g, 0, steps).astype(np.float64)
    N, D = W.shape
    with np.errstate(over="ignore", invalid="ignore"):
        if D < N:
            return np.einsum("tbd,tbd->tb", x @ (W.T @ W / N), x) + x @ (2.0 / N * (W.T @ b)) + b @ b / N
        return np.square(x @ W.T + b).mean(axis=2)


def _driven(networks: Networks, activation: str, members: list[int], start: Any, drives: list[Any]) -> list[Any]:
    """The predictions for networks of one activation under the drives (n, B) that they saw."""
    _G, T, B, *_ = networks.shape
    steps, K = len(drives[0]), len(members)
    w = networks.gain[members] ** 2
    drive = np.maximum(np.stack(drives, axis=1), 0.0)  # (n, K, B)
    found = driven_course(activation, np.repeat(w, B), drive.reshape(steps, K * B), start[members].reshape(K * B))
    q, square, slope, fourth = (
        each.reshape(steps, K, B) for each in (found.q, found.square, found.slope, found.fourth)
    )
    guess = np.array([critical(activation, _average(drive[:, k])) for k in range(K)])
    edge = np.sqrt(driven_edge(activation, drive[:_EDGE_STEPS], guess))
    late = steps // 2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        gains = w[:, None] * slope
        logs = 0.5 * np.log(gains)
        spread = fourth / slope**2 - 1.0
    rows = []
    for k, g in enumerate(members):
        rate, lyapunov = _average(logs[:, k]), _average(logs[late:, k])
        columns = {
            "drive_variance": _average(drive[:, k]),
            "q_fixed": _average(q[late:, k]),
            "q_final": _average(q[-1, k]) if steps == T else np.nan,
            "chi": _average(gains[late:, k]),
            "lyapunov_predicted": lyapunov,
            "depth_scale": scale_of(lyapunov),
            "edge_of_chaos": float(edge[k]),
            **_isometry((_average(spread[:, k]) + _independence(networks, g)) * T, rate * T),
            "growth_rate_predicted": rate,
            "chi_predicted": _average(gains[:, k]),
            "state_square_predicted": _average(square[:, k]),
        }
        rows.append((columns, square[:, k].mean(axis=1), gains[:, k].mean(axis=1)))
    return rows


def _average(values: Any) -> float:
    """The mean, summed in an order that does not depend on who is there besides."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.ascontiguousarray(values).mean())


def _verdicts(log_growth: Any) -> Any:
    """The verdicts of ln(‖dL_T/dh_0‖ / ‖dL_T/dh_T‖) as predicted; nan where there is none."""
    limit = np.log(10.0)
    words = np.where(log_growth > limit, "explodes", np.where(log_growth >= -limit, "stable", "vanishes")).astype(
        object
    )
    words[np.isnan(log_growth)] = np.nan
    return words
