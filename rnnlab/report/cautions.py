"""What a reader must know before trusting a picture: what failed, diverged, is missing, or has few digits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from rnnlab.api import Results

_FEW = 3.0  # digits
_MOST = 3  # reasons that are told


def cautions(results: Results) -> list[str]:
    """Return one sentence for each thing to beware of."""
    found = [*_failed(results)]
    for measure in results.measured:
        trials = results.statistics(measure)
        found += [*_missing(measure, trials), *_diverged(measure, trials), *_reasons(measure, trials)]
        if measure == "gradients":
            found += _zero(trials)
        if measure == "digits":
            found += _few_digits(trials)
    if (results.manifest.get("git") or {}).get("changed"):
        found.append("The code that ran had changes that its commit does not have.")
    return found


def _failed(results: Results) -> Iterator[str]:
    failures = results.table("failures", ["key", "measure", "message"])
    if not failures.empty:
        what = _count(failures["key"].nunique(), "trial")
        first = str(failures["message"].iloc[0]).splitlines()[0][:200]
        yield f"{what} failed and stand here without numbers; the first one: {first}"


def _missing(measure: str, trials: pd.DataFrame) -> Iterator[str]:
    missing = int(trials["status"].isna().sum())
    if missing:
        yield f"{measure}: {missing:,} of {_count(len(trials), 'trial')} have no result yet."


def _diverged(measure: str, trials: pd.DataFrame) -> Iterator[str]:
    diverged = int((trials["status"] == "diverged").sum())
    if diverged:
        of = f"{diverged:,} of {_count(len(trials), 'trial')} diverged"
        yield f"{measure}: {of}; what needs a finite state is null there and enters no mean."


def _zero(trials: pd.DataFrame) -> Iterator[str]:
    zero = int(((trials["status"] == "ok") & trials["growth_rate"].isna()).sum())
    if zero:
        yield f"gradients: exactly zero in {_count(zero, 'trial')}: it vanishes, and has no growth rate."


def _few_digits(trials: pd.DataFrame) -> Iterator[str]:
    names = [name for name in trials if name.startswith("digits_") and name != "digits_lost_predicted"]
    digits = trials[names].to_numpy(np.float64, na_value=np.nan)
    few = int((digits < _FEW).any(axis=1).sum())
    if few:
        yield f"digits: {_count(few, 'trial')} have a gradient norm of which fewer than {_FEW:g} digits are determined."


def _reasons(measure: str, trials: pd.DataFrame) -> Iterator[str]:
    if "reason" not in trials:
        return
    counts = trials["reason"].dropna().value_counts()
    for reason, count in counts.head(_MOST).items():
        yield f"{measure}: numbers are null in {_count(int(count), 'trial')}: {reason}"
    if len(counts) > _MOST:
        yield f"{measure}: numbers are null for {len(counts) - _MOST} more reasons; the column reason has them."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
