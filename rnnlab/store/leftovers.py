"""What lies in the folder of an experiment and is harmless: said once, never opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rnnlab.store import files, journal
from rnnlab.store.checkpoints import checkpoints
from rnnlab.store.layouts import Layout
from rnnlab.store.locks import holder
from rnnlab.store.snapshots import Snapshot


def notes(place: Layout, current: Snapshot, manifest: Mapping[str, Any], data: bytes | None) -> Iterator[str]:
    """Yield a line for each kind of leftover, and for whatever rnnlab did not write."""
    own = [
        place.manifest, place.lock, place.holder, place.journal, place.staging, place.damaged, place.environments,
        place.checkpoints,
    ]  # fmt: skip
    known = {path.name for path in own} | set(place.tables())
    writer = holder(place)
    if writer is not None:
        yield f"{place.holder}: {'was left by' if writer.dead else 'is written by'} {writer}"
    elif files.kind(place.holder) != "absent":
        yield f"{place.holder}: tells of no writer; the next run writes it anew"
    if manifest and manifest.get("finished") is None:
        yield f"{place.manifest}: is of a run that has not finished; it vouches for no files yet"
    if journal.parse(data or b"").state != "finished":
        yield f"{place.journal}: an exchange of files has not ended; readers know what counts, the next run ends it"
    for folder, what in ((place.staging, "not published"), (place.damaged, "set aside as damaged")):
        if left := [entry for entry in files.entries(folder) if entry.kind == "file"]:
            yield f"{folder}: {_files(len(left))} {what}; `rnnlab gc {place.root.name}` removes them"
    if begun := checkpoints(place):
        yield f"{place.checkpoints}: {_files(len(begun))} of trials that are not finished; the same command goes on"
    if current.orphans:
        orphans = _files(len(current.orphans))
        yield f"{place.root}: {orphans} of blocks that are not finished (yet); the next run removes them"
    strange = [entry.name for entry in files.entries(place.root) if entry.name not in known]
    for name in [*strange, *current.foreign]:
        yield f"{place.root / name}: is not of rnnlab; skipped"


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"
