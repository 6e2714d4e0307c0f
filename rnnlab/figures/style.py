"""How every figure looks: sizes, light and dark, colours that colour-blind readers tell apart, labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zlib import crc32

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.colors import to_hex, to_rgb
from matplotlib.ticker import LogLocator, NullFormatter

from rnnlab import analysis, measures, theory
from rnnlab.columns import Column
from rnnlab.errors import UsageError, did_you_mean
from rnnlab.figures.catalogue import SIZES
from rnnlab.plugins import is_full

if TYPE_CHECKING:
    import pandas as pd

_HUES = (  # six of Okabe and Ito, then five of Tol: one for each activation
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933", "#332288", "#999999",
    "#44AA99",
)  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h")
_OF_PACKAGES = ("#AA4499", "#117733", "#DDAA33", "#6699CC")  # Tol: activations that are not rnnlab's own, as they come
_THEIR_MARKERS = ("p", "8", "d", "H")
LINES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)))
MAX_HUES = 8
MAX_CONDITIONS = len(_HUES)  # that are told in words
SMALLEST = 7.0  # points, in print: nothing is written smaller
_OCTAVES, _DECADES = 64, 3000  # spans of axes that have ticks at powers of 2, and more than one in a decade
_MAX_TICKS = 6  # on a narrow panel
_DARK_PAPER, _DARK_INK = "#14181f", "#e6e6e6"
_LIGHTER = 0.3  # of the way to white that hues go on dark pages
_RAMPS = {False: (0.0, 0.88), True: (0.3, 1.0)}  # of viridis: what stands out from the page


@dataclass(frozen=True, slots=True)
class Theme:
    """How wide a figure is, how large what stands in it, and the page that it is for."""

    width: float = 7.1  # inches: the text width of a page
    scale: float = 1.0
    dark: bool = False

    @property
    def narrow(self) -> bool:
        """Whether panels are small: about half as wide as on a page."""
        return self.width <= _NARROW

    @property
    def size(self) -> str:
        """What `look` takes for it: the name of the size, or its width in millimetres."""
        named = (name for name, size in _SIZES.items() if size == (self.width, self.scale))
        return next(named, f"{self.width * 25.4:g}")


_SIZES = {"column": (3.35, 0.9), "page": (7.1, 1.0), "slide": (10.0, 1.4)}  # inches, scale
_MILLIMETRES = (60, 600)
_NARROW = 4.0  # inches: from here down all is set as in a column
_theme: ContextVar[Theme] = ContextVar("theme", default=Theme())  # noqa: B039  # frozen
_measures: ContextVar[tuple[str, ...]] = ContextVar("measures", default=())


def theme_of(size: str | float = "page", *, dark: bool = False) -> Theme:
    """Return the theme of a size: column, page, slide, or a width in millimetres. Raises UsageError for another."""
    if size in _SIZES:
        width, scale = _SIZES[str(size)]
        return Theme(width, scale, dark)
    low, high = _MILLIMETRES
    try:
        width = float(size)
    except ValueError:
        width = float("nan")
    if not low <= width <= high:
        known = did_you_mean(str(size), SIZES) if np.isnan(width) else ""
        raise UsageError(f"size {size!s:.40}: give {', '.join(SIZES)}, or a width of {low} to {high} mm.{known}")
    inches = width / 25.4
    return Theme(inches, 0.9 if inches <= _NARROW else max(1.0, inches / _SIZES["page"][0]), dark)


@contextmanager
def look(size: str | float | None = None, *, dark: bool | None = None) -> Iterator[Theme]:
    """Give figures made inside this size and page; what is not given stays as outside, at first a light page.

    size: column (85 mm), page (180 mm), slide (254 mm), or a width in millimetres. Raises UsageError for another.
    """
    before = _theme.get()
    theme = before
    if size is not None or dark is not None:
        theme = theme_of(size, dark=before.dark) if size is not None else before
        theme = Theme(theme.width, theme.scale, before.dark if dark is None else dark)
    token = _theme.set(theme)
    try:
        with mpl.rc_context(_parameters(theme)):
            yield theme
    finally:
        _theme.reset(token)


def theme() -> Theme:
    """Return the theme that figures have now."""
    return _theme.get()


def points(size: float) -> float:
    """Return a size of letters, given as on a page, in points of this theme: never below 7."""
    return max(SMALLEST, size * theme().scale)


def _parameters(theme: Theme) -> dict[Any, Any]:
    s = theme.scale
    ink, paper = (_DARK_INK, _DARK_PAPER) if theme.dark else ("black", "white")
    inks = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
    return {
        "font.family": "DejaVu Sans",
        "font.size": 8 * s,
        "axes.titlesize": 8 * s,
        "axes.titlelocation": "left",
        "axes.labelsize": 8 * s,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.7 * s,
        "figure.titlesize": 9.6 * s,
        "figure.facecolor": paper,
        "axes.facecolor": paper,
        "savefig.facecolor": "auto",
        "savefig.edgecolor": "auto",
        "savefig.bbox": None,
        "figure.autolayout": False,
        "figure.constrained_layout.use": False,  # figures have their own
        "legend.frameon": False,
        "legend.fontsize": max(SMALLEST, 7.5 * s),
        "lines.linewidth": 1.4 * s,
        "lines.markersize": 3 * s,
        "hatch.linewidth": 0.6 * s,
        "svg.hashsalt": "rnnlab",
        "savefig.dpi": 200,
        **dict.fromkeys(inks, ink),
    }


def shade(level: float) -> str:
    """Return a neutral colour: 0 the ink, 1 the paper, greys between."""
    if not theme().dark:
        return {0.0: "black", 1.0: "white"}.get(level, f"{level:g}")
    return _mixed(_DARK_INK, _DARK_PAPER, level)


def _mixed(one: str, other: str, share: float) -> str:
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(to_rgb(one), to_rgb(other), strict=True))
    return str(to_hex((red, green, blue)))


@contextmanager
def columns_of(names: Iterable[str]) -> Iterator[None]:
    """Let the columns of figures made inside be those of these measures first, which may be those of packages."""
    token = _measures.set(tuple(names))
    try:
        yield
    finally:
        _measures.reset(token)


def _column(name: str) -> Column | None:
    """Return the description of a column: of the measures that a figure is of, else of any that rnnlab has."""
    if name in analysis.PARAMETERS:
        return analysis.PARAMETERS[name].column
    registry = measures.registry()
    described = (_described(registry[measure]).get(name) for measure in (*_measures.get(), *registry))
    return next(filter(None, described), None)


@cache
def _described(measure: ModuleType) -> dict[str, Column]:
    return {column.name: column for table in reversed(measure.TABLES.values()) for column in table}


def label(name: str) -> str:
    """Return the label of an axis that shows this column, from the column's description."""
    column = _column(name)
    return column.axis_label if column else name.replace("_", " ")


def unit(name: str) -> str:
    """Return the unit of a column, from its description."""
    column = _column(name)
    return column.unit if column else ""


def colours(values: Sequence[Any]) -> dict[Any, Any]:
    """Return a colour for each value: for an activation the same in every figure, for numbers a ramp."""
    if all(isinstance(value, str) for value in values):
        theirs = dict(zip(sorted(filter(is_full, values)), cycle(_OF_PACKAGES), strict=False))
        return {value: _shade(theirs[value]) if value in theirs else _hue(_place(value, values)) for value in values}
    low, high = _RAMPS[theme().dark]
    ramp = mpl.colormaps["viridis"](np.linspace(low, high, len(values)))
    return dict(zip(values, map(tuple, ramp), strict=True))


def _hue(place: int) -> str:
    return _shade(_HUES[place % len(_HUES)])


def _shade(colour: str) -> str:
    if not theme().dark:
        return colour
    return _mixed(colour, "white", _LIGHTER)


def marker(value: Any, others: Sequence[Any] = ()) -> str:
    """Return the marker of an activation, or of a value among others, so that colour is not all that tells."""
    if isinstance(value, str) and is_full(value):
        return _THEIR_MARKERS[crc32(value.encode()) % len(_THEIR_MARKERS)]
    if isinstance(value, str):
        return _MARKERS[_place(value, others) % len(_MARKERS)]
    return _MARKERS[list(others).index(value) % len(_MARKERS)] if value in others else _MARKERS[0]


def _place(value: str, others: Sequence[str]) -> int:
    known: list[str] = analysis.in_order([*theory.STEEPEST_SLOPE, *others, value])
    return known.index(value) % len(_HUES)


def is_log(values: Any) -> bool:
    """Tell whether an axis with these distinct, ascending values is logarithmic: they span a factor of 8."""
    return bool(values[0] > 0 and values[-1] >= 8 * values[0])


def scale_x(axes: Axes, name: str, values: Iterable[float]) -> None:
    """Label the x axis, and make it logarithmic where the values call for it."""
    axes.set_xlabel(label(name))
    _scale(axes, "x", np.unique(np.fromiter(values, dtype=np.float64)))


def scale_y(axes: Axes, name: str, values: Iterable[float]) -> None:
    """Label the y axis, and make it logarithmic where the values call for it."""
    axes.set_ylabel(label(name))
    _scale(axes, "y", np.unique(np.fromiter(values, dtype=np.float64)))


def _scale(axes: Axes, which: str, values: Any) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    limits = axes.dataLim  # the axis shows all its values, also those where there is nothing to draw
    (limits.update_from_data_x if which == "x" else limits.update_from_data_y)(values, ignore=False)
    if is_log(values):
        logarithmic(axis, values)
    if len(values) <= _MAX_TICKS:
        axis.set_ticks(values)


def logarithmic(axis: Axis, values: Any) -> None:
    """Make an axis logarithmic, with ticks at powers of 2, at 1 and 3 in every decade, or at decades, by its span."""
    span = values[-1] / values[0]
    base = 2 if span <= _OCTAVES else 10
    (axis.axes.set_xscale if isinstance(axis, XAxis) else axis.axes.set_yscale)("log", base=base)
    if _OCTAVES < span <= _DECADES:
        axis.set_major_locator(LogLocator(10, subs=(1.0,) if theme().narrow else (1.0, 3.0), numticks=12))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


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
    look: dict[str, Any] = {"ha": "center", "color": shade(0.4), "fontsize": points(7), "gid": "note"}
    if x is None:
        axes.text(0.5, 0.5, text, transform=axes.transAxes, va="center", **look)
    elif theme().narrow:  # on top there is room for the title alone
        axes.text(0.98, 0.86, text, transform=axes.transAxes, va="top", **{**look, "ha": "right"})
    else:
        axes.text(x, 1.0, text, transform=axes.get_xaxis_transform(), va="bottom", **look)
