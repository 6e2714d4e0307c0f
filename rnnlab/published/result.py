"""A published result: what the literature says, what rnnlab finds, and how far the two may lie apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Relation = Literal["=", "<=", ">="]
SURE = 4.0  # standard errors that a measurement may lie off


@dataclass(frozen=True, slots=True)
class Measured:
    """A number and its standard error; 0 where nothing is random."""

    value: float
    error: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One claim that can fail: measured `relation` expected, within the tolerance.

    Four standard errors are allowed for where numbers are to be equal, and must be left over where a bound is to hold.
    """

    name: str
    source: str
    expected: float
    tolerance: float
    because: str  # of what the tolerance is made
    measure: Callable[[], Measured]
    relation: Relation = "="
    slow: bool = False  # left out of the quick check

    def check(self) -> Finding:
        """Measure, and compare."""
        found = self.measure()
        off = found.value - self.expected
        room, doubt = self.tolerance, SURE * found.error
        passed = {"=": abs(off) <= room + doubt, "<=": off <= room - doubt, ">=": off >= doubt - room}[self.relation]
        return Finding(
            self.name, self.source, self.relation, self.expected, self.tolerance, self.because, found.value,
            found.error, passed,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """What came out of a published result; a measurement that is nan passes nothing."""

    name: str
    source: str
    relation: Relation
    expected: float
    tolerance: float
    because: str
    measured: float
    error: float
    passed: bool
