"""Which columns of a measure tables and figures show where nobody chose."""

from __future__ import annotations

from rnnlab import measures

_MAIN = {
    "gradients": ("growth_rate", "log10_grad_norm_U", "log10_loss"),
    "gain": ("slope_gain", "recurrent_gain"),
    "terms": ("log10_term_sum_U", "log10_cancellation_U"),
    "lags": ("truncation_length", "longest_lag", "log10_cancellation"),
    "horizon": ("horizon", "absorbed_float64", "underflow_float64"),
    "jacobian": ("log10_norm", "log10_norm_bound", "log10_condition_number"),
    "lyapunov": ("lyapunov_max", "kaplan_yorke_dimension", "positive_sum"),
    "theory": ("growth_rate_predicted", "growth_rate_measured", "growth_rate_gap"),
    "digits": ("digits_loss", "digits_U", "digits_lost_predicted"),
    "training": ("updates_to_success", "test_loss_over_baseline", "accuracy"),
}
_FIRST = 3


def main_columns(measure: str) -> tuple[str, ...]:
    """Return the statistics of a measure that tell most: of one that is not known here, the first numbers it has."""
    columns = measures.registry()[measure].TABLES[measure]
    numbers = [column.name for column in columns if column.dtype == "float64"]
    return _MAIN.get(measure) or tuple(numbers[:_FIRST])
