"""Frames like those of the measure training, made from a formula: no network is trained for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tests.frames import trials_frame

BUDGET = 1000
Solved = Callable[[dict[str, Any]], float]  # parameters -> updates to success; nan: never, -u: diverged at u


def training_frame(solved: Solved, **axes: list[Any]) -> pd.DataFrame:
    """Return one row per combination of the axes, with parameters, also such as no Trial has."""
    own = {name: axes.pop(name) for name in list(axes) if name in ("clip_norm", "learning_rate", "optimizer")}
    frame = trials_frame(lambda p: 0.0, **axes)[["key", "activation", "width", "length", "seed", "recurrent_scale"]]
    for name, values in own.items():
        frame = frame.drop(columns=name, errors="ignore").merge(pd.DataFrame({name: values}), how="cross")
    frame["key"] = [f"{i:020x}" for i in range(len(frame))]
    updates = np.array([solved(row) for row in frame.to_dict("records")], float)
    lost = updates < 0
    success = updates >= 0
    made = np.where(np.isnan(updates), BUDGET, np.abs(updates))
    return frame.assign(
        status=np.where(lost, "diverged", np.where(success, "success", "ok")),
        diverged_at=np.where(lost, made, np.nan),
        success=success,
        updates_to_success=np.where(success, made, np.nan),
        updates=made.astype(int),
        baseline=1.0,
        test_loss=np.where(success, 0.01, 0.5),
        accuracy=np.where(success, 1.0, 0.5),
        test_loss_over_baseline=np.where(success, 0.02, 1.0),
    )


def by_update_frame(trials: pd.DataFrame) -> pd.DataFrame:
    """Return rows of training_by_update for these trials: a loss that halves every 100 updates, a clipped gradient."""
    u = pd.DataFrame({"update": range(0, BUDGET + 1, 50)})
    frame = trials.merge(u, how="cross")
    frame = frame[frame["update"] <= frame["updates"]]
    norm = 1.0 - frame["update"] / 500 + 0.1 * frame["seed"]
    first = frame["update"] == 0
    tested = frame["update"] % 100 == 0
    return frame.assign(
        loss=(0.5 ** (frame["update"] / 100)).mask(first),
        test_loss=(0.6 ** (frame["update"] / 100)).where(tested),
        accuracy=(frame["update"] / BUDGET).where(tested),
        log10_grad_norm_U=norm.mask(first),
        log10_clipped_norm_U=np.minimum(norm, 0.0).mask(first),
        growth_rate=(-0.1 + frame["update"] / 10_000).where(frame["update"] % 200 == 0),
        lyapunov_max=(-0.12 + frame["update"] / 10_000).where(frame["update"] % 200 == 0),
        truncation_length=(5.0 + frame["update"] / 100).where(frame["update"] % 200 == 0),
    )
