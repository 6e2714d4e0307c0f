"""Docstrings as this house writes them, for autodoc: `x` is code, what is indented a formula, |x| a modulus."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from typing import Any

from docutils import nodes
from sphinx.util.nodes import make_refnode

_MARKUP = re.compile(r"(`[^`]*`)|([|*\\])|(?<=\w)_(?!\w)")
# Types of other libraries stand in signatures under the names that the code has for them.
_FOREIGN = re.compile(r"(np|pa|pd|numpy|pandas|matplotlib|collections|concurrent|pathlib|os|click)\.|[A-Z]\w*$")


def setup(app: Any) -> dict[str, bool]:
    """Escape docstrings before they are parsed, and find types by their last name."""
    app.connect("autodoc-process-docstring", _processed)
    app.connect("autodoc-process-signature", _signature)
    app.connect("missing-reference", _resolved)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _processed(_app: Any, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    lines[:] = list(_with_formulas(lines))


def _signature(_app: Any, _what: str, _name: str, obj: Any, _options: Any, _signature: str, _returns: str) -> Any:
    """Drop the signature of what is returned and never made by hand: its fields are listed below it."""
    return ("", None) if isinstance(obj, type) and is_dataclass(obj) else None


def _with_formulas(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines as reStructuredText: what is indented is a literal block, what >>> begins stands as it is."""
    literal = example = False
    before = ""
    for line in lines:
        indented = line.startswith(" ")
        example = line.startswith(">>>") or (example and bool(line))
        if indented and not literal and not before:
            yield from ("::", "")
        literal = indented or (literal and not line)
        yield line if literal or example else _escaped(line)
        before = line


def _escaped(line: str) -> str:
    return _MARKUP.sub(lambda found: found[1] or "\\" + found[0], line)


def _resolved(app: Any, env: Any, node: nodes.Element, content: nodes.TextElement) -> nodes.Node | None:
    """Link a type to the one documented object of that last name; leave those of other libraries as they are."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    found = [
        (name, entry)
        for name, entry in env.domains.python_domain.objects.items()
        if name.rpartition(".")[2] == target.rpartition(".")[2] and not entry.aliased
    ]
    if len(found) == 1:
        name, entry = found[0]
        return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, name)
    return content if _FOREIGN.match(target) else None
