"""What a measure costs for one trial, told from its shape before anything runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """The work of one measure for one trial, beyond the forward pass that all measures share."""

    flops: float = 0.0  # of matrix products
    rows: int = 0  # of its long tables
    bytes: int = 0  # of memory that it holds at a time, rows not counted
    streams: bool = False  # whether states and sequences that are too long to hold are read piece by piece
    pauses: bool = False  # whether it is worked on piece by piece, with fresh sequences for each

    def __add__(self, other: Work) -> Work:
        """Return the work of both measures, one after the other."""
        return Work(
            self.flops + other.flops, self.rows + other.rows, max(self.bytes, other.bytes),
            self.streams and other.streams, self.pauses and other.pauses,
        )  # fmt: skip
