"""Experiment files: TOML in, a checked `Experiment` out, or every problem of the file at once.

The file is data: nothing in it is evaluated or imported, and what it may cost to read is bounded.
"""

from rnnlab.experiment.drafting import Draft, draft
from rnnlab.experiment.model import Axis, Experiment, Grid
from rnnlab.experiment.names import proposal as name_for
from rnnlab.experiment.names import refusal
from rnnlab.experiment.parsing import parse, read, recorded, trial
from rnnlab.experiment.schema import json_schema
from rnnlab.experiment.wanted import wanted
from rnnlab.experiment.writing import written

__all__ = [
    "Axis",
    "Draft",
    "Experiment",
    "Grid",
    "draft",
    "json_schema",
    "name_for",
    "parse",
    "read",
    "recorded",
    "refusal",
    "trial",
    "wanted",
    "written",
]
