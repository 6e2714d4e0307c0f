"""Experiment files: TOML in, a checked `Experiment` out, or every problem of the file at once.

The file is data: nothing in it is evaluated or imported, and what it may cost to read is bounded.
"""

from rnnlab.experiment.model import Axis, Experiment, Grid
from rnnlab.experiment.names import proposal as name_for
from rnnlab.experiment.parsing import parse, read, trial
from rnnlab.experiment.wanted import wanted

__all__ = ["Axis", "Experiment", "Grid", "name_for", "parse", "read", "trial", "wanted"]
