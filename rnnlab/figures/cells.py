"""Cells of a plane: where they lie on axes of any spacing, their colours, hatching, and lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, NullLocator

from rnnlab.analysis import Plane, spaced
from rnnlab.figures import style

HALF = 0.5  # share of diverged trials from which on hatching is dense
FEW, MANY = "////", "xxxxxx"
NOTHING = "#9a9a9a"  # trials without a number: a grey that the map has not got
_TICKS = 6


@dataclass(frozen=True, eq=False)
class Scale:
    """An axis of a plane: cells as wide as values are apart, evenly spaced ones where 0 stands beside decades."""

    name: str
    values: Any
    kind: str  # log, linear or even

    @classmethod
    def of(cls, name: str, values: Any) -> Scale:
        """Return the scale that suits these distinct, ascending values."""
        if style.is_log(values):
            return cls(name, values, "log")
        positive = values[values > 0]
        decades = len(positive) > 1 and len(positive) < len(values) and style.is_log(positive)
        return cls(name, values, "even" if decades else "linear")

    def inner(self, values: Any) -> Any:
        """Return values where distances are those on paper."""
        if self.kind == "even":
            return np.interp(values, self.values, np.arange(len(self.values)))
        return np.log(values) if self.kind == "log" else np.asarray(values, np.float64)

    def outer(self, inner: Any) -> Any:
        """Return what to draw at: the inverse of `inner`, but for evenly spaced cells, which have places alone."""
        return np.exp(inner) if self.kind == "log" else inner

    def place(self, values: Any) -> Any:
        """Return what to draw these values at."""
        return self.outer(self.inner(values))

    @property
    def edges(self) -> Any:
        """The borders of cells, half way between values."""
        at = self.inner(self.values)
        half = np.diff(at) / 2 if len(at) > 1 else np.array([0.5])
        return self.outer(np.concatenate([[at[0] - half[0]], at[:-1] + half[: len(at) - 1], [at[-1] + half[-1]]]))

    def apply(self, axis: Axis) -> None:
        """Set scale, limits and ticks."""
        (axis.axes.set_xlim if isinstance(axis, XAxis) else axis.axes.set_ylim)(self.edges[0], self.edges[-1])
        if self.kind == "log":
            style.logarithmic(axis, self.values)
        if len(self.values) <= _TICKS or self.kind == "even":
            shown = spaced(list(self.values), _TICKS)
            axis.set_major_locator(FixedLocator(list(self.place(np.array(shown)))))
            axis.set_minor_locator(NullLocator())
            axis.set_ticklabels([f"{value:.3g}" for value in shown])


def colour(axes: Axes, plane: Plane, across: Scale, up: Scale, colours: ScalarMappable) -> None:
    """Fill the cells with the colours of their means, hatch those where trials diverged, cross those without trials."""
    look: dict[str, Any] = {"cmap": colours.get_cmap(), "norm": colours.norm, "shading": "flat", "zorder": 1}
    mesh = axes.pcolormesh(across.edges, up.edges, np.ma.masked_invalid(plane.mean), **look)
    mesh.set_edgecolor("face")  # without it viewers show the page between cells
    mesh.set_linewidth(0.3)
    nothing = np.isnan(plane.mean) & (plane.trials > 0)
    _boxes(axes, nothing, across, up, facecolor=NOTHING, linewidth=0.0, zorder=1.1)
    grey: dict[str, Any] = {"facecolor": "none", "edgecolor": "0.25", "linewidth": 0.0, "zorder": 1.2}
    _boxes(axes, (plane.diverged > 0) & (plane.diverged < HALF), across, up, hatch=FEW, **grey)
    _boxes(axes, plane.diverged >= HALF, across, up, hatch=MANY, **grey)
    rows, columns = np.nonzero(plane.trials == 0)
    if len(rows):
        at = across.place(across.values)[columns], up.place(up.values)[rows]
        axes.plot(*at, "x", color=style.shade(0.4), gid="missing", linestyle="none")


def _boxes(axes: Axes, where: Any, across: Scale, up: Scale, **look: Any) -> None:
    x, y = across.edges, up.edges
    boxes = [Rectangle((x[j], y[i]), x[j + 1] - x[j], y[i + 1] - y[i]) for i, j in zip(*np.nonzero(where), strict=True)]
    if boxes:
        axes.add_collection(PatchCollection(boxes, **look), autolim=False)


def zero_lines(mean: Any, across: Scale, up: Scale) -> list[Any]:
    """Return the lines (n, 2) on which the mean is 0, linear between points on the axes as drawn; none beside gaps."""
    if min(mean.shape) < 2:
        return []
    at = across.inner(across.values), up.inner(up.values)
    lines: Any = contour_generator(*at, np.ma.masked_invalid(mean), corner_mask=False).lines(0.0)
    return [np.stack([across.outer(line[:, 0]), up.outer(line[:, 1])], axis=1) for line in lines]
