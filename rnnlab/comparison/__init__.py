"""Two sets of results beside each other: what was asked for, with what it was computed, and every number, in bits."""

from rnnlab.comparison.aligning import Pair, Side, paired
from rnnlab.comparison.deviations import Deviation, deviation
from rnnlab.comparison.differing import Difference, Shared, TableDifference, difference
from rnnlab.comparison.judging import ColumnVerdict, TableVerdict, judged, worst
from rnnlab.comparison.records import Change, Changes, changes
from rnnlab.comparison.signs import LEVEL, TEST, seeds_needed

__all__ = [
    "LEVEL",
    "TEST",
    "Change",
    "Changes",
    "ColumnVerdict",
    "Deviation",
    "Difference",
    "Pair",
    "Shared",
    "Side",
    "TableDifference",
    "TableVerdict",
    "changes",
    "deviation",
    "difference",
    "judged",
    "paired",
    "seeds_needed",
    "worst",
]
