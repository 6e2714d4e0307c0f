"""The tables of training: each column described once."""

from __future__ import annotations

from rnnlab.columns import Column

_RATE = "nats/step"
_OF = {"U": "recurrent weights", "W": "input weights", "V": "output weights"}

_BY_OTHERS = (
    ("growth_rate", "float64", "growth_rate of gradients, on a test batch", _RATE),
    ("truncation_length", "int64", "truncation_length of lags, on a test batch; null with a leak", ""),
    ("lyapunov_max", "float64", "λ_1 of lyapunov, on a test batch; null with a leak", _RATE),
)
_CALLED = {"lyapunov_max": "largest Lyapunov exponent λ₁"}  # on axes
OTHERS = tuple(name for name, *_ in _BY_OTHERS)
NORMS = tuple(f"log10_{kind}_norm_{part}" for kind in ("grad", "clipped") for part in _OF)


def _ends() -> tuple[Column, ...]:
    """What the other measures say before the first update and after the last."""
    return tuple(
        Column(f"{name}_{end}", dtype, f"{doc}; {when}", unit)  # type: ignore[arg-type]
        for name, dtype, doc, unit in _BY_OTHERS
        for end, when in (("first", "before training"), ("last", "after the last update"))
    )


TABLES: dict[str, tuple[Column, ...]] = {
    "training": (
        Column(
            "status", "string",
            "success; ok: all updates without it; diverged: states, weights or what the optimiser keeps not finite",
        ),
        Column("diverged_at", "int64", "the update, from 1, that was not finite; 0: on the flossing loss alone"),
        Column("success", "bool", "whether a test reached what counts as success, be it before a divergence"),
        Column("updates_to_success", "int64", "updates before the first test that did", label="updates to success"),
        Column("updates", "int64", "updates made, all of them finite"),
        Column("loss_first", "float64", "loss of the first batch: sum over steps, mean over the batch"),
        Column("loss_last", "float64", "loss of the last batch"),
        Column("test_loss_first", "float64", "loss of the test set before training"),
        Column("test_loss", "float64", "loss of the test set at the last test"),
        Column("test_loss_best", "float64", "smallest loss of the test set at any test"),
        Column("accuracy", "float64", "share of right answers at the last test; null where the task counts none"),
        Column("baseline", "float64", "loss of the best predictor without memory"),
        Column("test_loss_over_baseline", "float64", "test_loss / baseline: under 1 something is remembered"),
        Column("log10_grad_norm_U_first", "float64", "log10 of ‖dL/dU‖ in the first update, before clipping", "log10"),
        Column("log10_grad_norm_U_last", "float64", "the same in the last update", "log10"),
        Column("log10_grad_norm_U_max", "float64", "the largest of all updates", "log10"),
        Column("clipped_fraction", "float64", "share of the updates whose gradient was clipped"),
        *_ends(),
    ),
    "training_by_update": (
        Column("update", "int64", "updates made, from 0: the draw", label="update"),
        Column("loss", "float64", "loss of this update's batch, before the weights change; null at 0"),
        Column(
            "test_loss", "float64",
            "loss of the test set after this update, inf where an output is not finite; null between tests",
            label="test loss",
        ),
        Column("accuracy", "float64", "share of right answers in the test set; null between tests"),
        *(
            Column(
                f"log10_grad_norm_{part}", "float64",
                f"log10 of the Frobenius norm of dL/d{part}, {_OF[part]}, before clipping; null at 0", "log10",
                label=f"gradient norm of {part}",
            )
            for part in _OF
        ),
        *(
            Column(
                f"log10_clipped_norm_{part}", "float64", f"the same of {part} after clipping", "log10",
                label=f"clipped norm of {part}",
            )
            for part in _OF
        ),
        Column("update_ratio", "float64", "‖change of U‖ / ‖U‖ in this update"),
        Column("spectral_radius", "float64", "largest |eigenvalue| of U; null between tests"),
        *(
            Column(name, dtype, f"{doc}; null between calls", unit, _CALLED.get(name, ""))  # type: ignore[arg-type]
            for name, dtype, doc, unit in _BY_OTHERS
        ),
    ),
}  # fmt: skip
ROW = tuple(column.name for column in TABLES["training_by_update"])
