"""Whether a worker elsewhere computes what the driver would: same versions, kernels and processor, or other bits."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from rnnlab import environment, plugins
from rnnlab.errors import UsageError
from rnnlab.executors.failures import WorkersDiffer

_REMEDY = (
    "Tables must be the same bits on every worker: give all the versions of requirements.lock and one kind of node"
)


@cache
def here() -> dict[str, Any]:
    """Return the description of this process's environment, made once."""
    return environment.describe()


def check_here(expected: str, packages: Iterable[plugins.Record] = ()) -> None:
    """Raise WorkersDiffer where the fingerprint of this process's environment is another one, with these packages."""
    found = environment.fingerprint(environment.with_packages(here(), plugins.codes(packages)))
    if found != expected:
        raise WorkersDiffer(f"the worker on {platform.node()} has environment {found}, not {expected}. {_REMEDY}.")


def check_packages(expected: Iterable[plugins.Record]) -> None:
    """Raise WorkersDiffer where a package that an experiment takes parts from is not here in the same version."""
    try:
        plugins.require(list(expected), exactly=True)
    except UsageError as error:
        raise WorkersDiffer(f"the worker on {platform.node()} lacks what the driver has: {error}. {_REMEDY}.") from None


def check_all(found: Mapping[str, Any]) -> None:
    """Raise WorkersDiffer where one of these workers, address to description or exception, is not as this process."""
    for address, theirs in found.items():
        if isinstance(theirs, BaseException):
            raise WorkersDiffer(
                f"the worker {address} cannot run rnnlab ({type(theirs).__name__}: {theirs}). {_REMEDY}."
            )
        if environment.fingerprint(theirs) != environment.fingerprint(here()):
            differing = "; ".join(differences(here(), theirs))
            raise WorkersDiffer(f"the worker {address} differs from this process: {differing}. {_REMEDY}.")


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """Yield "numpy 2.1.0 there, 2.2.0 here" for all that can change bits."""
    there, mine = dict(_relevant(theirs)), dict(_relevant(ours))
    for name, value in mine.items():
        if there.get(name) != value:
            yield f"{name} {there.get(name)} there, {value} here"


def _relevant(description: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("rnnlab", "kernels", "python"):
        yield name, description[name]
    yield from description["packages"].items()
    for name in ("architecture", "cpu", "libc", "compiled_for"):
        yield name, description["machine"][name]
    yield "blas", description["blas"]
