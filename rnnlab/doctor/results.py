"""The store: whether its experiments can be read, and what killed runs left there. No file is hashed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rnnlab import store as stores
from rnnlab.doctor.finding import Finding
from rnnlab.errors import RnnlabError, typed


def check(store: Path) -> Iterator[Finding]:
    """Yield how the store and each experiment in it stands, those in good order together."""
    try:
        names = stores.names(store)
    except RnnlabError as error:
        yield Finding("store", "problem", str(error), "choose another folder with --store")
        return
    found = [finding for name in names for finding in _experiment(store, name)]
    if not names:
        yield Finding("store", "ok", f"{store} has no experiments yet")
    elif not found:
        yield Finding(
            "store", "ok", f"{store}: {len(names)} in good order at a glance; `rnnlab verify` reads every byte"
        )
    yield from found


def _experiment(store: Path, name: str) -> Iterator[Finding]:
    try:
        place = stores.layout(store, name)
        manifest = stores.read_manifest(place)
    except RnnlabError as error:
        yield Finding(f"store {name}", "problem", str(error), typed("repair", name, store=store))
        return
    holder = stores.holder(place)
    if holder is not None and holder.dead:
        message = f"a run was killed: {holder}. What it finished is kept"
        yield Finding(f"store {name}", "warning", message, typed("run", name, store=store))
    elif manifest is None:
        yield Finding(f"store {name}", "problem", "has tables and no manifest.json", typed("run", name, store=store))
    left = list(place.staging.glob("*")) if holder is None else []
    if left:
        files = "1 file was" if len(left) == 1 else f"{len(left)} files were"
        yield Finding(f"store {name}", "warning", f"{files} written and not published", typed("gc", name, store=store))
