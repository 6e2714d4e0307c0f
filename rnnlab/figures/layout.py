"""Panels, legends and titles: what stands where on a figure of any width."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnlab import analysis
from rnnlab.figures import style

_LEAST = 1.15  # inches of a panel, at scale 1
_BESIDE = 0.9  # inches of a figure's height that are no panels
_HANDLE, _LETTER = 0.45, 0.058  # inches that an entry of a legend takes, without its letters and for each
_ROW, _SHORT = 0.16, 2  # inches of a row of a legend; rows that a figure has room for
_LETTERS = 95 / 7.1  # of a title, in an inch
_MARGIN = 0.2  # inches between two labels of axes
_SCREEN = 100.0  # pixels that a notebook gives an inch


class Picture(Figure):
    """A matplotlib Figure that notebooks show by itself, once: pyplot does not know of it."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        held = io.BytesIO()
        self.savefig(held, format="png", dpi=2 * _SCREEN, facecolor="auto")
        width, height = self.get_size_inches() * _SCREEN
        return held.getvalue(), {"width": round(width), "height": round(height)}


@dataclass(frozen=True, eq=False)
class Panels:
    """Axes of a figure, (rows, columns); what has no room side by side goes on below, all rows of it."""

    figure: Picture
    axes: Any  # (rows, columns) of Axes
    across: int  # columns that stand side by side

    def label_y(self, row: int, text: str) -> None:
        """Label the y axis of a row, wherever it begins; what is longer than its panel gets two lines."""
        rows = len(self.axes) * -(-self.axes.shape[1] // self.across)
        text = _halved(text, (self.figure.get_figheight() - _BESIDE) / rows)
        for axes in self.axes[row, :: self.across]:
            axes.set_ylabel(text)

    def label_x(self, text: str) -> None:
        """Label the x axis at the foot of the figure: each column, or once where panels have no room for it."""
        if self.across > 1 and len(text) * _letter() > self.figure.get_figwidth() / self.across - _MARGIN:
            middle = self.feet[self.across // 2]
            middle.set_xlabel(text, x=0.5 if self.across % 2 else 0.0, horizontalalignment="center")
            return
        for axes in self.feet:
            axes.set_xlabel(text)

    @property
    def feet(self) -> list[Axes]:
        """The lowest axes of each column of the figure."""
        return list(self.axes[-1, -self.across :])

    @property
    def heads(self) -> list[Axes]:
        """The first axes of each column, which has its title."""
        return list(self.axes[0])


def _letter() -> float:
    return _LETTER * style.points(8) / 7.5


def _halved(text: str, room: float) -> str:
    """Break a text in the middle, between words, where it is longer than this many inches."""
    if len(text) * _letter() <= room or " " not in text:
        return text
    breaks = [i for i, letter in enumerate(text) if letter == " "]
    middle = min(breaks, key=lambda i: abs(i - len(text) / 2))
    return f"{text[:middle]}\n{text[middle + 1 :]}"


def panels(
    rows: int, columns: int, *, height: float, share_x: bool = False, share_y: bool = False, least: float = _LEAST
) -> Panels:
    """Return rows x columns axes on a figure of the theme's width, drawn without a display.

    height: inches at scale 1 where all columns have room side by side, each at least `least` wide. share_x: all
    axes have one x axis; share_y: those of a row have one y axis. Tick labels then stand at the edges alone.
    """
    theme = style.theme()
    room = max(1, int(theme.width / (least * theme.scale)))
    blocks = -(-columns // min(columns, room))
    across = -(-columns // blocks)
    size = (theme.width, theme.scale * (height + (blocks - 1) * (height - _BESIDE)))
    figure = Picture(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(blocks * rows, across)
    axes = np.empty((rows, columns), dtype=object)
    for i in range(rows):
        for j in range(columns):
            shared = {"sharex": axes[0, 0] if share_x and (i or j) else None}
            shared["sharey"] = axes[i, 0] if share_y and j else None
            axes[i, j] = figure.add_subplot(grid[j // across * rows + i, j % across], **shared)
    made = Panels(figure, axes, across)
    _keep_edges(made, share_x, share_y)
    return made


def _keep_edges(made: Panels, share_x: bool, share_y: bool) -> None:
    feet = made.feet
    sizes = {"labelsize": style.points(8)}
    for (_, j), axes in np.ndenumerate(made.axes):
        axes.tick_params(axis="x", which="both", labelbottom=not share_x or axes in feet, **sizes)
        axes.tick_params(axis="y", which="both", labelleft=not share_y or j % made.across == 0, **sizes)


def legend_below(figure: Figure, *rows: Sequence[Artist], title: str = "") -> None:
    """Put a legend under all panels, a row of handles below the other, in as few rows as the width has room for."""
    fitted = _fitted([list(row) for row in rows if row])
    if not fitted:
        return
    columns = max(map(len, fitted))
    _make_room(figure, len(fitted))
    filled = [[*row, *([Line2D([], [], linestyle="none", label=" ")] * (columns - len(row)))] for row in fitted]
    handles = [row[i] for i in range(columns) for row in filled]  # matplotlib fills columns first
    size = style.points(7.5)
    spaced: dict[str, Any] = {"handlelength": 2.2, "columnspacing": 1.4, "title_fontsize": size, "fontsize": size}
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, title=title or None, **spaced)


def _make_room(figure: Figure, rows: int) -> None:
    """Make the figure higher by the rows of a long legend, which would be taken from its panels."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + _ROW * style.theme().scale * max(0, rows - _SHORT))


def _fitted(rows: list[list[Artist]]) -> list[list[Artist]]:
    """Join rows where there is room for it, and divide those that are too wide."""
    width = style.theme().width
    for i in range(len(rows) - 1, 0, -1):
        joined = [*rows[: i - 1], rows[i - 1] + rows[i], *rows[i + 1 :]]
        if _legend_width(joined) <= width:
            return _fitted(joined)
    if rows and _legend_width(rows) > width and (longest := max(rows, key=len))[1:]:
        at, half = rows.index(longest), -(-len(longest) // 2)
        return _fitted([*rows[:at], longest[:half], longest[half:], *rows[at + 1 :]])
    return rows


def _legend_width(rows: list[list[Artist]]) -> float:
    """Return about how many inches a legend takes: columns are as wide as their longest label."""
    labels = [[len(str(handle.get_label())) for handle in row] for row in rows]
    widest = [max(row[i] for row in labels if i < len(row)) for i in range(max(map(len, labels)))]
    return sum(_HANDLE + _LETTER * letters for letters in widest) * style.points(7.5) / 7.5


def hue_legend(
    figure: Figure, name: str | None, values: Sequence[Any], *more: Artist, markers: bool = False, lines: bool = False
) -> None:
    """Put a legend under all panels that tells the values of an axis by colour, then what else there is to explain.

    markers, lines: whether they have markers or kinds of line of their own as well.
    """
    handles: list[Artist] = []
    for i, (value, colour) in enumerate(style.colours(values).items() if name else ()):
        look: dict[str, Any] = {"marker": style.marker(value, values)} if markers else {}
        look |= {"linestyle": style.LINES[i % len(style.LINES)]} if lines else {}
        handles.append(Line2D([], [], color=colour, label=style.number(value), **look))
    if handles or more:
        legend_below(figure, handles, more, title=style.label(name) if name else "")


def bar_place() -> dict[str, Any]:
    """Return where a colour bar stands: beside the panels, below them where the figure is narrow."""
    narrow = style.theme().narrow
    return {"location": "bottom" if narrow else "right", "shrink": 0.9, "aspect": 30 if narrow else 20}


def headed(figure: Figure, title: str, about: str) -> None:
    """Give the figure its title, and under it what its trials have in common, no part of it broken."""
    letters = int(_LETTERS * style.theme().width / style.theme().scale)
    lines = [*textwrap.wrap(title, letters), *analysis.in_lines(about, letters)]
    figure.suptitle("\n".join(lines))
