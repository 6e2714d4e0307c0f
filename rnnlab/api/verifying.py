"""Whether the files of an experiment are what was written."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from rnnlab import store as stores
from rnnlab.errors import StoreDamaged, UsageError, did_you_mean, typed

_FIRST = 3  # keys that are named where there are many


def verify(
    name: str, store: str | PathLike[str] = "results", *, progress: Callable[[int, int], None] | None = None
) -> stores.Verification:
    """Hash every file of an experiment again and return what is wrong with it: `ok`, `problems`, `notes`.

    A problem names its files and the keys of the trials that it costs. Takes no lock and writes nothing, so that it
    works on read-only storage and while a run writes. progress: called with the bytes hashed, and of how many. Raises
    UsageError where the store has no experiment of this name.
    """
    return stores.verify(stores.layout(store, known(name, store)), progress)


def known(name: str, store: str | PathLike[str]) -> str:
    """Return the name if the store has an experiment of that name, else raise UsageError."""
    stores.layout(store, name)  # refuses what is no name
    if name not in stores.names(store):
        raise UsageError(no_results(name, Path(store)))
    return name


def no_results(name: str, store: Path) -> str:
    """Say that the store has no experiment of this name, and what it has."""
    known = stores.names(store)
    if not store.is_dir():
        first = typed("run", "quickstart", store=store)
        return f"there is no store {store}. Name another folder (--store), or run an experiment first: {first}"
    if not known:
        return f"the store {store} has no experiments yet. Run one: {typed('run', 'quickstart', store=store)}"
    near = did_you_mean(name, known)
    advice = f"{near if near.startswith(' Did') else ''} See what there is with: {typed('ls', store=store)}"
    return f"the store {store} has no experiment {name}.{advice}"


def refuse_damaged(name: str, store: str | PathLike[str]) -> None:
    """Raise StoreDamaged with every problem where an experiment has any."""
    found = verify(name, store)
    if not found.ok:
        raise StoreDamaged(said(found, store))


def said(found: stores.Verification, store: str | PathLike[str]) -> str:
    """Say everything that is wrong with an experiment, a line each, and the remedy."""
    number = len(found.problems)
    head = f"{Path(store, found.name)}: {'1 problem' if number == 1 else f'{number:,} problems'}."
    remedy = f"`{stores.repair_command(Path(store, found.name))}` sets such files aside and computes their trials anew."
    return "\n".join([head, *(f"  {_line(each)}" for each in found.problems), f"  {remedy}"])


def _line(each: stores.Finding) -> str:
    where = "" if each.kind == "twice" else f"{' and '.join(each.files)} "
    return f"{where}{each.message}{_cost(each)}"


def _cost(each: stores.Finding) -> str:
    if not each.keys or each.kind == "twice":
        return ""
    first, more = ", ".join(each.keys[:_FIRST]), len(each.keys) - _FIRST
    trials = "1 trial" if len(each.keys) == 1 else f"{len(each.keys):,} trials"
    return f"; it costs {trials}: {first}{f' and {more:,} more' if more > 0 else ''}"
