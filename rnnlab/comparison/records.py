"""What two manifests say differently: parameters, measures, versions, machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MACHINE = ("machine", "blas")
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of two manifests that is not the same; null where one of them has it not."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Changes:
    """All entries that are not the same: of the grid, of the measures, of the software, of the machine."""

    parameters: tuple[Change, ...]
    measures: tuple[Change, ...]
    versions: tuple[Change, ...]
    machine: tuple[Change, ...]


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> Changes:
    """Return what distinguishes two manifests; the environments are those of their last runs."""
    here, there = _described(a), _described(b)
    versions, machine = (
        tuple(_compared(*({n: v for n, v in each.items() if _of_machine(n) is wanted} for each in (here, there))))
        for wanted in (False, True)
    )
    return Changes(
        tuple(_compared(dict(_parameters(a)), dict(_parameters(b)))),
        tuple(_compared(dict(_measures(a)), dict(_measures(b)))),
        versions,
        machine,
    )


def _compared(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*a, *b]):
        if a.get(name, _ABSENT) != b.get(name, _ABSENT):
            yield Change(name, a.get(name), b.get(name))


def _parameters(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values of every parameter of every grid, the title and what axes are tied."""
    experiment = manifest["experiment"]
    grids = experiment.get("grid", {})
    for i, grid in enumerate(grids if isinstance(grids, list) else [grids]):
        for name, value in grid.items():
            yield (f"{name} (grid {i + 1})" if isinstance(grids, list) else name), value
    yield "zip", experiment.get("zip")
    yield from _leaves("network", experiment.get("network", {}))


def _measures(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, measure in manifest["measures"].items():
        yield f"{name}.version", measure["version"]
        yield from _leaves(name, measure["resolved"])


def _described(manifest: Mapping[str, Any]) -> dict[str, Any]:
    found = manifest.get("environments", {}).get(manifest.get("environment"), {})
    git = {"git": manifest["git"]["commit"]} if manifest.get("git") else {}
    return {**dict(_leaves("", found)), **git}


def _of_machine(name: str) -> bool:
    return name.partition(".")[0] in _MACHINE


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        value = dict(enumerate(value)) if len(value) > 1 else value[0]
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(f"{path}.{name}" if path else str(name), each)
    else:
        yield path, value
