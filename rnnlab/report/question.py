"""Question, expectation and finding: what the header comment of an experiment file says, where the file is at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from rnnlab import experiment as experiments
from rnnlab.errors import RnnlabError

_PLACES = ("experiments/{}.toml", "{}.toml")
_PART = re.compile(r"(Question|Expectation|Finding)\b[:\s]*")
_END = re.compile(r"[A-Z]\w+ {2,}")  # another part, as Picture


@dataclass(frozen=True, slots=True)
class Question:
    """What an experiment file says of itself."""

    parts: Mapping[str, str]  # Question, Expectation, Finding: those that it has
    file: str  # where they were found; empty: nowhere
    same: bool = True  # whether the file still describes what was run


def question_of(manifest: Mapping[str, Any]) -> Question:
    """Return the header of the experiment's file, which the store does not keep: experiments/NAME.toml or NAME.toml."""
    name = manifest["name"]
    for place in _PLACES:
        path = Path(place.format(name))
        try:
            resolved = experiments.read(path).resolved()
            parts = header(path.read_text(encoding="utf-8-sig"))
        except (RnnlabError, OSError):
            continue
        if parts and resolved["name"] == name:
            return Question(parts, str(path), resolved == manifest["experiment"])
    return Question({}, "")


def header(text: str) -> dict[str, str]:
    """Return the parts of the comment that a file begins with, as lines without the indent that they share."""
    comments = takewhile(lambda line: line.startswith("#"), text.splitlines())
    parts: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in (comment[1:].removeprefix(" ") for comment in comments):
        if found := _PART.match(line):
            current = parts.setdefault(found[1], [])
            current.append(" " * found.end() + line[found.end() :])
        elif _END.match(line) or (line and not line.startswith(" ")) or current is None:
            current = None
        else:
            current.append(line)
    return {name: "\n".join(_flowing(lines)).strip() for name, lines in parts.items() if any(lines)}


def _flowing(lines: list[str]) -> Iterator[str]:
    """Yield paragraphs: lines that go on join the one before, but those of lists and tables."""
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    flowing: list[str] = []
    for line in (each[indent:].rstrip() for each in lines):
        apart = not line or line.startswith("- ") or "   " in line.strip() or (flowing and "   " in flowing[-1].strip())
        if apart or not flowing:
            flowing.append(line)
        else:
            flowing[-1] = f"{flowing[-1]} {line.strip()}"
    yield from flowing
