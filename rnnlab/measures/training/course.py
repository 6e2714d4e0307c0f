"""The course of training: pieces of updates, and between them the looks of the schedule."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from rnnlab.measures.training.others import measured, radii
from rnnlab.measures.training.record import PLACE, Record
from rnnlab.measures.training.settings import Settings
from rnnlab.networks import Networks, Training
from rnnlab.networks.trainer import Trainer

PIECE_BYTES = 2**23  # of batches that are drawn at a time
PIECE_FLOPS = 1e10  # of one piece at most: what a pause waits for
_PREFIX = "trainer "  # of what the Trainer keeps in a state


class Course:
    """Networks on their way: those that have made the same number of updates make the next piece side by side."""

    def __init__(
        self, networks: Networks, training: Training, settings: Settings, states: Sequence[dict[str, Any] | None]
    ) -> None:
        self._sources, source = np.unique(networks.source, return_inverse=True)
        self._networks, self._training, self._settings = replace(networks, source=source), training, settings
        self._trainer = Trainer(self._networks, training.regime)
        self._records = [Record(state) for state in states]
        for g, state in enumerate(states):
            if state is not None and not state["done"]:
                self._trainer.restore(
                    g, {k.removeprefix(_PREFIX): v for k, v in state.items() if k.startswith(_PREFIX)}
                )

    def states(self) -> list[dict[str, np.ndarray]]:
        """Return one state a network: what is told so far, and all that the future depends on."""
        self._trainer.active[:] = [not record.done for record in self._records]
        kept = [{f"{_PREFIX}{k}": v for k, v in self._trainer.state(g).items()} for g in range(len(self._records))]
        return [
            {**record.state(self._settings.updates + int(before)), **({} if record.done else each)}
            for record, before, each in zip(self._records, self._training.flossing_updates, kept, strict=True)
        ]

    def run(self, seconds: float) -> None:
        """Go on for about so many seconds, at least one piece for every network that is not done."""
        end = time.monotonic() + seconds
        while groups := self._groups():
            for group in groups:
                self._piece(group)
            if time.monotonic() >= end:
                return

    def _groups(self) -> list[np.ndarray]:
        """Return the networks that are not done, those at the same place of their course together."""
        left = [g for g, record in enumerate(self._records) if not record.done]
        places = [self._place(g) for g in left]
        return [
            np.array([g for g, each in zip(left, places, strict=True) if each == place], np.int64)
            for place in sorted(set(places))
        ]

    def _place(self, g: int) -> tuple[int, int, int]:
        """Return the updates made, and of those on the flossing loss alone what is made and to be made: 0, 0 after."""
        record, number = self._records[g], int(self._training.flossing_updates[g])
        flossing = record.update == 0 and record.flossed < number
        return (0, record.flossed, number) if flossing else (record.update, 0, 0)

    def _piece(self, group: np.ndarray) -> None:
        start, flossed, number = self._place(group[0])
        if flossed < number:
            self._floss(group, flossed, min(number, flossed + self._length(group)))
            return
        if start == 0:
            self._look(np.array([g for g in group if not self._records[g].done], np.int64), 0)
            group = np.array([g for g in group if not self._records[g].done], np.int64)
            if not len(group):
                return
        stop = min(self._settings.stop(start), start + self._length(group))
        told = self._trained(group, start, stop)
        wanted = np.array([self._settings.is_row(u) for u in range(start + 1, stop + 1)])
        for g in group:
            lost = int(self._trainer.diverged[g])
            self._records[g].note(told, int(g), wanted[: lost - 1 - start] if lost else wanted)
            if lost:
                self._records[g].end_diverged(lost)
        self._look(np.array([g for g in group if not self._records[g].done], np.int64), stop)

    def _trained(self, group: np.ndarray, start: int, stop: int) -> Any:
        """Make the updates start+1..stop of a group."""
        self._only(group)
        return self._trainer.advance(*self._batches(group, start, stop, "training"))

    def _floss(self, group: np.ndarray, start: int, stop: int) -> None:
        """Make the updates start+1..stop of a group of those that are on the flossing loss alone."""
        self._only(group)
        self._trainer.floss(*self._batches(group, start, stop, "flossing"))
        if stop == self._training.flossing_updates[group[0]]:
            self._trainer.forget()
        for g in group:
            self._records[g].flossed = stop
        for g in group[self._trainer.diverged[group] > 0]:
            self._records[g].end_flossing()

    def _only(self, group: np.ndarray) -> None:
        """Let this group alone be trained, those of it that are finite."""
        self._trainer.active[:] = False
        self._trainer.active[group] = self._trainer.diverged[group] == 0

    def _batches(self, group: np.ndarray, start: int, stop: int, stream: str) -> tuple[np.ndarray, np.ndarray]:
        wanted = np.unique(self._networks.source[group])
        drawn = {i: self._training.lessons.batches(int(self._sources[i]), start, stop, stream) for i in wanted}
        x, y = (np.empty((len(self._sources), *each.shape), each.dtype) for each in drawn[wanted[0]])
        for i, own in drawn.items():
            x[i], y[i] = own
        return x, y

    def _length(self, group: np.ndarray) -> int:
        """Return how many updates a piece has: so many that neither its batches nor its time are too much."""
        _G, T, B, N, D, O = self._networks.shape
        number = len(np.unique(self._networks.source[group]))
        room = number * T * B * (D + O) * self._networks.dtype.itemsize
        flops = len(group) * 6.0 * T * B * N * (N + D + O) * self._slowness(group)
        return max(1, int(min(PIECE_BYTES // room, PIECE_FLOPS / flops)))

    def _slowness(self, group: np.ndarray) -> float:
        """Return how often the longest course through a sequence is made again, by windows or sensitivities."""
        from rnnlab.kernels.regime import RTRL

        _G, T, _B, N, _D, _O = self._networks.shape
        regime = self._training.regime
        again = np.minimum(regime.k2[group], T) / np.maximum(regime.k1[group], 1)
        return float(np.where(regime.rule[group] == RTRL, float(N) ** 2, np.maximum(again, 1.0)).max())

    def _look(self, group: np.ndarray, update: int) -> None:
        """Test the group, and measure it, where the schedule says so; end what has succeeded or made all updates."""
        if self._settings.is_test(update) and len(group):
            self._test(group, update)
        done = np.array([self._records[g].done for g in group], bool)
        due = done if not self._settings.is_measured(update) else np.ones(len(group), bool)
        if self._settings.measures_every and due.any():
            self._measure(group[due])

    def _test(self, group: np.ndarray, update: int) -> None:
        x, y = self._tests
        self._only(group)
        loss, accuracy = self._trainer.evaluate(x, y, self._training.scored, self._training.tolerance)
        loss = np.where(np.isnan(loss), np.inf, loss)  # outputs that are not finite
        radius = radii(self._trainer.U[group])
        for g, each in zip(group, radius, strict=True):
            record = self._records[g]
            row = record.here()
            row[[PLACE["test_loss"], PLACE["accuracy"], PLACE["spectral_radius"]]] = loss[g], accuracy[g], each
            if record.solved < 0 and self._succeeds(loss[g], accuracy[g], self._training.baseline[g]):
                record.solved = update
            stopped = record.solved >= 0 and self._settings.stop_at_success
            record.done = stopped or update == self._settings.updates

    def _succeeds(self, loss: float, accuracy: float, baseline: float) -> bool:
        quantity, own = self._training.success
        threshold = own if self._settings.success is None else self._settings.success
        return bool(accuracy >= threshold if quantity == "accuracy" else loss <= threshold * baseline)

    def _measure(self, group: np.ndarray) -> None:
        from rnnlab.measures.training.others import chosen

        x, y = self._batch
        now = replace(self._trainer.networks(), x=x, y=y, target=self._networks.source)
        for name, values in measured(chosen(now, group)).items():
            for g, value in zip(group, values, strict=True):
                self._records[g].here()[PLACE[name]] = value

    @cached_property
    def _tests(self) -> tuple[np.ndarray, np.ndarray]:
        """The test set of every source: x (X, T, S, D) and y (X, T, S, ...)."""
        return self._drawn(self._settings.test_sequences)

    @cached_property
    def _batch(self) -> tuple[np.ndarray, np.ndarray]:
        """As many test sequences as a batch has: what the other measures see; where there are fewer, some twice."""
        B = self._networks.shape[2]
        x, y = self._drawn(B)
        whole = np.arange(B) % x.shape[2]
        return np.take(x, whole, axis=2), np.take(y, whole, axis=2)

    def _drawn(self, sequences: int) -> tuple[np.ndarray, np.ndarray]:
        drawn = [self._training.lessons.test(int(source), sequences) for source in self._sources]
        x, y = (np.stack(each) for each in zip(*drawn, strict=True))
        return x, y
