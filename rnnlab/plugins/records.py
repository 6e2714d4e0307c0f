"""What a manifest says of the packages that an experiment took activations, tasks and measures from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from rnnlab.errors import UsageError
from rnnlab.plugins.entries import Entry, Refused, entries, find, full_name
from rnnlab.plugins.sources import code

Record = dict[str, str]


def record(activations: Iterable[str], tasks: Iterable[str], measures: Collection[str]) -> list[Record]:
    """Return kind, name, package and version of all that is not rnnlab's own, full names of all but measures.

    With the hash of the package's code, where it is installed here in that version.
    """
    found = []
    for kind, names in (("activation", activations), ("task", tasks)):
        for name, package, version in sorted(filter(None, map(full_name, names))):
            here = [entry for entry in entries(kind) if entry.full == f"{name}@{package}-{version}"]
            found.append(_record(kind, name, package, version, here))
    own = [entry for entry in entries("measure") if entry.name in measures]
    return found + [_record("measure", entry.name, entry.package, entry.version, [entry]) for entry in own]


def codes(records: Iterable[Record]) -> dict[str, str]:
    """Return what of these packages can change numbers: by package its version and the hash of its code."""
    return {each["package"]: f"{each['version']}, code {each['code']}" for each in records if "code" in each}


def _record(kind: str, name: str, package: str, version: str, here: list[Entry]) -> Record:
    told = {"kind": kind, "name": name, "package": package, "version": version}
    return {**told, "code": code(here[0])} if here else told


def require(records: Any, *, exactly: bool = False) -> None:
    """Raise UsageError, naming package and version, where something that is recorded is not installed here.

    Activations and tasks have to be of the version that is recorded. Exactly: measures as well, where else their own
    VERSION tells what is computed anew, and all of the same code. A record that is none tells nothing.
    """
    for each in records if isinstance(records, list) else []:
        if not isinstance(each, Mapping) or not {"kind", "name", "package", "version"} <= each.keys():
            continue
        kind, name, package, version = (str(each[part]) for part in ("kind", "name", "package", "version"))
        if kind in ("activation", "task"):
            try:
                there = [find(kind, f"{name}@{package}-{version}", ())]
            except Refused as error:
                raise UsageError(f"the {kind} {error}") from None
        else:
            there = [entry for entry in entries("measure") if (entry.name, entry.package) == (name, package)]
        of = f"the {kind} {name} is of the package {package} {version}"
        if not there or (exactly and there[0].version != version):
            but = f"where {package} {there[0].version} is installed" if there else "which is not installed here"
            raise UsageError(f"{of}, {but}: pip install {package}=={version}")
        if exactly and code(there[0]) != each.get("code"):
            raise UsageError(f"{of}, whose code is another here: install the same files of it on all machines")
