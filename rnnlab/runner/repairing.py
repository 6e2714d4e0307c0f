"""Damage set aside and its trials computed anew, so that the tables are what they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from rnnlab import store as stores
from rnnlab.errors import StoreDamaged


@dataclass(frozen=True, slots=True)
class Repaired:
    """What `repair` did."""

    name: str
    problems: tuple[stores.Finding, ...]  # that were found
    notes: tuple[str, ...]  # what was done about them
    new: int = 0  # trials computed anew
    seconds: float = 0.0

    @property
    def nothing(self) -> bool:
        """Whether all was well."""
        return not self.problems


def set_damage_aside(
    name: str,
    *,
    store: str | PathLike[str] = "results",
    check: Callable[[Mapping[str, Any]], None],
    wait: bool | float = False,
) -> Repaired:
    """Verify an experiment and move out of its tables whatever is wrong; its trials then count as not done.

    check: called with the manifest, empty where it is damaged, before anything is touched; it raises where nobody
    could compute them. The manifest vouches for no files afterwards, so that the next run lists them all.
    """
    place = stores.layout(store, name)
    with stores.writing(place, wait=wait):
        found = stores.verify(place)
        if found.ok:
            return Repaired(name, (), ())
        manifest = _manifest(place)
        check(manifest)
        notes = stores.mend(place, found, manifest)
        if manifest:
            stores.write_manifest(place, {**manifest, "finished": None, "summary": None, "files": []})
        return Repaired(name, found.problems, tuple(notes))


def _manifest(place: stores.Layout) -> dict[str, Any]:
    try:
        return stores.read_manifest(place) or {}
    except StoreDamaged:
        return {}
