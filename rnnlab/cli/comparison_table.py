"""How two runs compare, in the terminal: what was asked for, with what it was computed, and the numbers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from rnnlab.cli import output
from rnnlab.comparison import seeds_needed

if TYPE_CHECKING:
    from rnnlab.api import Reproduction
    from rnnlab.comparison import Change, Changes, Deviation, Difference, TableDifference, TableVerdict

_WIDTH = 32  # letters of a value
_PIPED = 160  # of a line
_STYLES = {"differs": "bold red", "too few seeds to tell": "yellow"}
Part = tuple[Any, str]


def print_difference(found: Difference) -> None:
    """Print everything that distinguishes two experiments."""
    shared = found.trials
    trials = f"trials: {shared.both:,} in both, {shared.only_a:,} only in A, {shared.only_b:,} only in B"
    parts: list[Part] = [(f"A  {found.a}\nB  {found.b}", "bold"), ("", ""), *_changes(found.changes), (trials, "")]
    for side, tables in (("A", found.tables_only_a), ("B", found.tables_only_b)):
        parts += [(f"tables only in {side}: {', '.join(tables)}", "")] if tables else []
    output.print_rich(*parts, ("", ""), *_numbers(found), width=_width())


def print_reproduction(found: Reproduction) -> None:
    """Print the verdict on every table, and what it rests on."""
    part = "" if found.trials == found.of else f" of {found.of:,}, a sample"
    machine = "the same versions and kind of machine" if found.same_environment else "other versions or another machine"
    parts: list[Part] = [
        (f"{found.name}: {output.plural(found.trials, 'trial')}{part}, run again with {machine}", "bold")
    ]
    parts += [("", ""), *_changes(found.changes), (_verdicts(found.tables), ""), ("", "")]
    if deviating := [(t.table, c) for t in found.tables for c in t.columns if c.deviation.different]:
        parts += [(_judged(deviating), ""), ("", "")]
    parts += [(line, "dim") for line in _legend(found)]
    verdict = (f"verdict: {found.verdict}", _STYLES.get(found.verdict, "bold green"))
    output.print_rich(*parts, verdict, width=_width())


def _changes(changes: Changes) -> Iterator[Part]:
    headings = ("parameters", changes.parameters), ("measures", changes.measures), ("versions", changes.versions)
    for heading, entries in (*headings, ("machine", changes.machine)):
        if entries:
            yield _entries(heading, entries), ""
            yield "", ""


def _entries(heading: str, entries: tuple[Change, ...]) -> Table:
    table = _plain(heading, "A", "B")
    for each in entries:
        table.add_row(each.name, _shown(each.a), _shown(each.b))
    return table


def _numbers(found: Difference) -> Iterator[Part]:
    if not found.differs:
        values = sum(table.rows * len(table.columns) for table in found.tables)
        yield f"numbers: all {values:,} values of the trials in both are the same, bit for bit", "bold green"
        return
    table = _plain("table", "column", "differ", "of", "largest abs.", "rel.", "where, A and B there")
    for each in found.tables:
        for row in _rows(each):
            table.add_row(*row)
    yield table, ""
    if same := [each.table for each in found.tables if not each.differs]:
        yield "", ""
        yield f"the same, bit for bit: {', '.join(same)}", "dim"


def _rows(found: TableDifference) -> Iterator[tuple[str, ...]]:
    if found.only_a or found.only_b:
        yield (
            found.table,
            "rows",
            "",
            f"{found.rows:,}",
            "",
            "",
            f"{found.only_a:,} only in A, {found.only_b:,} only in B",
        )
    for column in found.columns:
        if column.different:
            yield found.table, *_deviation(column)


def _deviation(found: Deviation) -> tuple[str, ...]:
    odd = [f"{count:,} {what}" for count, what in ((found.nulls, "null"), (found.nans, "nan")) if count]
    differ = f"{found.different:,}{_in_brackets(odd)}"
    place = f"{_place(found.where)}: {_value(found.a)} | {_value(found.b)}"
    largest = (_number(found.largest_absolute), _number(found.largest_relative))
    return found.column, differ, f"{found.rows:,}", *largest, place


def _verdicts(tables: tuple[TableVerdict, ...]) -> Table:
    table = _plain("table", "rows", "identical columns", "verdict")
    for each in tables:
        same = sum(column.verdict == "identical" for column in each.columns)
        lost = [f"{count:,} {what}" for count, what in ((each.missing, "missing"), (each.new, "too many")) if count]
        verdict = Text(f"{each.verdict}{_in_brackets(lost)}", _STYLES.get(each.verdict, ""))
        table.add_row(each.table, f"{each.rows:,}", f"{same} of {len(each.columns)}", verdict)
    return table


def _judged(columns: list[tuple[str, Any]]) -> Table:
    table = _plain("table", "column", "differ", "largest abs.", "rel.", "seeds", "p", "corrected", "verdict")
    for name, each in columns:
        column, differ, _, absolute, relative, _ = _deviation(each.deviation)
        tested = ("" if each.seeds is None else str(each.seeds), _number(each.p), _number(each.p_corrected))
        table.add_row(
            name, column, differ, absolute, relative, *tested, Text(each.verdict, _STYLES.get(each.verdict, ""))
        )
    return table


def _legend(found: Reproduction) -> Iterator[str]:
    if found.test:
        yield f"test: {found.test}; level {found.level}"
    if found.verdict == "too few seeds to tell":
        needed = seeds_needed(found.level)
        yield f"n seeds give no p below 2^-(n-1): {needed} reach the level {found.level}, fewer cannot"
    if found.trials < found.of:
        yield "a sample was run: the other trials were not looked at"
    if found.failed:
        yield f"{output.plural(found.failed, 'trial')} failed in the second run"
    if found.folder:
        yield f"the second run is in {found.folder}"


def _width() -> int | None:
    """Return the width of lines in a pipe, None on a terminal, which has its own."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPED


def _plain(*headers: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def _in_brackets(words: list[str]) -> str:
    return f" ({', '.join(words)})" if words else ""


def _place(where: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {str(value)[:12]}" for name, value in where.items())


def _value(value: Any) -> str:
    return "null" if value is None else repr(value) if isinstance(value, float) else str(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _shown(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
