"""terms: what every step k <= t contributes to the gradient of the loss at t, pair by pair.

    dL_t/dU = Σ_{1<=k<=t} mean_b (dl_t/da_k) h_{k-1}ᵀ,    dl_t/da_k = phi'(a_k) ∘ (J_{k+1}ᵀ … J_tᵀ dl_t/dh_t)

and the same with x_k for W and 1 for b. U acts at every step; a term is what its use at step k alone changes (d⁺, with
the previous state held fixed). The terms add up to the whole gradient, and may cancel on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rnnlab.columns import Column
from rnnlab.measures.nulls import STATUS, nullable, status
from rnnlab.measures.work import Work

if TYPE_CHECKING:
    from rnnlab.networks import Networks, Trajectory
    from rnnlab.trial import Trial

NAME = "terms"
VERSION = 1

_PAIR_FLOPS = 2e4  # what is done for a pair besides products, as flops
_ZERO = "all terms are exactly zero"

TABLES: dict[str, tuple[Column, ...]] = {
    "terms": (
        *STATUS,
        Column("pairs", "int64", "pairs (t, k), 1 <= k <= t, of the steps t that have a loss"),
        *(
            Column(f"log10_term_sum_{part}", "float64", f"log10 of the sum over all pairs of ‖term of {part}‖", "log10")
            for part in "UW"
        ),
        *(
            Column(
                f"log10_cancellation_{part}", "float64",
                f"log10 of ‖dL/d{part}‖ over the sum of ‖term of {part}‖: 0: nothing cancels", "log10",
                label=f"cancellation of {part}",
            )
            for part in "UW"
        ),
        Column("reason", "string", "why a cancellation is null though the trial did not diverge"),
    ),
    "terms_by_pair": (
        Column("t", "int64", "step of the loss, 1..T", label="time step t"),
        Column("k", "int64", "step at which the weights acted, 1..t", label="time step k"),
        *(
            Column(
                f"log10_term_norm_{part}", "float64",
                f"log10 of the Frobenius norm of what step k contributes to dL_t/d{part}", "log10",
                label=f"term of {part}",
            )
            for part in "UWb"
        ),
        Column("log10_adjoint_norm", "float64", "log10 of sqrt(mean_b ‖dl_t/dh_k‖²)", "log10", label="adjoint norm"),
        Column(
            "log10_adjoint_gain", "float64",
            "log10 of ‖dl_t/dh_k‖ / ‖dl_t/dh_t‖, the batch stacked: at most max_b ‖J_t … J_{k+1}‖₂; null for 0/0",
            "log10", label="gain of the adjoint",
        ),
    ),
}  # fmt: skip


class Settings(BaseModel):
    """What [measure.terms] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    every: Annotated[int, Field(ge=1, description="which t have rows: every n-th; T alone with loss_at last")] = 1


def misfits(settings: Settings, least: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield what cannot fit a grid with these smallest values."""
    length = least["length"]
    if settings.every > length:
        yield "every", f"is {settings.every}, more than the smallest length {length}; use at most {length}."


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial: back-propagation, and one step back for each pair."""
    from rnnlab.measures.sweeping import sweep_bytes, sweep_flops

    t = trial
    last = t.loss_at == "last"
    pairs = t.length if last else t.length * (t.length + 1) // 2
    kept = range(settings.every, t.length + 1, settings.every)
    flops = sweep_flops(t) + pairs * (2.0 * t.batch * t.width * (t.width + t.batch) + _PAIR_FLOPS)
    return Work(flops, t.length if last else sum(kept), sweep_bytes(t) + 32 * pairs)


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the tables of these networks, column by column; null where masked."""
    from rnnlab.networks import backpropagate
    from rnnlab.pairs import term_norms

    norms = trajectory.once(term_norms)
    whole = trajectory.once(backpropagate).log10_norm
    return {
        "terms": _summary(norms, {"U": whole[:, 0], "W": whole[:, 1]}),
        "terms_by_pair": _by_pair(norms, 1 if networks.loss_at == "last" else settings.every),
    }


def _summary(norms: Any, whole: Mapping[str, Any]) -> dict[str, Any]:
    import numpy as np

    from rnnlab.pairs import log10_sum

    lost = norms.diverged > 0
    sums = {part: log10_sum(getattr(norms, part)) for part in whole}
    zero = np.any([np.isneginf(values) for values in sums.values()], axis=0)
    columns = {f"log10_term_sum_{part}": nullable(values, lost) for part, values in sums.items()}
    for part, values in sums.items():
        nothing = lost | np.isneginf(values)
        ratio = whole[part] - np.where(nothing, 0.0, values)
        columns[f"log10_cancellation_{part}"] = nullable(np.minimum(ratio, 0.0), nothing)
    reason = np.full(len(lost), _ZERO, object)
    return {
        **status(norms.diverged), "pairs": np.full(len(lost), len(norms.t)), **columns,
        "reason": nullable(reason, ~zero | lost),
    }  # fmt: skip


def _by_pair(norms: Any, every: int) -> dict[str, Any]:
    import numpy as np

    kept = norms.t % every == 0
    t, k, G = norms.t[kept], norms.k[kept], len(norms.diverged)
    own = np.searchsorted(norms.t, t, side="right") - 1  # the pair (t, t)
    adjoint = norms.adjoint[:, kept]
    lost = (norms.diverged > 0)[:, None]
    with np.errstate(invalid="ignore"):  # 0/0
        gain = adjoint - norms.adjoint[:, own]
    columns = {f"log10_term_norm_{part}": getattr(norms, part)[:, kept] for part in "UWb"}
    columns |= {"log10_adjoint_norm": adjoint, "log10_adjoint_gain": gain}
    return {
        "trial": np.repeat(np.arange(G), len(t)),
        "t": np.tile(t, G),
        "k": np.tile(k, G),
        **{name: nullable(values, lost | np.isnan(values)).reshape(-1) for name, values in columns.items()},
    }
