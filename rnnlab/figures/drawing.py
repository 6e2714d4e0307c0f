"""From results to figures: which tables and columns each kind of figure reads, and nothing besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from rnnlab import analysis, measures, store
from rnnlab.errors import UsageError
from rnnlab.figures import (
    beside_theory,
    by_lag,
    choices,
    distributions,
    growth_rates,
    heat_maps,
    lengths,
    mean_field,
    of_measure,
    phases,
    spectra,
    strips,
    success_rates,
    survivals,
    time_steps,
    training_curves,
)
from rnnlab.figures.catalogue import OF

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnlab.api import Results

SEVERAL = ("statistics", "training")  # kinds that show several columns
_NUMBERS = ("float64", "int64", "bool")
_GROWTH = ["growth_rate", "verdict", "spectral_norm", "chi_measured"]
_TRAINED = ["success", "updates_to_success", "updates", "baseline", "test_loss_over_baseline"]
_TOLD = {  # columns that a kind reads of its measure, beside parameters and status; others read the one they show
    "growth": _GROWTH,
    "length": _GROWTH,
    "theory": [beside_theory.PREDICTED, beside_theory.MEASURED, beside_theory.EDGE],
    "pairs": ["diverged_at"],
    "success": _TRAINED,
    "survival": _TRAINED,
    "training": _TRAINED,
}
_MAIN = {
    "gradients": "growth_rate",
    "lyapunov": "lyapunov_max",
    "theory": "growth_rate_measured",
    "training": "success",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A figure as it is asked for: None where nothing was said."""

    kind: str
    x: str | None = None
    y: str | None = None
    hue: str | None = None
    columns: tuple[str, ...] = ()
    where: Mapping[str, Any] | None = None


def draw(results: Results, asked: Asked) -> Figure:
    """Return the figure; the measures that it needs are there."""
    title = results.manifest["experiment"].get("title", "")
    measured = [name for name in OF[asked.kind].measures or results.measured if name in results.measured]
    of = {
        "phase": _phase, "histogram": _histogram, "rates": _rates, "statistics": _statistics, "steps": _steps,
        "lags": _lags, "pairs": _pairs, "spectrum": _spectrum, "training": _training, "growth": _growth,
    }  # fmt: skip
    if asked.kind in of:
        return of[asked.kind](results, asked, measured, title)
    trials = trials_of(results, measured[0], asked.where, _TOLD[asked.kind])
    simple: dict[str, Any] = {
        "length": lengths.length, "theory": beside_theory.theory, "success": success_rates.success,
        "survival": survivals.survival,
    }  # fmt: skip
    given = {name: value for name in ("x", "hue") if (value := getattr(asked, name)) is not None}
    return simple[asked.kind](trials, title, **given)


def trials_of(
    results: Results, measure: str, where: Mapping[str, Any] | None, columns: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the trials that `where` picks: key, parameters, status, and these columns of a measure's table."""
    where = where or {}
    own = [column.name for column in store.columns_of(measure)]
    elsewhere = [name for name in where if name not in (*own, "key", *analysis.PARAMETERS)]
    wanted = ["status", *columns, *(name for name in where if name in own and name not in analysis.PARAMETERS)]
    trials = results.statistics(measure, list(dict.fromkeys(wanted)))
    for name in elsewhere:
        trials = trials.merge(results.statistics(homes(results)[name], [name])[["key", name]], on="key", how="left")
    return analysis.pick(trials, analysis.as_printed(trials, where))


def keys_in_full(results: Results, where: Mapping[str, Any]) -> dict[str, Any]:
    """Return `where` with the keys in full that begin as those it has; raises UsageError where none does."""
    if "key" not in where:
        return dict(where)
    given = [where["key"]] if isinstance(where["key"], str) else list(where["key"])
    keys = results.statistics(results.measured[0], ["status"])["key"]
    found = []
    for beginning in given:
        like = keys[keys.str.startswith(str(beginning))]
        if like.empty or not beginning:
            raise UsageError(f"--where key={beginning}: no trial of {results.name} has a key that begins so.")
        found += list(like)
    return {**where, "key": found}


def columns_of(results: Results, *, tables: Sequence[str] | None = None) -> list[str]:
    """Return the numbers in the tables of the measures, those of one row a trial first."""
    names = tables if tables is not None else _tables(results)
    return [c.name for name in names for c in _own(name) if c.dtype in _NUMBERS]


def homes(results: Results) -> dict[str, str]:
    """Return the columns of one row a trial that measures give, words too, and the first measure that has each."""
    found = [(column.name, name) for name in results.measured for column in _own(name)]
    return dict(reversed(found))


def home_of(results: Results, column: str) -> str:
    """Return the table that a column is found in; raises UsageError where there is none."""
    choices.column(column, columns_of(results), results.name)
    return next(name for name in _tables(results) if column in [c.name for c in _own(name)])


def _tables(results: Results) -> list[str]:
    return [
        *results.measured,
        *(name for each in results.measured for name in measures.registry()[each].TABLES if name != each),
    ]


def _own(table: str) -> list[Any]:
    """Return the columns that a measure itself gives its table."""
    labels = [column.name for column in store.LABELS]
    return [c for c in store.columns_of(table) if c.name not in (*analysis.PARAMETERS, *labels)]


def _column_of_trials(results: Results, asked: Asked, measured: Sequence[str]) -> tuple[str, str]:
    """Return the measure and the column that a figure of one row a trial shows."""
    if not asked.columns:
        first = next((name for name in _MAIN if name in measured), measured[0])
        return first, _MAIN.get(first) or analysis.main_columns(first)[0]
    known = columns_of(results, tables=list(measured))
    column = choices.column(asked.columns[0], known, f"of one row a trial, {results.name}")
    return next(name for name in measured if column in [c.name for c in _own(name)]), column


def _with_theory(results: Results, trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials with what the measure theory found, where it was measured."""
    names = [name for name in (mean_field.RATE, mean_field.EDGE) if name not in trials]
    if "theory" not in results.measured or not names:
        return trials
    return trials.merge(results.statistics("theory", names)[["key", *names]], on="key", how="left")


def _phase(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    measure, column = _column_of_trials(results, asked, measured)
    trials = _with_theory(results, trials_of(results, measure, asked.where, [column]))
    return phases.phase(trials, title, x=asked.x, y=asked.y, hue=asked.hue, column=column)


def _growth(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    trials = _with_theory(results, trials_of(results, "gradients", asked.where, _GROWTH))
    return growth_rates.growth(trials, title, x=asked.x, hue=asked.hue)


def _rates(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    measure, column = _column_of_trials(results, asked, ["gradients"])
    return strips.rates(trials_of(results, measure, asked.where, [column]), title, column=column)


def _histogram(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    column = asked.columns[0] if asked.columns else _column_of_trials(results, asked, measured)[1]
    table = home_of(results, column)
    measure = store.owner(table)
    if table == measure:
        return distributions.histogram(trials_of(results, measure, asked.where, [column]), column, title, hue=asked.hue)
    trials = trials_of(results, measure, asked.where)
    names = ["key", *analysis.PARAMETERS, column]
    rows = results.table(table, names, where={"key": list(trials["key"])})
    return distributions.histogram(rows, column, title, hue=asked.hue, of=f"rows of {table}")


def _statistics(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    if not asked.columns:
        columns = analysis.main_columns(measured[0])
        trials = trials_of(results, measured[0], asked.where, columns)
        return of_measure.statistics(trials, columns, title, x=asked.x, hue=asked.hue)
    known = columns_of(results, tables=list(measured))
    homes = [
        home_of(results, choices.column(name, known, f"of one row a trial, {results.name}")) for name in asked.columns
    ]
    trials = trials_of(
        results, homes[0], asked.where, [n for n, at in zip(asked.columns, homes, strict=True) if at == homes[0]]
    )
    for name, home in zip(asked.columns, homes, strict=True):
        if home != homes[0]:
            trials = trials.merge(results.statistics(home, [name])[["key", name]], on="key", how="left")
    return of_measure.statistics(trials, asked.columns, title, x=asked.x, hue=asked.hue)


def _of_long(results: Results, asked: Asked, table: str, default: str) -> str:
    return choices.column(asked.columns[0], columns_of(results, tables=[table]), table) if asked.columns else default


def _long(
    results: Results, table: str, trials: pd.DataFrame, columns: Sequence[str], hue: str | None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the rows of a long table for one seed of a few trials, and where the axes stand that these do not show."""
    names = ["key", *analysis.PARAMETERS, *columns]
    rows = results.table(table, names, where={"key": time_steps.chosen(trials, hue)})
    return rows, {
        axis: rows[axis].iloc[0] for axis in analysis.axes(trials) if not rows.empty and rows[axis].nunique() == 1
    }


def _steps(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    column = _of_long(results, asked, "gradients_by_step", time_steps.NORM)
    trials = trials_of(results, "gradients", asked.where)
    rows, fixed = _long(results, "gradients_by_step", trials, ["t", column], asked.hue)
    return time_steps.steps(rows, title, fixed, hue=asked.hue, column=column)


def _lags(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    trials = trials_of(results, "lags", asked.where)
    rows, fixed = _long(results, "lags_by_lag", trials, ["lag", by_lag.NORM, by_lag.SHARE], asked.hue)
    return by_lag.lags(rows, title, fixed, hue=asked.hue)


def _pairs(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    column = _of_long(results, asked, "terms_by_pair", heat_maps.VALUE)
    some, fixed = heat_maps.trials_of_pairs(trials_of(results, "terms", asked.where, _TOLD["pairs"]))
    rows = results.table("terms_by_pair", ["key", "t", "k", column], where={"key": list(some["key"])})
    return heat_maps.pairs(some, rows, title, fixed, column=column)


def _training(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    known = columns_of(results, tables=["training_by_update"])
    shown = [choices.column(name, known, "training_by_update") for name in asked.columns] or training_curves.ROWS
    found = training_curves.drawn(trials_of(results, "training", asked.where, _TRAINED), asked.hue)
    columns = list(dict.fromkeys(["key", *training_curves.COLUMNS, *shown]))
    rows = results.table("training_by_update", columns, where={"key": list(found.trials["key"])})
    return training_curves.training(rows, found, title, columns=shown)


def _spectrum(results: Results, asked: Asked, measured: Sequence[str], title: str) -> Figure:
    trials = trials_of(results, measured[0], asked.where)
    some, fixed = spectra.chosen(trials, asked.hue)
    keys = list(some["key"])
    names = ["key", *analysis.PARAMETERS, "i"]
    tables = {}
    if "lyapunov" in measured:
        tables[spectra.EXPONENT] = results.table("lyapunov_by_index", [*names, spectra.EXPONENT], {"key": keys})
    if "jacobian" in measured:
        rows = results.table("jacobian_by_index", [*names, "t", "k", spectra.SINGULAR], {"key": keys})
        pair = results.statistics("jacobian", ["t", "k"])[["key", "t", "k"]]
        tables[spectra.SINGULAR] = rows.merge(pair, on=["key", "t", "k"])
    return spectra.spectrum(tables, title, fixed, hue=asked.hue)
