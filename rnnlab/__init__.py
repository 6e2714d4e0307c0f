"""rnnlab: how the gradient of recurrent networks vanishes or explodes, measured exactly over whole grids.

Everything here is imported when it is first used, so that `import rnnlab` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnlab.api import Results, draw, gradient_statistics, gradients, load, run
    from rnnlab.errors import (
        ExperimentError,
        RnnlabError,
        StoreBusy,
        StoreDamaged,
        StoreIOError,
        TrialsFailed,
        UsageError,
    )

__version__ = "0.1.0"
__all__ = [
    "ExperimentError",
    "Results",
    "RnnlabError",
    "StoreBusy",
    "StoreDamaged",
    "StoreIOError",
    "TrialsFailed",
    "UsageError",
    "__version__",
    "draw",
    "gradient_statistics",
    "gradients",
    "load",
    "run",
]
_API = {"Results", "draw", "gradient_statistics", "gradients", "load", "run"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("rnnlab.api" if name in _API else "rnnlab.errors"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
