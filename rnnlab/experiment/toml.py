"""TOML from strangers: refused with line and column before the parser can choke on it."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from rnnlab.errors import ExperimentError, Problem

MAX_DEPTH, MAX_PARTS, MAX_DIGITS, MAX_TABLES = 16, 8, 1_000, 5_000

# Possessive quantifiers keep the scans linear. A text that is not closed is taken to run to its end.
_TEXT = re.compile(
    r'"""(?:[^"\\]|\\.|""?(?!"))*+(?:"{3,5}|\Z)'
    r"|'''(?:[^']|''?(?!'))*+(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\[^\n])*+(?:"|\\?$)'
    r"|'[^'\n]*+(?:'|$)"
    r"|#[^\n]*+",
    re.DOTALL | re.MULTILINE,
)
_DOTTED = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_PARTS}}}")
_DIGITS = re.compile(rf"(?<![0-9A-Za-z_])[0-9][0-9A-Fa-fxob_]{{{MAX_DIGITS}}}")
_HEADER = re.compile(r"^[ \t]*+\[", re.MULTILINE)
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def loads(text: str, place: str) -> dict[str, Any]:
    """Return the table of a TOML text; raises ExperimentError with line and column of what is wrong."""
    text = text.replace("\r\n", "\n")
    _refuse_bombs(text, place)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ExperimentError([_problem(str(error), text, place)]) from None
    except (RecursionError, ValueError) as error:  # what the scan let through
        raise ExperimentError([Problem(place, f"cannot be read: {str(error)[:100]}.")]) from None


def _refuse_bombs(text: str, place: str) -> None:
    bare = _TEXT.sub(_blank, text)
    deepest = _too_deep(bare)
    found = {
        f"has a key of more than {MAX_PARTS} parts; no key of an experiment is so long.": _first(_DOTTED, bare),
        f"has a number of more than {MAX_DIGITS} digits; write a shorter one.": _first(_DIGITS, bare),
        f"has brackets more than {MAX_DEPTH} deep; no value of an experiment is so deep.": deepest,
        f"has more than {MAX_TABLES} tables; write axes in one [grid].": _nth_header(bare),
    }
    problems = [Problem(_at(text, offset, place), message) for message, offset in found.items() if offset is not None]
    if problems:
        raise ExperimentError(problems)


def _blank(match: re.Match[str]) -> str:
    """Return as many characters without meaning, so that offsets stay; a text as part of a key stays one part."""
    found = match[0]
    return re.sub(r"[^\n]", " " if found.startswith("#") else "s", found)


def _first(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return match.start() if match else None


def _nth_header(text: str) -> int | None:
    return next((match.start() for i, match in enumerate(_HEADER.finditer(text)) if i == MAX_TABLES), None)


def _too_deep(text: str) -> int | None:
    depth = 0
    for match in re.finditer(r"[\[{\]}]", text):
        depth = depth + 1 if match[0] in "[{" else max(depth - 1, 0)
        if depth > MAX_DEPTH:
            return match.start()
    return None


def _at(text: str, offset: int, place: str) -> str:
    line = text.count("\n", 0, offset) + 1
    return f"{place}: line {line}, column {offset - text.rfind(chr(10), 0, offset)}"


def _problem(message: str, text: str, place: str) -> Problem:
    where = _PLACE.search(message)
    reason = _PLACE.sub("", message)
    if where is None:
        return Problem(place, f"is not TOML: {reason[:100]}.")
    line = int(where[1]) if where[1] else text.count("\n") + 1
    column = int(where[2]) if where[2] else len(text) - text.rfind("\n")
    return Problem(f"{place}: line {line}, column {column}", f"is not TOML: {reason[:100]}.{_quoted(text, line)}")


def _quoted(text: str, line: int) -> str:
    """Return the line in question and the remedy that is needed most often."""
    shown = text.split("\n")[line - 1].strip()[:80]
    if not shown or not shown.isprintable():
        return ""
    bare_word = re.search(r"=\s*\[?\s*[A-Za-z]", shown)
    return f" The line: {shown}{'   Words stand in quotes.' if bare_word else ''}"
