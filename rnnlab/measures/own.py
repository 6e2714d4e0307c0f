"""A measure of a package: held to the contract when it is loaded, and its columns to what it says of them."""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rnnlab.columns import Column
from rnnlab.errors import UsageError
from rnnlab.measures.work import Work
from rnnlab.plugins import Entry
from rnnlab.trial import parameters

if TYPE_CHECKING:
    from rnnlab.networks import Networks, Trajectory
    from rnnlab.trial import Trial

_WORDS = ("NAME", "VERSION", "TABLES", "Settings", "work", "measure")
_TAKEN = frozenset({"key", "settings", "measure_version", "environment", "trial"})  # columns that every table has


class OwnMeasure(ModuleType):
    """A measure like those of this folder, whose tables are looked at before anybody stores them."""

    def __init__(self, entry: Entry) -> None:
        measure = entry.load()
        super().__init__(entry.value, measure.__doc__)
        self._entry, self._measure = entry, measure
        lacking = [name for name in _WORDS if not hasattr(self._measure, name)]
        if lacking:
            raise self._error(f"has no {', '.join(lacking)}: docs/how-to/own-package.md says what a measure has")
        self.package = entry.package
        self.NAME, self.VERSION = self._measure.NAME, self._measure.VERSION
        self.Settings = self._measure.Settings
        self.TABLES: dict[str, tuple[Column, ...]] = {name: tuple(own) for name, own in self._measure.TABLES.items()}
        if entry.name != self.NAME:
            raise self._error(f"has NAME = {self.NAME!r}: it must be that of its entry point, {entry.name!r}")
        if type(self.VERSION) is not int or self.VERSION < 1:
            raise self._error(f"has VERSION = {self.VERSION!r}: it must be a whole number from 1 on")
        self._check_settings()
        self._check_tables()

    def work(self, trial: Trial, settings: Any) -> Work:
        """Return what the measure costs for a trial."""
        found = self._measure.work(trial, settings)
        if not isinstance(found, Work):
            raise self._error(f"has a work() that returns {type(found).__name__}: it must be an rnnlab.Work")
        return found

    def measure(self, networks: Networks, trajectory: Trajectory, settings: Any) -> dict[str, dict[str, Any]]:
        """Return the tables of these networks, column by column; raises UsageError where they are not as described."""
        found = self._measure.measure(networks, trajectory, settings)
        if self.NAME not in found or not set(found) <= set(self.TABLES):
            raise self._error(f"measured the tables {sorted(found)}: it describes {sorted(self.TABLES)}")
        for table, columns in found.items():
            if columns or table == self.NAME:
                self._check_columns(table, columns, len(networks.U))
        return found

    def __getattr__(self, name: str) -> Any:
        if name in ("misfits", "LEAKY", "NEEDS_TASK"):  # what a measure may have besides
            return getattr(self._measure, name)
        raise AttributeError(name)

    def _check_settings(self) -> None:
        from pydantic import BaseModel

        if not (isinstance(self.Settings, type) and issubclass(self.Settings, BaseModel)):
            raise self._error("has Settings that are no pydantic.BaseModel")
        if self.Settings.model_config.get("extra") != "forbid":
            raise self._error('has Settings that take any name: give them model_config = ConfigDict(extra="forbid")')

    def _check_tables(self) -> None:
        names = re.compile(rf"{re.escape(self.NAME)}(_by_[a-z][a-z0-9_]*)?")
        strange = [name for name in self.TABLES if not names.fullmatch(name) or len(name) > 64]
        if strange or self.NAME not in self.TABLES:
            rule = f"there must be {self.NAME}, the others are {self.NAME}_by_..."
            raise self._error(f"has the tables {', '.join(self.TABLES)}: {rule}")
        taken = _TAKEN | {parameter.column.name for parameter in parameters().values()}
        for table, columns in self.TABLES.items():
            for column in columns:
                if not isinstance(column, Column):
                    raise self._error(f"has {column!r} in its table {table}: a column is an rnnlab.Column")
                if column.name in taken and (table == self.NAME or column.name in _TAKEN):
                    raise self._error(f"has a column {column.name} in {table}, a name of rnnlab's: call it otherwise")

    def _check_columns(self, table: str, columns: dict[str, Any], networks: int) -> None:
        described = [column.name for column in self.TABLES[table]]
        described += [] if table == self.NAME else ["trial"]
        if sorted(columns) != sorted(described):
            raise self._error(f"measured {', '.join(sorted(columns))} of {table}: it is {', '.join(sorted(described))}")
        rows = networks if table == self.NAME else len(columns["trial"])
        wrong = [f"{name} {len(values)}" for name, values in columns.items() if len(values) != rows]
        if wrong:
            raise self._error(f"measured columns of unequal length in {table}: {', '.join(wrong)} of {rows} rows")

    def _error(self, why: str) -> UsageError:
        return UsageError(f"{self._entry.words} {why}.")


@cache
def own_measure(entry: Entry) -> OwnMeasure:
    """Return the measure of an entry; raises UsageError where it cannot be imported or used."""
    return OwnMeasure(entry)
