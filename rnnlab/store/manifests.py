"""The manifest: the record of what was run, whole or absent, never half."""

from __future__ import annotations

import json
from typing import Any

from rnnlab.errors import StoreDamaged, UsageError, typed
from rnnlab.store import digest, files, staging
from rnnlab.store.layouts import FORMAT, Layout
from rnnlab.store.problems import explained
from rnnlab.store.shape import misfit


def read_manifest(place: Layout) -> dict[str, Any] | None:
    """Return the manifest without its digest, None where there is none.

    Raises StoreDamaged where it is not what was written, UsageError where a newer rnnlab wrote it.
    """
    if files.kind(place.manifest) in ("folder", "other"):
        raise _damaged(place, "it is no file")
    with explained(place.manifest, "read the manifest"):
        try:
            data = files.read(place.manifest)
        except FileNotFoundError:
            return None
    refuse_newer(place, data)
    try:
        record = digest.unseal(data)
    except ValueError as error:
        raise _damaged(place, str(error)) from error
    if wrong := misfit(record):
        raise _damaged(place, f"{wrong} is not what a manifest has under that name")
    return record


def _damaged(place: Layout, reason: str) -> StoreDamaged:
    again = typed("run", place.root.name, store=place.root.parent)
    return StoreDamaged(
        f"{place.manifest}: is damaged ({reason}). Run the experiment again, that writes it anew: {again}"
    )


def write_manifest(place: Layout, record: dict[str, Any]) -> None:
    """Publish the manifest; the previous one stands until this one is on the disk."""
    data = digest.seal({"format": FORMAT, **record})
    with explained(place.manifest, "write the manifest", len(data)):
        staging.replace(place, place.manifest, data)


def note_environment(place: Layout, fingerprint: str, description: dict[str, Any]) -> None:
    """Keep what an environment's hash stands for, before the first row that names it."""
    target = place.environments / f"{fingerprint}.json"
    with explained(target, "write the environment"):
        if files.kind(target) == "absent":
            staging.folder(place.environments)
            staging.put(staging.stage(place, digest.seal(description)), target)
            files.sync(place.environments)


def environments(place: Layout) -> dict[str, Any]:
    """Return what the hashes of environments stand for, as far as it is still known."""
    known = {}
    for entry in files.entries(place.environments):
        stem, _, suffix = entry.name.partition(".")
        if entry.kind == "file" and suffix == "json":
            try:
                known[stem] = digest.unseal(files.read(place.environments / entry.name))
            except (OSError, ValueError):
                continue
    return known


def refuse_newer(place: Layout, data: bytes) -> None:
    """Raise UsageError where the manifest says that a newer rnnlab wrote it."""
    try:
        version = json.loads(data)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    if isinstance(version, int) and version > FORMAT:
        message = (
            f"was written by a newer rnnlab (format {version}, this one knows {FORMAT}). Upgrade rnnlab to use it."
        )
        raise UsageError(f"{place.manifest}: {message}")
