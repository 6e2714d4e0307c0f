"""Measures of long work: they can be paused, and go on from their states in another process to the same bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from rnnlab.networks import Networks

State = dict[str, "np.ndarray"]  # of one network: everything that what is left to do depends on; no Python objects


class Pausing(Protocol):
    """What a measure's module offers, besides the rest, to be worked on piece by piece.

    Its `measure()` does the same all at once. What comes out never depends on where it paused, nor on which networks
    were worked on together: the states of a block may come back divided into other blocks. A module may also offer
    `progress(state) -> float`, how much of a network's work is done, from 0 to 1.
    """

    def advance(
        self, networks: Networks, settings: Any, states: Sequence[State | None], seconds: float
    ) -> Sequence[State]:
        """Work for about so many seconds and return the states, one a network; less where all are done before.

        states: as they were returned, or None for a network of which nothing is done. However few the seconds, every
        network that is not done gets further.
        """

    def done(self, state: State) -> bool:
        """Whether nothing is left to do for the network of this state."""

    def tables(
        self, networks: Networks, settings: Any, states: Sequence[State]
    ) -> Mapping[str, Mapping[str, np.ndarray]]:
        """Return the tables of networks that are done, as `measure()` does."""
