"""rnnlab: how the gradient of recurrent networks vanishes or explodes, measured exactly over whole grids.

Everything here is imported when it is first used, so that `import rnnlab` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnlab import analysis, figures, theory
    from rnnlab.api import Measurement, Results, diff, draw, export, load, measure, reproduce, run, verify
    from rnnlab.arrays import gradient_statistics, gradients, lyapunov_exponents, terms, train
    from rnnlab.columns import Column
    from rnnlab.errors import (
        ExecutorLost,
        ExperimentError,
        RnnlabError,
        StoreBusy,
        StoreDamaged,
        StoreIOError,
        TrialsFailed,
        UsageError,
    )
    from rnnlab.measures.work import Work
    from rnnlab.plugins import Activation
    from rnnlab.tasks import Form
    from rnnlab.torch_state import from_torch_state

__version__ = "0.1.0"
__all__ = [
    "Activation",
    "Column",
    "ExecutorLost",
    "ExperimentError",
    "Form",
    "Measurement",
    "Results",
    "RnnlabError",
    "StoreBusy",
    "StoreDamaged",
    "StoreIOError",
    "TrialsFailed",
    "UsageError",
    "Work",
    "__version__",
    "analysis",
    "diff",
    "draw",
    "export",
    "figures",
    "from_torch_state",
    "gradient_statistics",
    "gradients",
    "load",
    "lyapunov_exponents",
    "measure",
    "reproduce",
    "run",
    "terms",
    "theory",
    "train",
    "verify",
]
_PLACES = {
    "rnnlab.api": ("Measurement", "Results", "diff", "draw", "export", "load", "measure", "reproduce", "run", "verify"),
    "rnnlab.arrays": ("gradient_statistics", "gradients", "lyapunov_exponents", "terms", "train"),
    "rnnlab.columns": ("Column",),
    "rnnlab.errors": (
        "ExecutorLost",
        "ExperimentError",
        "RnnlabError",
        "StoreBusy",
        "StoreDamaged",
        "StoreIOError",
        "TrialsFailed",
        "UsageError",
    ),
    "rnnlab.measures.work": ("Work",),
    "rnnlab.plugins": ("Activation",),
    "rnnlab.tasks": ("Form",),
    "rnnlab.torch_state": ("from_torch_state",),
}
_MODULES = ("analysis", "figures", "theory")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"rnnlab.{name}")
    for module, names in _PLACES.items():
        if name in names:
            return globals().setdefault(name, getattr(import_module(module), name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
