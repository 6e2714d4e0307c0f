"""From states to tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnlab.measures.nulls import nullable
from rnnlab.measures.training.described import OTHERS, ROW, TABLES
from rnnlab.measures.training.record import PLACE

_WHOLE = {column.name for columns in TABLES.values() for column in columns if column.dtype == "int64"}


def by_update(states: Sequence[dict[str, np.ndarray]]) -> dict[str, Any]:
    """Return the rows of all networks, one after the other."""
    rows = np.concatenate([state["rows"] for state in states])
    trial = np.repeat(np.arange(len(states)), [len(state["rows"]) for state in states])
    return {"trial": trial, **{name: _column(name, rows[:, i]) for name, i in PLACE.items()}}


def summary(states: Sequence[dict[str, np.ndarray]], baseline: np.ndarray) -> dict[str, Any]:
    """Return the row of every network."""
    found = [_row(state, float(each)) for state, each in zip(states, baseline, strict=True)]
    numbers = {name: np.array([row[name] for row in found], np.float64) for name in found[0]}
    diverged, solved = (numbers.pop(name) for name in ("diverged", "solved"))
    status = np.where(diverged != 0, "diverged", np.where(solved >= 0, "success", "ok")).astype(object)
    return {
        "status": status,
        "diverged_at": _column("diverged_at", np.where(diverged != 0, np.maximum(diverged, 0), np.nan)),
        "success": solved >= 0,
        "updates_to_success": _column("updates_to_success", np.where(solved >= 0, solved, np.nan)),
        **{name: _column(name, values) for name, values in numbers.items()},
    }


def _row(state: dict[str, np.ndarray], baseline: float) -> dict[str, float]:
    rows, first, last, updates = state["rows"], state["first"], state["last"], int(state["update"])
    tests = rows[~np.isnan(rows[:, PLACE["test_loss"]])]
    end = rows[-1] if rows[-1, 0] == updates and not state["diverged"] else np.full(len(ROW), np.nan)
    test = tests[-1] if len(tests) else np.full(len(ROW), np.nan)
    loss, norm = PLACE["loss"], PLACE["log10_grad_norm_U"]
    others = {f"{name}_first": rows[0, PLACE[name]] for name in OTHERS}
    others |= {f"{name}_last": end[PLACE[name]] for name in OTHERS}
    return {
        "diverged": float(state["diverged"]),
        "solved": float(state["solved"]),
        "updates": updates,
        "loss_first": first[loss],
        "loss_last": last[loss],
        "test_loss_first": tests[0, PLACE["test_loss"]] if len(tests) else np.nan,
        "test_loss": test[PLACE["test_loss"]],
        "test_loss_best": tests[:, PLACE["test_loss"]].min(initial=np.inf) if len(tests) else np.nan,
        "accuracy": test[PLACE["accuracy"]],
        "baseline": baseline,
        "test_loss_over_baseline": test[PLACE["test_loss"]] / baseline if baseline > 0 else np.nan,
        "log10_grad_norm_U_first": first[norm],
        "log10_grad_norm_U_last": last[norm],
        "log10_grad_norm_U_max": float(state["peak"]) if updates else np.nan,
        "clipped_fraction": float(state["clipped"]) / updates if updates else np.nan,
        **others,
    }


def _column(name: str, values: np.ndarray) -> Any:
    """Return a column, null where nan."""
    missing = np.isnan(values)
    whole = np.where(missing, 0, values).astype(np.int64) if name in _WHOLE else values
    return nullable(whole, missing)
