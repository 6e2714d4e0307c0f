"""How every figure looks: sizes, colours that colour-blind readers tell apart, labels, and files that repeat."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab import analysis, measures, theory
from rnnlab.columns import Column
from rnnlab.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

FORMATS = (".png", ".svg", ".pdf")
WIDTH = 7.1  # inches: the text width of a page
_HUES = (  # six of Okabe and Ito, then five of Tol: one for each activation
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933", "#332288", "#999999",
    "#44AA99",
)  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h")
LINES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)))
MAX_HUES = 8
MAX_CONDITIONS = len(_HUES)  # that are told in words
_HANDLE, _LETTER = 0.45, 0.058  # inches that an entry of a legend takes, without its letters and for each
_ROW, _SHORT = 0.16, 2  # inches of a row of a legend; rows that a figure has room for
_LINE = 95  # letters of a title
_MAX_TICKS = 6  # on a narrow panel
_LOOK: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "lines.linewidth": 1.4,
    "lines.markersize": 3,
    "svg.hashsalt": "rnnlab",
    "savefig.dpi": 200,
}


@contextmanager
def look() -> Iterator[None]:
    """Give figures made or saved inside the look of rnnlab."""
    with mpl.rc_context(_LOOK):
        yield


def new_figure(rows: int, columns: int, *, height: float, **shared: Any) -> tuple[Figure, Any]:
    """Return a figure as wide as a page with rows x columns axes, drawn without a display."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def save(figure: Figure, path: Path) -> None:
    """Write the figure; the same figure gives the same bytes, so nothing carries a date."""
    if path.suffix not in FORMATS:
        raise UsageError(f"{path}: a figure ends in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    undated = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[path.suffix]
    path.parent.mkdir(parents=True, exist_ok=True)
    with look():
        figure.savefig(path, metadata=undated)


@cache
def _columns() -> dict[str, Column]:
    described = {name: parameter.column for name, parameter in analysis.PARAMETERS.items()}
    for measure in measures.registry().values():
        for table in measure.TABLES.values():
            described.update((column.name, column) for column in table if column.name not in described)
    return described


def label(name: str) -> str:
    """Return the label of an axis that shows this column, from the column's description."""
    column = _columns().get(name)
    return column.axis_label if column else name.replace("_", " ")


def colours(values: Sequence[Any]) -> dict[Any, Any]:
    """Return a colour for each value: for an activation the same in every figure, for numbers a ramp."""
    if all(isinstance(value, str) for value in values):
        return {value: _HUES[_place(value, values)] for value in values}
    ramp = mpl.colormaps["viridis"](np.linspace(0, 0.88, len(values)))
    return dict(zip(values, map(tuple, ramp), strict=True))


def marker(activation: str) -> str:
    """Return the marker of an activation, so that colour is not all that tells them apart."""
    return _MARKERS[_place(activation, ())]


def _place(value: str, others: Sequence[str]) -> int:
    known = analysis.in_order([*theory.STEEPEST_SLOPE, *others, value])
    return known.index(value) % len(_HUES)


def scale_x(axes: Axes, name: str, values: Iterable[float]) -> None:
    """Label the x axis, and make it logarithmic where the values call for it."""
    values = np.unique(np.fromiter(values, dtype=np.float64))
    axes.set_xlabel(label(name))
    if values[0] > 0 and values[-1] >= 8 * values[0]:
        axes.set_xscale("log", base=2 if values[-1] <= 64 * values[0] else 10)
        axes.xaxis.set_major_formatter("{x:g}")
    if len(values) <= _MAX_TICKS:
        axes.set_xticks(values)


def legend_below(figure: Figure, *rows: Sequence[Artist], title: str = "") -> None:
    """Put a legend under all panels, a row of handles below the other, in as few rows as the width has room for."""
    fitted = _fitted([list(row) for row in rows if row])
    columns = max(map(len, fitted))
    _make_room(figure, len(fitted))
    filled = [[*row, *([Line2D([], [], linestyle="none", label=" ")] * (columns - len(row)))] for row in fitted]
    handles = [row[i] for i in range(columns) for row in filled]  # matplotlib fills columns first
    spaced: dict[str, Any] = {"handlelength": 2.2, "columnspacing": 1.4, "title_fontsize": _LOOK["legend.fontsize"]}
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, title=title or None, **spaced)


def _make_room(figure: Figure, rows: int) -> None:
    """Make the figure higher by the rows of a long legend, which would be taken from its panels."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + _ROW * max(0, rows - _SHORT))


def _fitted(rows: list[list[Artist]]) -> list[list[Artist]]:
    """Join rows where there is room for it, and divide those that are too wide."""
    for i in range(len(rows) - 1, 0, -1):
        joined = [*rows[: i - 1], rows[i - 1] + rows[i], *rows[i + 1 :]]
        if _legend_width(joined) <= WIDTH:
            return _fitted(joined)
    if _legend_width(rows) > WIDTH and (longest := max(rows, key=len))[1:]:
        at, half = rows.index(longest), -(-len(longest) // 2)
        return _fitted([*rows[:at], longest[:half], longest[half:], *rows[at + 1 :]])
    return rows


def _legend_width(rows: list[list[Artist]]) -> float:
    """Return about how many inches a legend takes: columns are as wide as their longest label."""
    labels = [[len(str(handle.get_label())) for handle in row] for row in rows]
    widest = [max(row[i] for row in labels if i < len(row)) for i in range(max(map(len, labels)))]
    return sum(_HANDLE + _LETTER * letters for letters in widest)


def hue_legend(figure: Figure, name: str | None, values: Sequence[Any]) -> None:
    """Put a legend under all panels that tells the values of an axis by colour."""
    if name:
        handles = [Line2D([], [], color=c, label=number(value)) for value, c in colours(values).items()]
        legend_below(figure, handles, title=label(name))


def number(value: Any) -> str:
    """Return a value as it stands in titles and legends."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def named(values: dict[str, Any]) -> str:
    """Return "width 64, length 200"."""
    return ", ".join(f"{name.replace('_', ' ')} {number(value)}" for name, value in values.items())


def context(trials: pd.DataFrame, fixed: Mapping[str, Any]) -> str:
    """Return "width 64, length 200, 32 seeds": what the trials of a figure have in common, with where axes stand."""
    shape = {name: trials[name].iloc[0] for name in ("width", "length") if trials[name].nunique() == 1}
    seeds = trials["seed"].nunique()
    drawn = [f"{seeds} seeds" if seeds > 1 else f"seed {trials['seed'].iloc[0]}"] if seeds else []
    return ", ".join([named({**shape, **analysis.worth_telling(fixed)}), *drawn]).removeprefix(", ")


def note(axes: Axes, text: str, *, x: float | None = None) -> None:
    """Write in a panel what it does not show: in its middle, or on its top at `x` of its axis."""
    middle = {"transform": axes.transAxes, "va": "center"}
    top = {"transform": axes.get_xaxis_transform(), "va": "bottom"}
    how: dict[str, Any] = middle if x is None else top
    axes.text(0.5 if x is None else x, 0.5 if x is None else 1.0, text, ha="center", color="0.4", fontsize=7, **how)


def headed(figure: Figure, title: str, about: str) -> None:
    """Give the figure its title, and under it what its trials have in common, no part of it broken."""
    lines = [*textwrap.wrap(title, _LINE), *analysis.in_lines(about, _LINE)]
    figure.suptitle("\n".join(lines))
