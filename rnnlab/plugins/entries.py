"""Entry points of installed packages: listed without importing any, loaded when an experiment names them.

An activation or a task of a package goes by `name@package-version` wherever numbers depend on it: in columns, keys and
the manifest. What another version computed is another trial.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from rnnlab.errors import UsageError, did_you_mean

KINDS = ("activation", "task", "measure")  # of the groups rnnlab.activations, rnnlab.tasks, rnnlab.measures
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
FULL = r"^([a-z][a-z0-9_]{0,39})@([a-z0-9]+(?:-[a-z0-9]+)*)-([0-9][^-@\s]*)$"  # as JSON Schema can have it


class Refused(UsageError):
    """A name that no installed package serves, or one that cannot be used; the message continues "grid.task is ..."."""


class Unknown(Refused):
    """A name that nothing has; the message continues "activation = 'tan' ..."."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a package offers under a name."""

    kind: str
    name: str
    package: str
    version: str
    value: str  # "mypkg.activations:SNAKE"
    point: Any

    @property
    def full(self) -> str:
        """The name that columns and keys have it under."""
        return f"{self.name}@{self.package}-{self.version}"

    @property
    def words(self) -> str:
        """What messages call it."""
        return f"the {self.kind} {self.name} of the package {self.package} {self.version} ({self.value})"

    def load(self) -> Any:
        """Return what the entry point names; raises UsageError where the package cannot be imported."""
        try:
            return self.point.load()
        except Exception as error:
            why = f"{type(error).__name__}: {error}".strip(": ")
            raise UsageError(
                f"{self.words} cannot be imported: {why}. Mend or remove the package: pip uninstall {self.package}"
            ) from error


@cache
def entries(kind: str) -> tuple[Entry, ...]:
    """Return what installed packages offer of a kind; imports none of them."""
    found = []
    for point in entry_points(group=f"rnnlab.{kind}s"):
        dist = point.dist
        package = re.sub(r"[-_.]+", "-", dist.name).lower() if dist else "unknown"
        found.append(Entry(kind, point.name, package, dist.version if dist else "0", point.value, point))
    return tuple(sorted(found, key=lambda entry: (entry.name, entry.package)))


def full_name(text: str) -> tuple[str, str, str] | None:
    """Return name, package and version of a full name, None of any other text."""
    match = re.fullmatch(FULL, text)
    return (match[1], match[2], match[3]) if match else None


def is_full(text: str) -> bool:
    """Say whether this is a name with package and version."""
    return "@" in text and full_name(text) is not None


def find(kind: str, text: str, built_in: Collection[str]) -> Entry:
    """Return the entry of a name, or of a full one; raises Refused where there is none, or more than one."""
    full = full_name(text)
    name = full[0] if full else text
    own = [entry for entry in entries(kind) if entry.name == name]
    if full:
        own = [entry for entry in own if entry.package == full[1]]
        if not own or own[0].version != full[2]:
            raise Refused(_absent(text, full, own))
    elif not own:
        raise Unknown(f"is unknown.{did_you_mean(text, [*built_in, *(entry.name for entry in entries(kind))])}")
    if len(own) > 1:
        packages = " and ".join(f"{entry.package} {entry.version}" for entry in own)
        raise Refused(f"is {text!r}, which the packages {packages} both offer: uninstall one of them.")
    (entry,) = own
    if name in built_in:
        raise Refused(
            f"is {text!r}, which rnnlab itself has: {entry.package} {entry.version} has to call its {kind} otherwise."
        )
    if not _NAME.fullmatch(name):
        rule = "a to z, 0 to 9 and _, at most 40, the first a letter"
        raise Refused(f"is {text!r}; {entry.package} {entry.version} has to call its {kind} by a name of {rule}.")
    return entry


def is_installed(kind: str, text: str) -> bool:
    """Say whether what this full name means is installed here."""
    try:
        return bool(find(kind, text, ()))
    except Refused:
        return False


def resolve(kind: str, text: str, built_in: Collection[str]) -> str:
    """Return the full name of what is meant; a full one is taken at its word, whether or not it is installed here."""
    return text if is_full(text) else find(kind, text, built_in).full


def _absent(text: str, full: tuple[str, str, str], own: list[Entry]) -> str:
    name, package, version = full
    install = f"pip install {package}=={version}"
    if not own:
        return f"is {text!r}, of the package {package} {version}, which is not installed here: {install}"
    there = own[0].version
    other = f"of the package {package} {version}, where {package} {there} is installed"
    return f'is {text!r}, {other}: {install}, or write "{name}" for that of {there}'
