"""The fake measure in real runs: numbers that cost nothing, and trials that can be told to fail."""

from __future__ import annotations

from rnnlab import draws
from tests import fake_measure


def install(monkeypatch, check=lambda trials: None) -> None:
    """Make the fake measure known to `runner.run` with one thread; `check` may raise for a block's trials."""
    fake_measure.install(monkeypatch)
    current: list = []
    original = fake_measure.measure

    def networks(trials):
        current[:] = trials
        return _Whole(trials)

    def measure(networks, trajectory, settings):
        check(tuple(current))
        return original(tuple(current), trajectory, settings)

    monkeypatch.setattr(draws, "networks", networks)
    monkeypatch.setattr(fake_measure, "measure", measure)


class _Whole(tuple):
    """As much of Networks as the runner asks for: nothing is drawn."""

    def slabs(self):
        yield self

    @property
    def shape(self):
        return (len(self),)
