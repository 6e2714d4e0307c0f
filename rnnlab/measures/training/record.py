"""What is remembered of one network in training, as arrays: nan is null."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnlab.measures.training.described import NORMS, ROW
from rnnlab.networks.trainer import Progress

PLACE = {name: i for i, name in enumerate(ROW)}
_OF_UPDATE = ("update", "loss", *NORMS, "update_ratio")  # what an update tells by itself
_U = PLACE["log10_grad_norm_U"]
FLOSSED = -1  # in place of the update that was not finite: before the first, on the flossing loss alone
_ROUNDING = 1e-6  # of log10 of a norm


class Record:
    """The rows of one network so far, and what its summary needs besides."""

    def __init__(self, state: dict[str, np.ndarray] | None) -> None:
        empty = np.full(len(ROW), np.nan)
        kept = state or {"rows": np.empty((0, len(ROW))), "first": empty, "last": empty}
        self._rows = [kept["rows"]] if len(kept["rows"]) else []
        self.first, self.last = kept["first"], kept["last"]
        self.peak, self.clipped = float(kept.get("peak", -np.inf)), int(kept.get("clipped", 0))
        self.update, self.solved = int(kept.get("update", 0)), int(kept.get("solved", -1))
        self.flossed = int(kept.get("flossed", 0))  # updates on the flossing loss alone, before the first
        self.diverged, self.done = int(kept.get("diverged", 0)), bool(kept.get("done", False))

    def state(self, updates: int) -> dict[str, np.ndarray]:
        """Return it as arrays; `updates` is how many there are to make, those on the flossing loss alone included."""
        numbers = {
            "first": self.first, "last": self.last, "peak": self.peak, "clipped": self.clipped, "update": self.update,
            "solved": self.solved, "diverged": self.diverged, "done": self.done, "flossed": self.flossed,
            "share": (self.flossed + self.update) / updates,
        }  # fmt: skip
        rows = np.concatenate(self._rows) if self._rows else np.empty((0, len(ROW)))
        self._rows = [rows]
        return {"rows": rows, **{name: np.array(value) for name, value in numbers.items()}}

    def note(self, told: Progress, g: int, wanted: Any) -> None:
        """Take in what the next n updates tell of network g; rows of those for which `wanted` (n,) is true."""
        n = len(wanted)
        if n == 0:
            return
        rows = _rows(told, g, self.update)[:n]
        if self.update == 0:
            self.first = rows[0]
        self.last, self.update = rows[-1], int(rows[-1, 0])
        self.peak = float(np.fmax(self.peak, np.fmax.reduce(rows[:, _U])))
        with np.errstate(invalid="ignore"):  # -inf of a gradient that is exactly zero
            shorter = np.abs(told.log10_norm[g, :n] - told.log10_clipped_norm[g, :n]) > _ROUNDING
        self.clipped += int(np.count_nonzero(shorter.any(axis=1)))
        if (chosen := rows[wanted]).size:
            self._rows.append(chosen)

    def end_diverged(self, update: int) -> None:
        """Note that this update was not finite: the rows end before it."""
        self.here()
        self.diverged, self.done = update, True

    def end_flossing(self) -> None:
        """Note that it diverged before the first update."""
        self.here()
        self.diverged, self.done = FLOSSED, True

    def here(self) -> np.ndarray:
        """Return the row of the last update, to be filled."""
        if not self._rows or self._rows[-1][-1, 0] != self.update:
            row = self.last if self.update else np.where(np.arange(len(ROW)) == 0, 0.0, np.nan)
            self._rows.append(row[None].copy())
        return self._rows[-1][-1]


def _rows(told: Progress, g: int, before: int) -> np.ndarray:
    """Return K rows of what updates tell, the columns of tests null."""
    K = told.loss.shape[1]
    columns = [
        before + 1 + np.arange(K), told.loss[g], *told.log10_norm[g].T, *told.log10_clipped_norm[g].T,
        told.update_ratio[g],
    ]  # fmt: skip
    rows = np.full((K, len(ROW)), np.nan)
    rows[:, [PLACE[name] for name in _OF_UPDATE]] = np.column_stack(columns)
    return rows
