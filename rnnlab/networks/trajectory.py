"""The forward pass of networks: held as a whole, or piece by piece where it is too long for that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from rnnlab.kernels import block
from rnnlab.networks.networks import Networks, packed
from rnnlab.networks.workspace import workspace

HELD_BYTES = 2**26  # a trajectory beyond this is read piece by piece

R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """What the forward pass of networks leaves behind."""

    h: np.ndarray  # (G, T+1, B, N)
    slope: np.ndarray  # (G, T, B, N), phi'(a_t)
    rms: np.ndarray  # (G, T+1), root mean square of the state
    diverged: np.ndarray  # (G,), first step with a state that is not finite, or 0


def _run(n: Networks, take: Callable[..., np.ndarray], factors: np.ndarray | None = None) -> States:
    G, T, B, N, _D, _O = n.shape
    states = States(
        take("h", (G, T + 1, B, N), n.dtype), take("slope", (G, T, B, N), n.dtype), np.empty((G, T + 1)),
        np.zeros(G, np.int64),
    )  # fmt: skip
    drives, drive = n.drives
    factors = np.empty((0, B, N), n.dtype) if factors is None else factors
    block.forward(
        n.codes, n.U, n.W, n.b, n.leak, np.asarray(n.x), n.source, n.h0, n.initial, drives, drive, factors, states.h,
        states.slope, states.rms, states.diverged, n.chunk, packed(n),
    )  # fmt: skip
    return states


def take_beside(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return room of the workspace that is another than that of the name alone."""
    return workspace.take(f"{name} beside", shape, dtype)


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The forward pass of networks, computed when it is first asked for and shared by all who measure it.

    One trajectory at a time is valid in a thread: the next one takes its memory. A disturbed one, whose states are
    multiplied by `factors` (T, B, N) at every step, has memory of its own beside it.
    """

    networks: Networks
    factors: np.ndarray | None = None

    @cached_property
    def _states(self) -> States:
        return _run(self.networks, workspace.take if self.factors is None else take_beside, self.factors)

    @property
    def h(self) -> np.ndarray:
        """States (G, T+1, B, N), h_0 first."""
        return self._states.h

    @property
    def slope(self) -> np.ndarray:
        """phi'(a_t) (G, T, B, N)."""
        return self._states.slope

    @property
    def rms(self) -> np.ndarray:
        """Root mean square of the states (G, T+1)."""
        return self._states.rms

    @property
    def diverged(self) -> np.ndarray:
        """First step (G,) with a state that is not finite, or 0."""
        return self._states.diverged

    @cached_property
    def _kept(self) -> dict[Any, Any]:
        return {}

    def once(self, compute: Callable[[Trajectory], R]) -> R:
        """Return compute(self), which is computed once and then remembered: for what several measures need."""
        if compute not in self._kept:
            self._kept[compute] = compute(self)
        return self._kept[compute]

    def remember(self, compute: Callable[[Trajectory], R], found: R) -> R:
        """Let `once` return what was found in another way."""
        return self._kept.setdefault(compute, found)

    @property
    def held(self) -> bool:
        """Whether the states are held as a whole, or short enough to be."""
        G, T, B, N, _D, _O = self.networks.shape
        return "_states" in vars(self) or (2 * T + 1) * G * B * N * self.networks.dtype.itemsize <= HELD_BYTES

    def steps(self, g: int, size: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield network g in pieces of about `size` steps: (start, h (n+1, B, N), slope (n, B, N)).

        A piece is valid until the next one. After a divergence nothing comes: the last step that is finite ends the
        last piece. The numbers do not depend on the size.
        """
        if self.held:
            stop = int(self.diverged[g]) - 1 if self.diverged[g] else self.networks.shape[1]
            for start in range(0, stop, size):
                end = min(start + size, stop)
                yield start, self.h[g, start : end + 1], self.slope[g, start:end]
        else:
            yield from self._pieces(g, size)

    def _pieces(self, g: int, size: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        for start, states in self.pieces(g, size):
            reached = int(states.diverged[0]) - 1 if states.diverged[0] else states.slope.shape[1]
            if reached > 0:
                yield start, states.h[0, : reached + 1], states.slope[0, :reached]

    def pieces(self, g: int, size: int) -> Iterator[tuple[int, States]]:
        """Yield the states of network g in pieces of about `size` steps; after a divergence nothing comes."""
        n = self.networks
        T, chunk = n.shape[1], n.chunk
        size = -(-size // chunk) * chunk  # pieces of whole chunks, so that every product is the one of the whole
        state = n.h0[n.initial[g]]
        for start in range(0, T, size):
            _inputs, states = self.piece(g, start, min(start + size, T), state)
            state = states.h[0, -1].copy()
            yield start, states
            if states.diverged[0]:
                return

    def piece(self, g: int, start: int, stop: int, state: np.ndarray) -> tuple[np.ndarray, States]:
        """Return inputs (1, n, B, D) and states of network g at start..stop-1, whole chunks from this state (B, N)."""
        factors = None if self.factors is None else self.factors[start:stop]
        one = _piece(self.networks, g, start, stop, state)
        return np.asarray(one.x), _run(one, workspace.take, factors)


def _piece(n: Networks, g: int, start: int, stop: int, state: np.ndarray) -> Networks:
    """Return network g from this state on, with the inputs of the steps start..stop-1."""
    first, here = np.zeros(1, np.int64), slice(g, g + 1)
    one = replace(
        n, activation=n.activation[here], U=n.U[here], W=n.W[here], V=n.V[here], b=n.b[here], c=n.c[here],
        x=n.inputs(g, start, stop)[None], source=first, h0=state[None], initial=first,
        y=np.empty((1, stop - start, 0, 0), n.dtype), target=first, drive=None,
        known_leak=None if n.known_leak is None else n.known_leak[here],
    )  # fmt: skip
    vars(one).update(chunk=n.chunk)
    return one
