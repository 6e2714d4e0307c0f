"""An experiment's folder brought into order: damage set aside, files merged, what no longer counts removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import PathLike
from typing import Any

from rnnlab import store as stores
from rnnlab.errors import RnnlabError


@dataclass(frozen=True, slots=True)
class Compacted:
    """What `compact` did: the number of files before and after it."""

    name: str
    before: int
    after: int


def compact(name: str, *, store: str | PathLike[str] = "results", wait: bool | float = False) -> Compacted:
    """Merge the small files of an experiment; its manifest then lists the new ones.

    Raises StoreDamaged where a file is damaged or where two tell different things: nothing is built on such rows.
    """
    place = stores.layout(store, name)
    with stores.writing(place, wait=wait):
        with relisted(place):
            stores.recover(place)
            before = len(stores.snapshot(place).sizes)
            stores.compact(place)
        return Compacted(name, before, len(stores.snapshot(place).sizes))


@contextmanager
def relisted(place: stores.Layout) -> Iterator[None]:
    """While this is entered the manifest vouches for no files; then it lists those that count. Call under the lock.

    A process that is killed in between leaves a manifest of a run that has not finished: the next run mends that.
    Raises StoreDamaged where a file is gone or cannot be opened, before anything is touched.
    """
    manifest = stores.read_manifest(place) or {}
    ended = manifest.get("finished") is not None
    stores.refuse_lost(place, manifest["files"] if ended else ())
    if not ended:
        yield
        return
    stores.write_manifest(place, {**manifest, "finished": None, "summary": None})
    try:
        yield
    except BaseException:
        with suppress(RnnlabError, OSError):  # the first one is what counts
            _list(place, manifest)
        raise
    _list(place, manifest)


def _list(place: stores.Layout, manifest: Mapping[str, Any]) -> None:
    known = {file["path"]: file for file in manifest["files"]}
    stores.write_manifest(place, {**manifest, "files": stores.records(place, known)})
