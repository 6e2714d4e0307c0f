"""Phase diagrams: a statistic over two axes, where it changes its sign, and what diverged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke

from rnnlab import analysis
from rnnlab.errors import UsageError
from rnnlab.figures import cells, choices, layout, mean_field, style

RATE = "growth_rate"
MOST = 6  # panels
_RATES = "nats/step"  # the unit of columns whose zero is the middle of the colours
_EDGES = (
    RATE,
    "growth_rate_rms",
    "growth_rate_measured",
    "growth_rate_predicted",
    "lyapunov_max",
    "lyapunov_predicted",
)
_FEWEST = 5  # values that both axes need for a phase diagram to be what suits an experiment
_FAR = 2.0  # times the 95th percentile of magnitudes, beyond which colours end
_SEEN: dict[str, Any] = {  # on any colour, and on a dark page
    "color": "black",
    "path_effects": [Stroke(linewidth=3.0, foreground="white"), Normal()],
}
_MEAN: dict[str, Any] = {"linestyle": "-", "linewidth": 1.6, **_SEEN}
_THEORY: dict[str, Any] = {"linestyle": (0, (4, 1.5)), "linewidth": 1.3, **_SEEN}


def axes_of(trials: pd.DataFrame) -> tuple[str, str] | None:
    """Return the two axes of the phase diagram that suits these trials: None where it would show less than lines do."""
    numeric = [name for name in analysis.axes(trials) if choices.is_numeric(name) and name != "length"]
    numeric = [name for name in numeric if trials[name].nunique() >= _FEWEST]
    x = "recurrent_scale" if "recurrent_scale" in numeric else next(iter(numeric), None)
    others = [name for name in numeric if name != x and x and not analysis.zipped(trials, name, x)]
    return (x, max(others, key=lambda name: trials[name].nunique())) if x and others else None


def phase(
    trials: pd.DataFrame, title: str = "", *, x: str | None = None, y: str | None = None, hue: str | None = None,
    column: str = RATE,
) -> Figure:  # fmt: skip
    """Return a phase diagram: the mean of `column` over seeds as colour over the axes x and y, a cell a grid point.

    trials: one row a trial with parameters, status and the column; for the edge that theory has also edge_of_chaos. A
    panel for each value of `hue` (default: activation), at most six. Of a column with both signs 0 is the middle of the
    colours and a line goes where the mean is 0, for rates the edge of chaos, interpolated linearly in the axes as they
    are drawn; a dashed one where mean field has it. Hatched: cells where trials diverged, of which the mean knows
    nothing; grey: no trial has a number; crossed: no trial. Raises UsageError where x or y is no numeric axis.
    """
    x, y = _axes(trials, x, y)
    panel = choices.hue(trials, hue, _other(trials, x, y), taken=(x, y))
    trials, fixed = choices.the_rest(trials, x, y, panel)
    trials, values = choices.some_of(trials, panel, MOST)
    groups = [trials if panel is None else trials[trials[panel] == value] for value in values]
    planes = [analysis.plane(group, x, y, column) for group in groups]
    if not any(np.isfinite(plane.mean).any() for plane in planes) and not any((p.diverged > 0).any() for p in planes):
        raise UsageError(f"no trial has a number in {column}: run the experiment, or look at another --column")
    colours = _colours(np.concatenate([plane.mean.ravel() for plane in planes]), signed=style.unit(column) == _RATES)
    with style.look():
        made = layout.panels(1, len(values), height=3.3, least=2.1, share_y=True)
        for axes, group, plane, value in zip(made.axes[0], groups, planes, values, strict=True):
            _panel(axes, group, plane, (x, y), colours, is_rate=column in _EDGES)
            axes.set_title(choices.word(panel, value))
        made.label_y(0, style.label(y))
        for axes in made.axes[0]:
            axes.set_xlabel(style.label(x))
        bar = made.figure.colorbar(
            colours, ax=list(made.axes[0]), extend=_extend(planes, *colours.get_clim()), **layout.bar_place()
        )
        bar.set_label(
            f"{style.label(column)},\nmean over seeds" if trials["seed"].nunique() > 1 else style.label(column)
        )
        bar.ax.tick_params(labelsize=style.points(8))
        if _is_signed(colours):
            (bar.ax.axvline if style.theme().narrow else bar.ax.axhline)(0, color="black", linewidth=1.0)
        layout.legend_below(made.figure, _legend(made.axes[0], planes, column))
        layout.headed(made.figure, title, style.context(trials, fixed))
    return made.figure


def _axes(trials: pd.DataFrame, x: str | None, y: str | None) -> tuple[str, str]:
    """Return the axes that are asked for, filled up with those that matter."""
    x = choices.axis(trials, "x", x, numeric=True) if x else None
    y = choices.axis(trials, "y", y, numeric=True, taken=[x] if x else []) if y else None
    numeric = [name for name in analysis.axes(trials) if choices.is_numeric(name)]
    main = analysis.main_axis(trials)
    ranked = sorted(numeric, key=lambda name: (name != main, -trials[name].nunique()))
    for name in ranked:
        if x is None and name != y and not (y and analysis.zipped(trials, name, y)):
            x = name
        elif y is None and name != x and not (x and analysis.zipped(trials, name, x)):
            y = name
    if x is None or y is None:
        there = ", ".join(numeric) or "none"
        raise UsageError(f"a phase diagram needs two numeric axes with several values; of these trials vary: {there}")
    return x, y


def _other(trials: pd.DataFrame, x: str, y: str) -> str | None:
    """Return what panels tell where nobody says: the activation, else the next axis with few values."""
    if trials["activation"].nunique() > 1:
        return "activation"
    few = [name for name in analysis.axes(trials) if name not in (x, y) and trials[name].nunique() <= MOST]
    return next((name for name in few if not any(analysis.zipped(trials, name, other) for other in (x, y))), None)


def _colours(means: Any, *, signed: bool) -> ScalarMappable:
    """Return the colours: blue below 0, red above, where both signs are there or zero is what matters; else a ramp."""
    known = means[np.isfinite(means)]
    if signed or (known.size and known.min() < 0 < known.max()):
        most = _most(np.abs(known))
        return ScalarMappable(Normalize(-most, most), _diverging())
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    return ScalarMappable(Normalize(low, high if high > low else low + 1.0), mpl.colormaps["cividis"])


def _diverging() -> Colormap:
    return mpl.colormaps["RdBu_r"]


def _most(sizes: Any) -> float:
    """Return where colours end: at the largest, or at the 95th percentile where the largest are far beyond it."""
    if not sizes.size or sizes.max() == 0:
        return 1.0
    usual = float(np.percentile(sizes, 95))
    return float(sizes.max()) if usual == 0 or sizes.max() <= _FAR * usual else usual


def _is_signed(colours: ScalarMappable) -> bool:
    return bool(sum(colours.get_clim()) == 0)


def _extend(planes: Sequence[analysis.Plane], least: float, most: float) -> str:
    low = any((plane.mean < least).any() for plane in planes)
    high = any((plane.mean > most).any() for plane in planes)
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get((low, high), "neither")


def _panel(
    axes: Axes, trials: pd.DataFrame, plane: analysis.Plane, names: tuple[str, str], colours: ScalarMappable, *,
    is_rate: bool,
) -> None:  # fmt: skip
    across, up = (cells.Scale.of(name, values) for name, values in zip(names, (plane.x, plane.y), strict=True))
    cells.colour(axes, plane, across, up, colours)
    if _is_signed(colours):
        for line in cells.zero_lines(plane.mean, across, up):
            axes.plot(*line.T, gid="edge", **_MEAN)
    if is_rate and "recurrent_scale" in names:
        for line in _theory(trials, names, across, up):
            axes.plot(*line.T, gid="theory", **_THEORY)
    across.apply(axes.xaxis)
    up.apply(axes.yaxis)


def _theory(trials: pd.DataFrame, names: tuple[str, str], across: cells.Scale, up: cells.Scale) -> list[Any]:
    """Return the line on which mean field has the edge of chaos, as far as it runs inside: [(n, 2)] or nothing."""
    gain, other = (across, up) if names[0] == "recurrent_scale" else (up, across)
    edges = mean_field.edges(trials).groupby(trials[other.name]).median().dropna()
    inside = edges[(edges >= gain.values[0]) & (edges <= gain.values[-1])]
    if len(inside) < 2:
        return []
    g, rest = gain.place(inside.to_numpy()), other.place(inside.index.to_numpy(np.float64))
    return [np.stack([g, rest] if gain is across else [rest, g], axis=1)]


def _legend(panels: Any, planes: Sequence[analysis.Plane], column: str) -> list[Artist]:
    drawn = {line.get_gid() for axes in panels for line in axes.get_lines()}
    is_rate = column in _EDGES
    words = "edge of chaos" if is_rate else "mean = 0"
    entries: list[Artist] = []
    if "edge" in drawn:
        entries.append(Line2D([], [], label=f"{words}, measured" if is_rate else words, **_MEAN))
    if "theory" in drawn:
        entries.append(Line2D([], [], label=f"{words}, mean field", **_THEORY))
    shares = np.concatenate([plane.diverged.ravel() for plane in planes])
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": style.shade(0.3), "linewidth": 0.0}
    if ((shares > 0) & (shares < cells.HALF)).any():
        entries.append(Patch(hatch=cells.FEW, label="some trials diverged", **look))
    if (shares >= cells.HALF).any():
        entries.append(Patch(hatch=cells.MANY, label="half or more diverged", **look))
    if any((np.isnan(plane.mean) & (plane.trials > 0)).any() for plane in planes):
        entries.append(Patch(facecolor=cells.NOTHING, label=f"no {style.label(column).split(' (')[0]}"))
    if any((plane.trials == 0).any() for plane in planes):
        entries.append(Line2D([], [], color=style.shade(0.4), marker="x", linestyle="none", label="no trial"))
    return entries
