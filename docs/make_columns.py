"""Write docs/reference/columns.md from the columns as the code describes them: `make docs`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import MaxLen

from rnnlab import measures, store
from rnnlab.columns import KEY
from rnnlab.trial import Parameter, parameters

PAGE = Path(__file__).with_name("reference") / "columns.md"
HEAD = """\
# Columns

Made from the code by `make docs`; a test checks that it is current. `null` means that there is no such number, for
instance of a diverged trial; `nan` and `inf` are results.
"""
_BOOKKEEPING = {
    "failures": "a row per trial and measure that raised: key, parameters and these",
    "timings": "a row per trial and measure that was computed: key and these",
}


def page() -> str:
    """Return the text of docs/reference/columns.md."""
    parts = [HEAD, _parameters(parameters().values())]
    for name, measure in measures.registry().items():
        for table in measure.TABLES:
            rows = "One row per trial: key, parameters and these." if table == name else "A long table: key and these."
            parts.append(_table(table, f"{rows} Measure `{name}`, version {measure.VERSION}."))
    parts += [_table(table, f"Bookkeeping, {_BOOKKEEPING[table]}.") for table in store.BOOKKEEPING]
    return "\n".join(parts)


def _parameters(given: Iterable[Parameter]) -> str:
    text = f"What may stand in `[grid]`, and the columns of it. Before them stands `{KEY.name}`: {KEY.doc}."
    rows = [[_names(p), p.dtype, _allowed(p.type), _default(p), p.doc] for p in given]
    return _section("Parameters", text, ["parameter", "type", "allowed", "default", "meaning"], rows)


def _names(parameter: Parameter) -> str:
    column = parameter.column.name
    return f"`{parameter.name}`" + ("" if column == parameter.name else f" (column `{column}`)")


def _table(table: str, text: str) -> str:
    described = [KEY.name, *(parameter.column.name for parameter in parameters().values())]
    columns = [column for column in store.columns_of(table) if column.name not in described]
    rows = [[f"`{c.name}`", c.dtype, c.unit, c.doc] for c in columns]
    return _section(f"Table `{table}`", text, ["column", "type", "unit", "meaning"], rows)


def _section(title: str, text: str, head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([f"## {title}", "", text, "", *table, ""])


def _allowed(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    (constraint,) = kind.__metadata__
    if isinstance(constraint, MaxLen):
        return f"at most {constraint.max_length} characters"
    low = f"above {constraint.gt}" if constraint.ge is None else f"{constraint.ge}"
    return f"{low} to {constraint.le}" if constraint.lt is None else f"{low} to below {constraint.lt}"


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    if parameter.default is None:
        return "the task's, or the width"
    return f"`{parameter.default}`" if parameter.default != "" else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
