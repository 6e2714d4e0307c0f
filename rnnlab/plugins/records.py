"""What a manifest says of the packages that an experiment took activations, tasks and measures from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from rnnlab.errors import UsageError
from rnnlab.plugins.entries import Refused, entries, find, full_name

Record = dict[str, str]


def record(activations: Iterable[str], tasks: Iterable[str], measures: Collection[str]) -> list[Record]:
    """Return kind, name, package and version of all that is not rnnlab's own, full names of all but measures."""
    found = []
    for kind, names in (("activation", activations), ("task", tasks)):
        for name, package, version in sorted(filter(None, map(full_name, names))):
            found.append({"kind": kind, "name": name, "package": package, "version": version})
    own = [entry for entry in entries("measure") if entry.name in measures]
    return found + [{"kind": "measure", "name": e.name, "package": e.package, "version": e.version} for e in own]


def require(records: Any, *, exactly: bool = False) -> None:
    """Raise UsageError, naming package and version, where something that is recorded is not installed here.

    Activations and tasks have to be of the version that is recorded, measures where it is asked for: else their own
    VERSION tells what is computed anew. A record that is none tells nothing.
    """
    for each in records if isinstance(records, list) else []:
        if not isinstance(each, Mapping) or not {"kind", "name", "package", "version"} <= each.keys():
            continue
        kind, name, package, version = (str(each[part]) for part in ("kind", "name", "package", "version"))
        if kind in ("activation", "task"):
            try:
                find(kind, f"{name}@{package}-{version}", ())
            except Refused as error:
                raise UsageError(f"the {kind} {error}") from None
            continue
        there = [entry for entry in entries("measure") if (entry.name, entry.package) == (name, package)]
        if not there or (exactly and there[0].version != version):
            but = f"where {package} {there[0].version} is installed" if there else "which is not installed here"
            of = f"the measure {name} is of the package {package} {version}"
            raise UsageError(f"{of}, {but}: pip install {package}=={version}")
