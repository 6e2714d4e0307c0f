"""Measures: named sets of statistics computed for a trial, one module each, imported when it is asked for.

Those of installed packages go by the name of their entry point. `registry` has them too; a walk over it meets
rnnlab's own alone, so that no package is imported which nobody named.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rnnlab import plugins
from rnnlab.errors import UsageError
from rnnlab.measures.work import Work

if TYPE_CHECKING:
    from rnnlab.trial import Trial

_MODULES = {
    "gradients": "rnnlab.measures.gradients",
    "gain": "rnnlab.measures.gain",
    "terms": "rnnlab.measures.terms",
    "lags": "rnnlab.measures.lags",
    "horizon": "rnnlab.measures.horizon",
    "jacobian": "rnnlab.measures.jacobian",
    "lyapunov": "rnnlab.measures.lyapunov",
    "theory": "rnnlab.measures.theory",
    "digits": "rnnlab.measures.digits",
    "training": "rnnlab.measures.training",
}


class _Registry(Mapping[str, ModuleType]):
    """Measures by name; to list the names imports nothing."""

    def __getitem__(self, name: str) -> ModuleType:
        if name in _MODULES:
            return import_module(_MODULES[name])
        entry = _entry(name)
        if entry is None:
            raise KeyError(name)
        from rnnlab.measures.own import own_measure

        return own_measure(entry)

    def __contains__(self, name: object) -> bool:
        return name in _MODULES or (isinstance(name, str) and _entry(name) is not None)

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


_REGISTRY = _Registry()


def _entry(name: str) -> plugins.Entry | None:
    try:
        return plugins.find("measure", name, _MODULES)
    except plugins.Unknown:
        return None
    except plugins.Refused as error:
        raise UsageError(f"the measure {error}") from None


def names() -> tuple[str, ...]:
    """Return the names of all measures, those of installed packages last; imports none."""
    return (*registry(), *(entry.name for entry in plugins.entries("measure")))


def is_own(name: str) -> bool:
    """Say whether a measure of this name would be that of a package."""
    return name not in _MODULES


def recorded(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the measures of a manifest in the order of the registry; warns of those that nothing here has."""
    there = manifest["measures"]
    others = sorted(name for name in there if name not in _MODULES)
    return (*(name for name in _MODULES if name in there), *(name for name in others if _is_usable(name, manifest)))


def _is_usable(name: str, manifest: Mapping[str, Any]) -> bool:
    try:
        if name in _REGISTRY:
            return bool(_REGISTRY[name])
        why = "no package that is installed here has it"
    except UsageError as error:
        why = str(error).removesuffix(".")
    listed = manifest.get("plugins", [])
    of = [each for each in listed if each.get("kind") == "measure" and each.get("name") == name]
    whose = f" of the package {of[0]['package']} {of[0]['version']}" if of else ""
    warnings.warn(f"the measure {name}{whose} is left out: {why}. Its tables are Parquet all the same.", stacklevel=3)
    return False


def registry() -> Mapping[str, ModuleType]:
    """Return every measure by name: a module with NAME, VERSION, Settings, TABLES, measure() and work().

    One of long work is a `pausing.Pausing` besides: advance(), done() and tables().
    """
    return _REGISTRY


def pauses(name: str) -> bool:
    """Say whether the measure is worked on piece by piece."""
    return hasattr(registry()[name], "advance")


def work_of(trial: Trial, measures: Mapping[str, Mapping[str, Any]]) -> Work:
    """Return what these measures (settings by name, complete) cost together for a trial."""
    modules = {name: registry()[name] for name in measures}
    parts = [module.work(trial, module.Settings.model_construct(**measures[name])) for name, module in modules.items()]
    return sum(parts[1:], start=parts[0]) if parts else Work()
