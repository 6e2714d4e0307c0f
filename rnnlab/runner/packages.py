"""The installed packages that an experiment takes activations, tasks and measures from."""

from __future__ import annotations

from typing import Any

from rnnlab import measures, plugins
from rnnlab.errors import UsageError
from rnnlab.experiment import Experiment
from rnnlab.plugins import Record


def packages_of(experiment: Experiment) -> list[Record]:
    """Return kind, name, package and version of all that is not rnnlab's own."""
    return plugins.record(*(_named(experiment)[kind] for kind in plugins.KINDS))


def check_packages(experiment: Experiment) -> None:
    """Raise UsageError where a package is missing or of another version, or offers what rnnlab itself has."""
    plugins.require(packages_of(experiment))
    for kind, names in _named(experiment).items():
        for entry in plugins.entries(kind):
            if entry.name in names and (kind != "measure" or not measures.is_own(entry.name)):
                raise UsageError(
                    f"the {kind} {entry.name} is rnnlab's own, and the package {entry.package} {entry.version} offers "
                    f"one of that name too: have it renamed there, or uninstall it (pip uninstall {entry.package})"
                )


def _named(experiment: Experiment) -> dict[str, set[Any]]:
    network = getattr(experiment, "network", {})  # of the user's own, where there is one
    found = {"activation": {network[name] for name in network if name == "activation"}, "task": set[Any]()}
    found["measure"] = set(experiment.measures)
    for axis in (axis for grid in experiment.grids for axis in grid.axes):
        for name, column in zip(axis.names, axis.columns, strict=True):
            if name in ("activation", "task"):
                found[name].update(column)
    return found
