"""DataFrame -> matplotlib Figure, without pyplot and without a display: one file a kind, imported when it is used.

`CATALOGUE` says what kinds there are. Each is a function of its name that takes frames as `Results` has them and
returns a Figure; `plot` takes results and finds the frames. Inside `with look(size="column", dark=True):` figures are
of that size and for dark pages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnnlab.figures.catalogue import CATALOGUE, FORMATS, KINDS, SIZES, Kind

if TYPE_CHECKING:
    from rnnlab.figures.beside_theory import theory
    from rnnlab.figures.by_lag import lags
    from rnnlab.figures.distributions import histogram
    from rnnlab.figures.growth_rates import growth
    from rnnlab.figures.heat_maps import pairs
    from rnnlab.figures.kinds import kind_for, kind_of, plot
    from rnnlab.figures.lengths import length
    from rnnlab.figures.of_measure import statistics
    from rnnlab.figures.phases import phase
    from rnnlab.figures.saving import save
    from rnnlab.figures.spectra import spectrum
    from rnnlab.figures.strips import rates
    from rnnlab.figures.style import look
    from rnnlab.figures.success_rates import success
    from rnnlab.figures.survivals import survival
    from rnnlab.figures.time_steps import chosen, steps
    from rnnlab.figures.training_curves import drawn, training

__all__ = [
    "CATALOGUE",
    "FORMATS",
    "KINDS",
    "SIZES",
    "Kind",
    "chosen",
    "drawn",
    "growth",
    "histogram",
    "kind_for",
    "kind_of",
    "lags",
    "length",
    "look",
    "pairs",
    "phase",
    "plot",
    "rates",
    "save",
    "spectrum",
    "statistics",
    "steps",
    "success",
    "survival",
    "theory",
    "training",
]
_PLACES = {
    "beside_theory": ("theory",),
    "by_lag": ("lags",),
    "distributions": ("histogram",),
    "growth_rates": ("growth",),
    "heat_maps": ("pairs",),
    "kinds": ("kind_for", "kind_of", "plot"),
    "lengths": ("length",),
    "of_measure": ("statistics",),
    "phases": ("phase",),
    "saving": ("save",),
    "spectra": ("spectrum",),
    "strips": ("rates",),
    "style": ("look",),
    "success_rates": ("success",),
    "survivals": ("survival",),
    "time_steps": ("chosen", "steps"),
    "training_curves": ("drawn", "training"),
}


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            return globals().setdefault(name, getattr(import_module(f"{__name__}.{module}"), name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
