"""Activations, tasks and measures of installed packages, which name them as entry points: nobody has to fork rnnlab."""

from rnnlab.plugins.activation import Activation
from rnnlab.plugins.entries import (
    FULL,
    KINDS,
    Entry,
    Refused,
    Unknown,
    entries,
    find,
    full_name,
    is_full,
    is_installed,
    resolve,
)
from rnnlab.plugins.functions import activation_named, apply, code_of, is_bounded, largest_slope
from rnnlab.plugins.records import Record, codes, record, require

__all__ = [
    "FULL",
    "KINDS",
    "Activation",
    "Entry",
    "Record",
    "Refused",
    "Unknown",
    "activation_named",
    "apply",
    "code_of",
    "codes",
    "entries",
    "find",
    "full_name",
    "is_bounded",
    "is_full",
    "is_installed",
    "largest_slope",
    "record",
    "require",
    "resolve",
]
