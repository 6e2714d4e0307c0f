"""DataFrame -> matplotlib Figure, without pyplot and without a display: one file a kind."""

from __future__ import annotations

from rnnlab.figures.beside_theory import theory
from rnnlab.figures.by_lag import lags
from rnnlab.figures.growth_rates import growth
from rnnlab.figures.heat_maps import pairs
from rnnlab.figures.kinds import KINDS, kind_for, kind_of, plot
from rnnlab.figures.lengths import length
from rnnlab.figures.of_measure import statistics
from rnnlab.figures.spectra import spectrum
from rnnlab.figures.strips import rates
from rnnlab.figures.style import FORMATS, save
from rnnlab.figures.success_rates import success
from rnnlab.figures.survivals import survival
from rnnlab.figures.time_steps import chosen, steps
from rnnlab.figures.training_curves import drawn, training

__all__ = [
    "FORMATS",
    "KINDS",
    "chosen",
    "drawn",
    "growth",
    "kind_for",
    "kind_of",
    "lags",
    "length",
    "pairs",
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
