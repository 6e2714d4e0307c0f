"""The experiments of a store, a line each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from rnnlab import store as stores
from rnnlab.errors import StoreDamaged, UsageError


@dataclass(frozen=True, slots=True)
class Entry:
    """One experiment of a store, as its manifest tells; null where it has none."""

    name: str
    title: str
    trials: int | None
    measures: tuple[str, ...]
    last_run: str | None  # when it ended, or began where it has not, ISO 8601, UTC
    bytes: int
    status: str  # complete, N failed, running, interrupted, damaged, newer


def listing(store: str | PathLike[str] = "results") -> list[Entry]:
    """Return the experiments of a store by name; none where there is no store."""
    return [_entry(stores.layout(store, name)) for name in stores.names(store)]


def status_of(name: str, store: str | PathLike[str] = "results") -> str:
    """Return the status of one experiment of a store."""
    return _manifest(stores.layout(store, name))[1]


def _entry(place: stores.Layout) -> Entry:
    manifest, status = _manifest(place)
    summary = manifest.get("summary") or {}
    return Entry(
        name=place.root.name,
        title=manifest.get("experiment", {}).get("title", ""),
        trials=summary.get("trials"),
        measures=tuple(manifest.get("measures", ())),
        last_run=manifest.get("finished") or manifest.get("started"),
        bytes=sum(stores.snapshot(place).sizes.values()),
        status=status,
    )


def _manifest(place: stores.Layout) -> tuple[Mapping[str, Any], str]:
    try:
        manifest = stores.read_manifest(place) or {}
    except StoreDamaged:
        return {}, "damaged"
    except UsageError:
        return {}, "newer"
    holder = stores.holder(place)
    if holder and not holder.dead and holder.pid != os.getpid() and (manifest.get("finished") or "") < holder.start:
        return manifest, "running"
    summary = manifest.get("summary")
    if summary is None:
        return manifest, "interrupted"
    return manifest, f"{summary['failed']:,} failed" if summary["failed"] else "complete"
