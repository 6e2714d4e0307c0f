"""The columns of every table of a store."""

from __future__ import annotations

from functools import cache

from rnnlab import measures
from rnnlab.columns import KEY, Column
from rnnlab.errors import UsageError
from rnnlab.store.layouts import owner
from rnnlab.trial import parameters

SETTINGS = Column("settings", "string", "hash of the settings of the measure")
VERSION = Column("measure_version", "int64", "version of the measure")
ENVIRONMENT = Column("environment", "string", "hash of versions and machine; the manifest tells what it stands for")
MEASURE = Column("measure", "string", "name of the measure")

LABELS = (KEY, SETTINGS, VERSION)  # a trial is done for a measure when this is in its per-trial table
BOOKKEEPING: dict[str, tuple[Column, ...]] = {
    "failures": (
        KEY,
        *(parameter.column for parameter in parameters().values()),
        MEASURE,
        Column("message", "string", "what was raised"),
        Column("traceback", "string", "where it was raised"),
        ENVIRONMENT,
    ),
    "timings": (
        KEY,
        MEASURE,
        Column("seconds", "float64", "time of the trial's block, shared equally", "s"),
        Column("host", "string", "machine that computed it"),
    ),
}


@cache
def columns_of(table: str) -> tuple[Column, ...]:
    """Return the columns of a table, in order; raises UsageError for a table that no measure has.

    The per-trial table of a measure: key, all parameters, settings, version, environment, then what was measured.
    A long table: key, what was measured, settings, version; so it stays labelled when the settings change.
    """
    if table in BOOKKEEPING:
        return BOOKKEEPING[table]
    module = measures.registry().get(owner(table))
    if module is None or table not in module.TABLES:
        remedy = "install the package that has it, or a newer rnnlab"
        raise UsageError(f"{table} is no table of a measure that this rnnlab knows: {remedy}.")
    own = tuple(module.TABLES[table])
    if table != owner(table):
        return (KEY, *own, SETTINGS, VERSION)
    return (KEY, *(p.column for p in parameters().values()), SETTINGS, VERSION, ENVIRONMENT, *own)
