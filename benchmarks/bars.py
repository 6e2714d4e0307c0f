"""A bar: what is asked, what was measured, and whether it is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One number that must be at least, or at most, a limit."""

    what: str
    measured: float
    limit: float
    least: bool
    form: str = "{:.2f}"  # "{:.0%}" for shares, "{:.2f} s" for times

    @property
    def met(self) -> bool:
        """Say whether the number is on the right side of the limit."""
        return self.measured >= self.limit if self.least else self.measured <= self.limit

    @property
    def cell(self) -> str:
        """The number with its bar, for a table."""
        sign = ">=" if self.least else "<="
        mark = "met" if self.met else "**missed**"
        return f"{self.form.format(self.measured)} ({sign} {self.form.format(self.limit)}: {mark})"


def summary(bars: Iterable[Bar]) -> str:
    """Return one line that names every bar that is missed."""
    bars = list(bars)
    missed = [bar for bar in bars if not bar.met]
    if not missed:
        return f"All {len(bars)} bars are met." if bars else "No bar was measured."
    names = "; ".join(f"{bar.what}: {bar.cell}" for bar in missed)
    return f"{len(bars) - len(missed)} of {len(bars)} bars are met. Missed: {names}."


def row(*cells: object) -> str:
    """Return one line of a Markdown table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def table(head: list[str], rows: Iterable[list[object]]) -> str:
    """Return a Markdown table."""
    return "\n".join([row(*head), row(*["---"] * len(head)), *(row(*cells) for cells in rows)])
