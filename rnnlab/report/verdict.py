"""What came out, in sentences and a small table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnnlab import analysis
from rnnlab.report.trials import described, said

if TYPE_CHECKING:
    from rnnlab.api import Results

_MOST = 12  # sentences on conditions
_VERDICTS = {"vanishes": "vanishes", "stable": "is stable", "explodes": "explodes"}


def sentences(results: Results) -> list[str]:
    """Return what the experiment answers: of training, of gradients, or of what else was measured."""
    found: list[str] = []
    if "training" in results.measured:
        found += _training(results.statistics("training"))
    if "gradients" in results.measured:
        found += _gradients(results.statistics("gradients"))
    return found or [_plainly(results)]


def numbers(results: Results) -> list[tuple[str, str, str, str, str, int]]:
    """Return label, doc, smallest, median and largest of the main statistics, and how many trials have one."""
    from rnnlab.report.trials import main_columns

    about, trials, rows = described(results), results.trials, []
    for name in main_columns(results):
        column = about.get(name)
        if column is None or column.dtype not in ("float64", "int64"):
            continue
        values = trials[name].to_numpy(np.float64, na_value=np.nan)
        known = values[~np.isnan(values)]
        low, middle, high = map(said, _three(known)) if len(known) else ("none",) * 3
        rows.append((column.axis_label, column.doc, low, middle, high, len(known)))
    return rows


def _three(values: np.ndarray) -> tuple[float, float, float]:
    return float(values.min()), _median(values), float(values.max())


def _median(values: np.ndarray) -> float:
    """Return the median; the lower of two in the middle where one is infinite."""
    ordered = np.sort(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float((low + high) / 2) if math.isfinite(low) and math.isfinite(high) else float(low)


def _plainly(results: Results) -> str:
    return f"Measured: {', '.join(results.measured)}. The numbers below tell what came out."


def _gradients(trials: pd.DataFrame) -> Iterator[str]:
    done = int(trials["status"].notna().sum())
    if not done:
        yield "No gradient has been measured yet."
        return
    counts = {word: int((trials["verdict"] == verdict).sum()) for verdict, word in _VERDICTS.items()}
    told = [f"{word} in {_share(count, done)}" for word, count in counts.items() if count]
    subject = "The gradient of the one network" if done == 1 else f"Of {done:,} networks the gradient"
    if done == 1 and told:
        yield f"{subject} {next(word for word, count in counts.items() if count)}."
    elif told:
        yield f"{subject} {_listed(told)}."
    else:
        yield f"All {done:,} networks diverged: none has a gradient to speak of."
    yield from _turns(trials)


def _turns(trials: pd.DataFrame) -> Iterator[str]:
    axis = analysis.main_axis(trials)
    if not analysis.can_turn(axis) or trials["growth_rate"].notna().sum() == 0:
        return
    turns = analysis.turning_points(trials, axis)
    names = [*analysis.other_axes(trials, axis), "activation"]
    for row in turns.head(_MOST).to_dict("records"):
        point = {str(name): row[name] for name in reversed(names)}
        yield f"{_condition(point)}: the growth rate {_turn(row, str(axis), trials)}."
    if len(turns) > _MOST:
        yield f"… and {len(turns) - _MOST} more conditions, which rnnlab show prints."


def _turn(row: dict[str, Any], axis: str, trials: pd.DataFrame) -> str:
    words, values = axis.replace("_", " "), trials[axis][trials[axis] > 0]
    if row["side"] == "crosses":
        ends = [row["turning_point_low"], row["turning_point_high"]]
        interval = "" if math.isnan(ends[0]) else f" (95 % interval {' to '.join(f'{end:.4g}' for end in ends)})"
        return f"crosses zero at {words} {row['turning_point']:.4g}{interval}"
    beyond = {
        "above": f"stays below zero up to {words} {said(float(values.max()))}",
        "below": f"is above zero from {words} {said(float(values.min()))} on",
    }
    return beyond.get(row["side"], "has too few values to say where it turns")


def _training(trials: pd.DataFrame) -> Iterator[str]:
    rates = analysis.success_rates(trials)
    done, solved = int(rates["n"].sum()), int(rates["successes"].sum())
    if not done:
        yield "No network has been trained yet."
        return
    low, high = analysis.wilson(solved, done)
    interval = f"95 % interval {_percent(low)} to {_percent(high)}"
    yield f"Of {done:,} networks {_share(solved, done)} learn the task ({interval})."
    names = analysis.axes(trials)
    for row in rates.head(_MOST).to_dict("records") if names else []:
        point = {name: row[name] for name in names}
        interval = f", 95 % interval {_percent(row['low'])} to {_percent(row['high'])}" if row["n"] else ""
        yield f"{_condition(point)}: {row['successes']} of {row['n']} learn it{interval}."
    if len(rates) > _MOST:
        yield f"… and {len(rates) - _MOST} more conditions, which rnnlab show prints."


def _condition(point: dict[str, Any]) -> str:
    words = analysis.in_words(point).removeprefix("activation ")
    return words[:1].upper() + words[1:] if words.startswith("recurrent") else words


def _share(count: int, total: int) -> str:
    return f"{count:,} ({_percent(count / total)})"


def _percent(share: float) -> str:
    """Return a share in percent, never 0 and never 100 where it is not exactly that."""
    return f"{min(99, max(1, round(100 * share))) if 0 < share < 1 else round(100 * share)} %"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
