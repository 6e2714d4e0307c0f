"""Tables with a row per grid point, laid out so that they fit: nothing is cut off and no number is broken."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from rnnlab import analysis
from rnnlab.cli import output

_LEAST = 24  # letters of the column of conditions
_MANY = 3  # axes from which on they are told in words


def fitted(
    points: Sequence[str], rows: pd.DataFrame, headers: Sequence[str], cells: list[list[str]], width: int
) -> Table:
    """Return a column for each axis, then these; where that is too wide, the axes in words in one column."""
    own = [[number(row[name]) for name in points] for row in output.records(rows)]
    names = [name.replace("_", " ") for name in points]
    spread = [*names, *headers], [[*a, *b] for a, b in zip(_once(own), cells, strict=True)]
    for titles, gap in ((spread[0], 2), (_stacked(*spread), 2), (_stacked(*spread), 1)):
        if _width(titles, spread[1], gap) <= width:
            return _laid_out(titles, spread[1], gap)
    if len(points) < _MANY:
        return _laid_out(_stacked(*spread), spread[1], 1, whole=False)
    return _in_words(points, rows, headers, cells, width)


def _in_words(
    points: Sequence[str], rows: pd.DataFrame, headers: Sequence[str], cells: list[list[str]], width: int
) -> Table:
    """Return the table with a column of conditions: what is not switched off, activation and the last axis apart."""
    apart = [name for name in ("activation", points[-1]) if name in points and not analysis.can_be_off(name)]
    before, after = [[name] if name in apart else [] for name in ("activation", points[-1])]
    within = [name for name in points if name not in apart]
    records = output.records(rows)
    titles = [*before, "condition", *(name.replace("_", " ") for name in after), *headers]
    told = [analysis.in_words({name: row[name] for name in within}) for row in records]
    lines = [
        [*(number(row[n]) for n in before), words, *(number(row[n]) for n in after), *rest]
        for row, words, rest in zip(records, told, cells, strict=True)
    ]
    at = len(before)
    stacked = _stacked(titles, lines)
    gap = next((gap for gap in (2, 1) if width - _width(stacked, lines, gap, at) >= _LEAST), 1)
    room = max(_LEAST, width - _width(stacked, lines, gap, at))
    for line in lines:
        line[at] = "\n".join(analysis.in_lines(line[at], room))
    named = len(before) + 1 + len(after)
    shown = [[*a, *line[named:]] for a, line in zip(_once([line[:named] for line in lines]), lines, strict=True)]
    return _laid_out(_stacked(titles, shown), shown, gap)


def number(value: Any) -> str:
    """Return a value as tables print it."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _once(rows: list[list[str]]) -> Iterator[list[str]]:
    """Yield what is not the same as in the row above, up to the first that differs."""
    before: list[str] = []
    for row in rows:
        same = True
        shown = []
        for i, name in enumerate(row):
            same = same and i < len(row) - 1 and i < len(before) and before[i] == name
            shown.append("" if same else name)
        yield shown
        before = row


def _stacked(titles: Sequence[str], cells: list[list[str]]) -> list[str]:
    """Return headers in lines no longer than their words and the cells below ask for."""
    return [
        "\n".join(textwrap.wrap(title, max(*map(len, title.split()), _letters(column), 1))) if " " in title else title
        for title, column in _columns(titles, cells)
    ]


def _columns(titles: Sequence[str], cells: list[list[str]]) -> list[tuple[str, list[str]]]:
    return [(title, [row[i] for row in cells]) for i, title in enumerate(titles)]


def _letters(cells: Sequence[str]) -> int:
    return max((len(line) for cell in cells for line in cell.split("\n")), default=0)


def _width(titles: Sequence[str], cells: list[list[str]], gap: int, without: int | None = None) -> int:
    columns = enumerate(_columns(titles, cells))
    widths = [gap + (0 if i == without else _letters([title, *column])) for i, (title, column) in columns]
    return sum(widths)


def _laid_out(titles: Sequence[str], cells: list[list[str]], gap: int, *, whole: bool = True) -> Table:
    table = Table(box=None, padding=(0, gap, 0, 0), header_style="bold", show_edge=False)
    for title in titles:
        table.add_column(title, no_wrap=whole)
    for row in cells:
        table.add_row(*row)
    return table
