"""The kinds of figure: what each needs of an experiment, and which one suits it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnnlab import analysis
from rnnlab.errors import UsageError, did_you_mean
from rnnlab.figures import (
    beside_theory,
    by_lag,
    growth_rates,
    heat_maps,
    lengths,
    of_measure,
    spectra,
    strips,
    success_rates,
    survivals,
    time_steps,
    training_curves,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from rnnlab.api import Results

_MEASURES = {  # that a kind needs one of, and takes all of
    "growth": ("gradients",),
    "length": ("gradients",),
    "steps": ("gradients",),
    "rates": ("gradients",),
    "pairs": ("terms",),
    "theory": ("theory",),
    "lags": ("lags",),
    "spectrum": ("lyapunov", "jacobian"),
    "success": ("training",),
    "survival": ("training",),
    "training": ("training",),
}
KINDS = (*_MEASURES, "statistics")


def kind_for(trials: pd.DataFrame, *, by_step: bool = True) -> str:
    """Return the kind of figure that suits the axes of gradients; `by_step`: whether their steps were recorded."""
    axis = analysis.main_axis(trials)
    if axis is None:
        return "steps" if by_step else "rates"
    return "length" if axis == "length" else "growth"


def kind_of(results: Results, where: Mapping[str, Any] | None = None) -> str:
    """Return the kind of figure that suits an experiment, or those of its trials that `where` picks."""
    if "training" in results.measured:
        trials = analysis.pick(results.statistics("training"), where or {})
        return "training" if analysis.main_axis(trials) is None else "success"
    if "gradients" in results.measured:
        by_step = results.manifest["experiment"]["measure"]["gradients"].get("steps", False)
        return kind_for(analysis.pick(results.statistics(results.measured[0]), where or {}), by_step=by_step)
    there = [kind for kind in ("pairs", "theory", "lags", "spectrum") if _has(results, kind)]
    return there[0] if there else "statistics"


def _has(results: Results, kind: str) -> bool:
    measured = {name for name in _MEASURES[kind] if name in results.measured}
    if measured == {"lyapunov"}:  # one exponent is no spectrum
        return results.manifest["experiment"]["measure"]["lyapunov"].get("exponents") != 1
    return bool(measured)


def plot(results: Results, kind: str | None = None, *, where: Mapping[str, Any] | None = None) -> Figure:
    """Return the figure of an experiment, of the kind that suits it or that is asked for; `where` picks trials.

    Raises UsageError for a kind that there is not, or whose measure the experiment has not got.
    """
    kind = kind or kind_of(results, where)
    if kind not in KINDS:
        raise UsageError(f"figure {kind} is unknown.{did_you_mean(kind, KINDS)}")
    needed = _MEASURES.get(kind, results.measured)
    measured = [name for name in needed if name in results.measured]
    if not measured:
        needs = f"the figure {kind} needs the measure {' or '.join(needed)}"
        raise UsageError(f"{needs}; {results.name} has {', '.join(results.measured)}.")
    trials = analysis.pick(results.statistics(measured[0]), where or {})
    return _drawn(results, kind, measured, trials, results.manifest["experiment"].get("title", ""))


def _drawn(results: Results, kind: str, measured: list[str], trials: pd.DataFrame, title: str) -> Figure:
    if kind == "steps":
        by_step, fixed = _long(results, "gradients_by_step", trials, ["t", "log10_grad_norm_h"])
        return time_steps.steps(by_step, title, fixed)
    if kind == "lags":
        by_lag_, fixed = _long(results, "lags_by_lag", trials, ["lag", by_lag.NORM, by_lag.SHARE])
        return by_lag.lags(by_lag_, title, fixed)
    if kind == "pairs":
        some, fixed = heat_maps.trials_of_pairs(trials)
        columns = ["key", "t", "k", heat_maps.VALUE]
        return heat_maps.pairs(
            some, results.table("terms_by_pair", columns, where={"key": list(some["key"])}), title, fixed
        )
    if kind == "spectrum":
        return _spectrum(results, measured, trials, title)
    if kind == "statistics":
        return of_measure.statistics(trials, analysis.main_columns(measured[0]), title)
    if kind == "training":
        found = training_curves.drawn(trials)
        columns = ["key", *training_curves.COLUMNS]
        rows = results.table("training_by_update", columns, where={"key": list(found.trials["key"])})
        return training_curves.training(rows, found, title)
    simple = {
        "growth": growth_rates.growth, "length": lengths.length, "rates": strips.rates, "theory": beside_theory.theory,
        "success": success_rates.success, "survival": survivals.survival,
    }  # fmt: skip
    return simple[kind](trials, title)


def _long(
    results: Results, table: str, trials: pd.DataFrame, columns: list[str]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the rows of a long table for one seed of a few trials, and where the axes stand that these do not show."""
    names = ["key", *analysis.PARAMETERS, *columns]
    rows = results.table(table, names, where={"key": time_steps.chosen(trials)})
    return rows, {
        axis: rows[axis].iloc[0] for axis in analysis.axes(trials) if not rows.empty and rows[axis].nunique() == 1
    }


def _spectrum(results: Results, measured: list[str], trials: pd.DataFrame, title: str) -> Figure:
    axis = analysis.main_axis(trials)
    some, fixed = analysis.densest(trials, analysis.apart(trials, axis, None))
    keys = list(some["key"])
    names = ["key", *analysis.PARAMETERS, "i"]
    tables = {}
    if "lyapunov" in measured:
        tables[spectra.EXPONENT] = results.table("lyapunov_by_index", [*names, spectra.EXPONENT], {"key": keys})
    if "jacobian" in measured:
        rows = results.table("jacobian_by_index", [*names, "t", "k", spectra.SINGULAR], {"key": keys})
        pair = results.statistics("jacobian")[["key", "t", "k"]]
        tables[spectra.SINGULAR] = rows.merge(pair, on=["key", "t", "k"])
    return spectra.spectrum(tables, title, fixed)
