"""The problems of one file, gathered so that they are reported together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rnnlab.errors import ExperimentError, Problem, did_you_mean

LIMIT = 100  # a file of a million unknown keys is answered as quickly as one of a hundred

_GRID_INDEX = re.compile(r"^grid\[\d+\]")
_BARE = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Problems:
    """Collects problems under one place; `overridden` are the keys that came from `-s`, which are named as such."""

    def __init__(self, place: str, overridden: Mapping[str, str] | None = None) -> None:
        self.place = place
        self.overridden = dict(overridden or {})
        self._items: dict[Problem, None] = {}
        self._listed: set[str] = set()
        self._met = 0

    def advice(self, name: str, known: Iterable[str]) -> str:
        """Return what may be meant by a name that is unknown; what there is to choose from is listed once."""
        advice = did_you_mean(name, known)
        if advice in self._listed:
            return " What is known stands above."
        if advice.startswith(" Known"):
            self._listed.add(advice)
        return advice

    def __len__(self) -> int:
        """Return how often a problem was met: one of `-s` is met in every [[grid]] and reported once."""
        return self._met

    def add(self, key: str, message: str) -> None:
        """Note a problem at a key ("" for the file itself); raises ExperimentError when there are too many."""
        self.add_at(self._place_of(key), message)

    def add_at(self, place: str, message: str) -> None:
        """Note a problem that is not of the file: of an override."""
        self._met += 1
        self._items[Problem(place, message)] = None
        if len(self._items) >= LIMIT:
            self._items[Problem(self.place, f"may have more problems: these are the first {LIMIT}.")] = None
            self.raise_any()

    def raise_any(self) -> None:
        """Raise ExperimentError if there was a problem."""
        if self._items:
            raise ExperimentError(self._items)

    def _place_of(self, key: str) -> str:
        for changed, typed in self.overridden.items():
            rest = _GRID_INDEX.sub("grid", key).removeprefix(changed)
            if rest != _GRID_INDEX.sub("grid", key) and rest[:1] in ("", ".", "["):
                return f"-s {typed}{rest}"
        return f"{self.place}: {key}" if key else self.place


def show_key(key: object) -> str:
    """Return a key as it can stand in a message, however it was spelt."""
    return key if isinstance(key, str) and _BARE.fullmatch(key) else show(key)


def show(value: object) -> str:
    """Return a value as it can stand in a message: short, printable, in TOML's words."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _show_text(value)
    if isinstance(value, int):  # Python refuses to print an integer of more than 4300 digits
        return str(value) if value.bit_length() < 200 else f"a whole number of {value.bit_length() * 3 // 10} digits"
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, list | tuple):
        return "an empty list" if not value else f"a list of {len(value)} value{'s' * (len(value) > 1)}"
    if isinstance(value, Mapping):
        return "a table"
    if hasattr(value, "isoformat"):
        return f"the date {value.isoformat()}"
    return f"of type {type(value).__name__}"


def _show_text(text: str) -> str:
    short = text if len(text) <= 60 else text[:57] + "..."
    return f'"{short}"' if short.isprintable() and '"' not in short else ascii(short)
