"""The page as text: a template, its parts escaped, scripts and data embedded."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from rnnlab.report import curves as curve_data
from rnnlab.report import provenance, verdict
from rnnlab.report.cautions import cautions
from rnnlab.report.packing import Packer, pack
from rnnlab.report.pictures import Picture, pictures
from rnnlab.report.question import Question, question_of
from rnnlab.report.trials import fixed_of, packed
from rnnlab.report.view import first_view

if TYPE_CHECKING:
    from rnnlab.api import Results

MOST = 6_000_000  # bytes of a page of 10,000 trials
_SCRIPTS = ("data.js", "format.js", "state.js", "diagram.js", "table.js", "trial.js", "controls.js", "main.js")
_SPARE = 60_000  # bytes


def page(results: Results) -> tuple[str, curve_data.Curves]:
    """Return the page, and what it has of the long tables."""
    packer = Packer()
    table = results.arrow
    columns = packed(results, table, packer)
    keys = _keys(table["key"].to_pylist(), packer)
    question = question_of(results.manifest)
    drawn = list(pictures(results))
    script = "\n".join(_text(name) for name in _SCRIPTS)
    parts = {
        **_words(results, question, drawn),
        "policy": _policy(script), "style": _text("report.css"), "script": script,
        "plotly": _plotly(), "trials": packer.packed(), "dark_figures": _dark(drawn),
    }  # fmt: skip
    template = Template(_text("page.html"))
    empty = template.substitute(parts, index="", curves="", curves_note="")
    room = MOST - _SPARE - len(empty.encode()) - 2_000 * len(columns)
    found = curve_data.packed(results, room)
    index = {
        "name": results.name, "count": table.num_rows, "keys": keys, "columns": columns,
        "fixed": fixed_of(results.trials), "view": first_view(results), "curves": found.kinds,
        "extract": f"rnnlab extract {results.name} KEY -o {results.name}-KEY.npz{provenance.store_flag(results)}",
    }  # fmt: skip
    note = f"<p class='note'>{escape(_curves_note(results, found))}</p>"
    return template.substitute(parts, index=_json(index), curves=found.data, curves_note=note), found


def _words(results: Results, question: Question, drawn: list[Picture]) -> dict[str, str]:
    title = results.manifest["experiment"].get("title") or results.name
    warned = cautions(results)
    return {
        "name": escape(results.name), "title": escape(title), "count": f"{len(results.trials):,}",
        "question": _question(question),
        "verdict": "".join(f"<li>{escape(each)}</li>" for each in verdict.sentences(results)),
        "numbers": "".join(map(_number_row, verdict.numbers(results))),
        "cautions": _cautions(warned), "pictures": "".join(map(_picture, drawn)) or "<p>There is nothing to draw.</p>",
        "provenance": "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in provenance.essentials(results).items()
        ),
        "commands": "".join(_command(*each) for each in provenance.commands(results)),
        "experiment": escape(provenance.experiment_json(results)),
        "rerun": escape(f"rnnlab run {results.name}.json"),
    }  # fmt: skip


def _question(question: Question) -> str:
    if not question.parts:
        return (
            "<p class='note'>The store keeps the title of an experiment; its question, expectation and finding stand "
            "in the comment that its file begins with, and no such file was at hand.</p>"
        )
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in question.parts.items())
    changed = "" if question.same else " The file has changed since this was run."
    return f"<dl class='question'>{rows}</dl><p class='note'>From {escape(question.file)}.{changed}</p>"


def _number_row(row: tuple[str, str, str, str, str, int]) -> str:
    label, doc, *ends, count = row
    cells = "".join(f"<td>{escape(str(end))}</td>" for end in ends)
    return f"<tr><th scope='row' title='{escape(doc)}'>{escape(label)}</th>{cells}<td>{count:,}</td></tr>"


def _cautions(warned: list[str]) -> str:
    if not warned:
        return "<p id='all-well'>No trial failed, diverged or is missing.</p>"
    return f"<ul class='cautions'>{''.join(f'<li>{escape(each)}</li>' for each in warned)}</ul>"


def _picture(picture: Picture) -> str:
    about = escape(f"Figure {picture.kind}: {picture.title}")
    return f"<figure><img src='{picture.source}' alt='{about}'><figcaption>{about}</figcaption></figure>"


def _dark(drawn: list[Picture]) -> str:
    """Return the figures for dark pages, packed: they are unpacked where the page turns dark."""
    return pack(json.dumps([picture.dark for picture in drawn]).encode()) if drawn else ""


def _command(command: str, what: str) -> str:
    return f"<li><code>{escape(command)}</code> <span>{escape(what)}</span></li>"


def _curves_note(results: Results, found: curve_data.Curves) -> str:
    if not found.kinds:
        return "The long tables of this experiment hold nothing that could be drawn for a single trial."
    parts = [f"Curves of {found.trials:,} of {found.total:,} trials that have any are in this page"]
    if any(kind["thinned"] for kind in found.kinds):
        parts.append(f"long ones thinned to {found.points} points")
    if found.left_out:
        parts.append(f"left out for their size: {', '.join(found.left_out)}")
    tables = list(dict.fromkeys(kind["table"] for kind in found.kinds))
    command = f"rnnlab export {results.name} --table {tables[0]} -o {tables[0]}.csv{provenance.store_flag(results)}"
    return f"{'; '.join(parts)}. Every number: {command}"


def _keys(keys: Iterable[str], packer: Packer) -> dict[str, Any]:
    """Return what unpacks the keys: hexadecimal digits, two in a byte, or the keys themselves."""
    import numpy as np

    keys = list(keys)
    try:
        data = b"".join(map(bytes.fromhex, keys))
    except ValueError:
        return {"list": keys}
    return {"digits": len(keys[0]) if keys else 0, **packer.add(np.frombuffer(data, np.uint8))}


def _json(value: Any) -> str:
    """Return JSON that cannot end the element that it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _policy(script: str) -> str:
    """Return a content security policy: this page's own script and the library it unpacks, and no network at all."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}' blob:; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return pack(unwrapped(get_plotlyjs()).encode())


def unwrapped(library: str) -> str:
    """Return Plotly without what chooses between kinds of modules: inside it browsers parse the whole library twice.

    Its licence, which stands at the beginning, is kept. A library of another form is returned as it is.
    """
    licence, wrapper, rest = library.partition("*/\n")
    _, begin, body = rest.partition('"use strict";var Plotly=(()=>{')
    body, end, _ = body.rpartition("window.Plotly = Plotly;\n")
    return f"{licence}{wrapper}{begin}{body}{end}" if begin and end else library


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
