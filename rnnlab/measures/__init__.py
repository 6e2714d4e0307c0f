"""Measures: named sets of statistics computed for a trial, one module each, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

_MODULES = {"gradients": "rnnlab.measures.gradients"}


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
    """Return every measure by name: a module with NAME, VERSION, Settings, TABLES and measure()."""
    return _REGISTRY
