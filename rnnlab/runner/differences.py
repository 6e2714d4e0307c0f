"""What is different since the last run of an experiment: parameters, measures, versions. Notes, a line each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rnnlab.experiment import Experiment
from rnnlab.runner.labels import labels_of
from rnnlab.trial import added_later

_MOST = 6  # that a line names
_WIDTH = 60  # characters of a value
_ABSENT = object()


def differences(
    previous: Mapping[str, Any], experiment: Experiment, description: Mapping[str, Any], fingerprint: str
) -> list[str]:
    """Return what distinguishes a run from that of the manifest, nothing where there is no manifest.

    description, fingerprint: of the environment. An environment of which nobody knows the description is named by hash.
    """
    was = previous.get("experiment")
    notes = []
    if isinstance(was, dict) and was != experiment.resolved():
        changes = list(_changes(dict(_flat(was)), dict(_flat(experiment.resolved()))))
        notes += [f"the experiment has changed since its last run: {_listed(changes)}"] if changes else []
    versions = list(_versions(previous, experiment))
    hashed = previous.get("environment", fingerprint)
    if hashed != fingerprint:
        before = previous.get("environments", {}).get(hashed, {})
        versions += list(_changes(dict(_leaves("", before)), dict(_leaves("", description)))) if before else [hashed]
    if versions:
        notes.append(f"versions or the machine have changed, and old rows stay labelled: {_listed(versions)}")
    return notes


def _versions(previous: Mapping[str, Any], experiment: Experiment) -> Iterator[str]:
    measures = previous.get("measures", {})
    for name, label in labels_of(experiment).items():
        before = measures[name]["version"] if name in measures else label.version
        if before != label.version:
            yield f"version of measure {name} was {before}, is {label.version}"


def _flat(experiment: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every parameter and setting by the name that the file has for it.

    A parameter that was added since the file was written stands there at its neutral value.
    """
    grids = experiment.get("grid", {})
    for i, grid in enumerate(grids if isinstance(grids, list) else [grids]):
        for name, value in (grid | {each: new for each, new in added_later().items() if each not in grid}).items():
            yield (f"grid[{i}].{name}" if i else name), value
    yield "zip", experiment.get("zip", [])
    for measure, settings in experiment.get("measure", {}).items():
        yield f"measure.{measure}", _ABSENT
        yield from ((f"measure.{measure}.{name}", value) for name, value in settings.items())


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, each)
    else:
        yield path, value


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield a few words on each entry that is not the same; those under an entry that came or went are not named."""
    gone = [name for name in was if name not in now]
    new = [name for name in now if name not in was]
    yield from (f"{name} is gone" for name in gone if name.rpartition(".")[0] not in gone)
    yield from (f"{name} is new" for name in new if name.rpartition(".")[0] not in new)
    for name in now:
        if name in was and was[name] != now[name]:
            yield f"{name} was {_shown(was[name])}, is {_shown(now[name])}"


def _shown(value: Any) -> str:
    """Return a value as the experiment file has it, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (bool, list, dict)) else str(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def _listed(changes: list[str]) -> str:
    more = len(changes) - _MOST
    return "; ".join(changes[:_MOST]) + (f"; and {more} more" if more > 0 else "")
