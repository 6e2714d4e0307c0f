"""Measures: named sets of statistics computed for a trial, one module each, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

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
        return import_module(_MODULES[name])

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


_REGISTRY = _Registry()


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
