"""Conditions in words: a remedy that is switched off goes without saying."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from rnnlab.analysis.choosing import PARAMETERS
from rnnlab.trial import BELONGS_TO

PLAIN = "plain"  # a condition with every remedy switched off
_BLANK = "\N{NO-BREAK SPACE}"
_SWITCHES = ("leak", "clip_norm", "clip_value", "k1", "k2", "vanishing_penalty", "flossing", "flossing_updates")


def can_be_off(name: str) -> bool:
    """Tell whether this is a parameter of one kind of network or training, and means nothing to the others."""
    return name in _SWITCHES or name in BELONGS_TO or name == "flossing_exponents"


def worth_telling(point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by parameter but for those that are switched off, or mean nothing beside the others."""
    return {name: value for name, value in point.items() if not _is_off(name, point)}


def in_words(point: Mapping[str, Any]) -> str:
    """Return "optimizer adam, clip norm 1"."""
    words = [f"{name.replace('_', ' ')} {_number(value)}" for name, value in worth_telling(point).items()]
    return ", ".join(words) or (PLAIN if point else "")


def in_lines(words: str, width: int) -> list[str]:
    """Return "a 1, b 2" in lines of at most this many letters that end between its parts."""
    whole = words.replace(" ", _BLANK).replace(f",{_BLANK}", ", ")
    return [line.replace(_BLANK, " ") for line in textwrap.wrap(whole, width)]


def _is_off(name: str, point: Mapping[str, Any]) -> bool:
    if name == "flossing_exponents":
        return point.get("flossing", 1.0) == 0 and point.get("flossing_updates", 0) == 0
    owner, kind = BELONGS_TO.get(name, (name, point[name]))
    if point.get(owner, kind) != kind:
        return True
    return name in _SWITCHES and bool(point[name] == PARAMETERS[name].default)


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
