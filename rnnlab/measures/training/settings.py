"""What [measure.training] may hold, and when things happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Count = Annotated[int, Field(ge=1, le=10**9)]


class Settings(BaseModel):
    """What [measure.training] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    updates: Annotated[_Count, Field(description="the updates that are made at most")] = 1000
    every: Annotated[
        _Count | None, Field(description="by-update rows: every n-th update; a hundredth of all if not given")
    ] = None
    test_every: Annotated[
        _Count | None, Field(description="updates from one test to the next; a tenth of all if not given")
    ] = None
    test_sequences: Annotated[
        Annotated[int, Field(ge=1, le=10**6)], Field(description="the sequences of the test set")
    ] = 200
    measures_every: Annotated[
        Annotated[int, Field(ge=0, le=10**9)],
        Field(description="updates from one call of the other measures to the next; 0: none"),
    ] = 0
    success: Annotated[
        Annotated[float, Field(gt=0, le=1)] | None,
        Field(description="accuracy to reach, or share of the baseline to get down to; the task's own if not given"),
    ] = None
    stop_at_success: Annotated[bool, Field(description="whether a network that succeeds stops")] = True

    def is_row(self, update: int) -> bool:
        """Whether there is a row by update whatever else happens."""
        return update % (self.every or max(1, self.updates // 100)) == 0

    def is_test(self, update: int) -> bool:
        """Whether the network is tested after this many updates."""
        return update == self.updates or update % self.between_tests == 0

    def is_measured(self, update: int) -> bool:
        """Whether the network goes through the other measures, if it does not end here."""
        return self.measures_every > 0 and update % self.measures_every == 0

    @property
    def between_tests(self) -> int:
        """Updates from one test to the next."""
        return self.test_every or max(1, self.updates // 10)

    def stop(self, update: int) -> int:
        """Return the next update after which the network is looked at."""
        steps = [self.between_tests, *([self.measures_every] if self.measures_every else [])]
        return min(self.updates, *((update // step + 1) * step for step in steps))


def misfits(settings: Settings, least: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield what cannot be: schedules beyond the last update."""
    for name in ("every", "test_every", "measures_every"):
        step = getattr(settings, name)
        if step is not None and step > settings.updates:
            yield name, f"is {step}, more than updates = {settings.updates}; use at most {settings.updates}."
