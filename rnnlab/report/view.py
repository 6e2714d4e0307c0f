"""What the page shows first: two axes and a colour, or one axis and a statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnnlab import analysis
from rnnlab.report.trials import axes_of, main_columns

if TYPE_CHECKING:
    import pandas as pd

    from rnnlab.api import Results

_FEW = 3  # values: a second axis that has them makes a phase diagram
_PANELS = 6


def first_view(results: Results) -> dict[str, Any]:
    """Return the columns across (x), up (y; None: the statistic itself), that panels split by, and that is shown."""
    trials = results.trials
    names = axes_of(trials)
    x = analysis.main_axis(trials) or names[-1]
    y = _second(trials, x)
    others = [n for n in names if n not in (x, y, "seed") and trials[n].nunique() <= _PANELS]
    split = "activation" if "activation" in others else next(iter(others), None)
    return {"x": x, "y": y, "split": split, "show": next(iter(_shown(results)), None)}


def _second(trials: pd.DataFrame, x: str) -> str | None:
    """Return the numeric axis with the most values beside x, if it has enough of them and is not tied to x."""
    numeric = [
        n for n in analysis.other_axes(trials, x) if analysis.PARAMETERS[n].dtype != "string" and not _tied(trials, n)
    ]
    enough = [n for n in numeric if trials[n].nunique() >= _FEW]
    return max(enough, key=lambda name: trials[name].nunique(), default=None)


def _tied(trials: pd.DataFrame, name: str) -> bool:
    """Tell whether another axis fixes this one, as a learning rate that is tuned for each network."""
    others = [n for n in analysis.axes(trials) if n != name]
    return any(bool((trials.groupby(other)[name].nunique() <= 1).all()) for other in others)


def _shown(results: Results) -> list[str]:
    """Return statistics that are numbers or yes and no, the most telling first."""
    trials = results.trials
    numbers = [n for n in main_columns(results) if trials[n].dtype != "str" and not n.endswith("status")]
    return [n for n in numbers if trials[n].notna().any() and not trials[n].map(lambda v: isinstance(v, str)).any()]
