"""digits: how many decimal digits of each gradient norm are determined, once states are rounded.

    digits = -log10 sqrt( mean_p (‖g_p‖ / ‖g‖ - 1)² ),

g_p the gradient of pass p, in which every state is disturbed by a rounding, h_t ← h_t (1 + eps·ξ). An error grows like
e^(λ₁t): in a chaotic network no digit is left after ln(1/eps)/λ₁ steps, whichever program computes it.
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

NAME = "digits"
VERSION = 1

PARTS = ("U", "W", "V", "b", "c", "h0")
_DOC = "decimal digits that are determined, at most 15.95 (7.22 in float32): of"

TABLES: dict[str, tuple[Column, ...]] = {
    "digits": (
        *STATUS,
        Column("digits_loss", "float64", f"{_DOC} the loss"),
        *(Column(f"digits_{part}", "float64", f"{_DOC} the norm of dL/d{part}") for part in PARTS),
        Column(
            "digits_lost_predicted", "float64",
            "log10(‖dL_T/dh_0‖ / ‖dL_T/dh_T‖), mean of logs over the batch: what the growth of an error would take",
        ),
        Column("reason", "string", "why numbers are null though the trial did not diverge"),
    ),
}  # fmt: skip


class Settings(BaseModel):
    """What [measure.digits] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    passes: Annotated[int, Field(ge=1, le=1000, description="the number of disturbed passes")] = 4


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial: BPTT, undisturbed once, and both ways in every pass."""
    t = trial
    every = t.loss_at == "every"
    sequences, losses = t.batch * t.length, t.batch * (t.length if every else 1)
    back = 2.0 * t.width * (sequences * (2 * t.width + t.inputs) + 3 * losses * t.outputs)
    forward = 2.0 * t.width * sequences * (t.width + t.inputs)
    once = 2.0 * t.width**2 * sequences if every else 0.0
    item = 8 if t.dtype == "float64" else 4
    return Work(back + once + settings.passes * (back + forward), 0, 3 * item * (t.length + 1) * t.batch * t.width)


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the table of these networks, column by column; null where masked."""
    import numpy as np

    from rnnlab.networks import adjoint_of_last, backpropagate
    from rnnlab.networks.disturbances import disturbed

    flow = trajectory.once(backpropagate)
    logs = flow.mean_log if networks.loss_at == "last" else trajectory.once(adjoint_of_last)[1]
    base = _logs(flow)
    passes = [_logs(backpropagate(each)) for each in disturbed(networks, settings.passes)]
    digits = _digits(base, np.array(passes), networks.dtype)
    undefined = ~np.isfinite(base)
    with np.errstate(invalid="ignore"):
        lost = (logs[:, 0] - logs[:, -1]) / np.log(10.0)
    names = ("digits_loss", *(f"digits_{part}" for part in PARTS))
    stated = (undefined.any(axis=1) | ~np.isfinite(lost)) & (flow.diverged == 0)
    words = np.full(
        len(base), "the loss, a norm or the adjoint of a sample is exactly zero, or there is no loss", object
    )
    return {
        "digits": {
            **status(flow.diverged),
            **{name: nullable(digits[:, i], undefined[:, i]) for i, name in enumerate(names)},
            "digits_lost_predicted": nullable(lost, ~np.isfinite(lost)),
            "reason": nullable(words, ~stated),
        }
    }


def _logs(flow: Any) -> Any:
    """log10 of the loss and of the six norms, (G, 7)."""
    import numpy as np

    return np.column_stack([flow.log10_loss, flow.log10_norm])


def _digits(base: Any, passes: Any, dtype: Any) -> Any:
    """Digits (G, 7) that logs of passes (P, G, 7) have in common with those of the undisturbed pass."""
    import numpy as np

    most = -np.log10(np.finfo(dtype).eps / 2)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        deviation = np.abs(np.expm1((passes - base) * np.log(10.0)))
        deviation = np.where(np.isnan(deviation), np.inf, deviation)  # a pass that diverged
        return np.clip(-0.5 * np.log10(np.mean(deviation**2, axis=0)), 0.0, most)
