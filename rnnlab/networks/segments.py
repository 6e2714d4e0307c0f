"""Gradients along a trajectory that is too long to hold.

Forward, only the states at checkpoints are kept; backward, each segment between two of them is computed again, the last
one first. Segments are whole chunks and go through the very kernels of the whole, so that not a bit is another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnnlab.kernels import backward, block, losses
from rnnlab.networks.backpropagation import (
    Backpropagation,
    _curves,
    _gradient,
    _space,
    adjoint_of_last,
    backpropagate,
    losses_of,
)
from rnnlab.networks.networks import Networks, packed
from rnnlab.networks.slopes import SlopeStatistics, room_for_slopes, slope_statistics, thresholds
from rnnlab.networks.trajectory import States, Trajectory, take_beside

_ONE = np.zeros(1, np.int64)  # the index of the only network


@dataclass(frozen=True, eq=False)
class Sweep:
    """What flows back along a trajectory, and what its forward pass tells."""

    flow: Backpropagation
    last: tuple[np.ndarray, np.ndarray]  # of L_T alone, as `adjoint_of_last` has it
    slopes: SlopeStatistics
    rms: np.ndarray  # (G, T+1), of the states


@dataclass(frozen=True, eq=False)
class _Found:
    """What is filled on the way, for all networks."""

    diverged: np.ndarray
    rms: np.ndarray
    curves: backward.Curves
    last: backward.Curves | None  # where it is not that of the loss itself
    norms: np.ndarray
    loss: np.ndarray
    log10_loss: np.ndarray
    gradient: backward.Gradient
    slopes: SlopeStatistics | None  # where they are wanted
    thresholds: np.ndarray


def sweep(trajectory: Trajectory, share: float) -> Sweep:
    """Return all at once: held where it is short enough, else in segments. share: as in `slope_statistics`."""
    if not trajectory.held:
        return _remembered(trajectory, _streamed(trajectory, share, _segment(trajectory.networks), keep=False))
    flow = trajectory.once(backpropagate)
    at_last = trajectory.networks.loss_at == "last"
    last = (flow.hidden_log10_norm, flow.mean_log) if at_last else trajectory.once(adjoint_of_last)
    return Sweep(flow, last, slope_statistics(trajectory, share), trajectory.rms)


def flow_back(trajectory: Trajectory, *, keep: bool = False, checkpoint: int | None = None) -> Backpropagation:
    """Return what `backpropagate` does, with a checkpoint every so many steps; by default only where it must be."""
    if checkpoint is None and trajectory.held:
        return backpropagate(trajectory, keep=keep)
    n = trajectory.networks
    size = _segment(n) if checkpoint is None else -(-checkpoint // n.chunk) * n.chunk
    return _flow(_streamed(trajectory, None, size, keep=keep))


def _segment(n: Networks) -> int:
    """Return the steps between checkpoints: about as many segments as chunks in each, so that both take least."""
    return n.chunk * max(1, math.isqrt(n.shape[1] // n.chunk))


def _flow(f: _Found) -> Backpropagation:
    return Backpropagation(
        f.diverged, f.loss, f.log10_loss, f.norms, losses_of(f.curves), f.curves.hidden, f.curves.mean_log, f.gradient
    )


def _remembered(trajectory: Trajectory, found: _Found) -> Sweep:
    flow = trajectory.remember(backpropagate, _flow(found))
    curves = found.last or found.curves
    last = curves.hidden, curves.mean_log
    assert found.slopes is not None
    if found.last is not None:
        trajectory.remember(adjoint_of_last, last)
    return Sweep(flow, last, found.slopes, found.rms)


def _streamed(trajectory: Trajectory, share: float | None, size: int, *, keep: bool) -> _Found:
    """Go forward and back along every network; share None: nothing but the flow is wanted."""
    n = trajectory.networks
    G, T, *_ = n.shape
    at_last = n.loss_at == "last"
    found = _Found(
        np.zeros(G, np.int64), np.full((G, T + 1), np.nan), _curves(G, T, at_last),
        None if at_last or share is None else _curves(G, T, True), np.empty((G, 6)), np.empty(G), np.empty(G),
        _gradient(n, keep), None if share is None else room_for_slopes(n), thresholds(n, share or 0.0),
    )  # fmt: skip
    for g in range(G):
        states = _forward(trajectory, g, size, found)
        if found.diverged[g] == 0:
            _backward(trajectory, g, size, states, found)
        elif found.last is not None:
            found.last.hidden[g] = found.last.mean_log[g] = np.nan
        if found.diverged[g] > 0:
            _until(trajectory, g, size, found)
    return found


def _forward(trajectory: Trajectory, g: int, size: int, found: _Found) -> list[np.ndarray]:
    """Return the states at the checkpoints, the first one that of the start."""
    n, states = trajectory.networks, []
    alive = np.zeros(n.shape[3], np.bool_)
    for start, piece in trajectory.pieces(g, size):
        stop, lost = start + piece.slope.shape[1], int(piece.diverged[0])
        states.append(piece.h[0, 0].copy())
        found.rms[g, start : stop + 1] = piece.rms[0]
        found.diverged[g] = start + lost if lost else 0
        if n.loss_at == "every":
            n.targets(g, start, stop)  # what is drawn can be drawn again from here
        if found.slopes is not None:
            _add_slopes(piece, g, start, lost - 1 if lost else stop - start, alive, found)
    if found.slopes is not None and found.diverged[g] != 1:
        found.slopes.always_zero[g] = np.count_nonzero(~alive) / len(alive)
    return states


def _add_slopes(piece: States, g: int, start: int, steps: int, alive: np.ndarray, found: _Found) -> None:
    s, here, stop = found.slopes, slice(g, g + 1), start + steps
    if s is not None and steps > 0:
        slope = piece.slope[:, :steps]
        block.slopes(
            slope, found.thresholds[here], np.zeros(1, np.int64), s.mean[here, start:stop],
            s.mean_square[here, start:stop], s.below[here, start:stop], s.zero[here, start:stop], np.empty(1),
        )  # fmt: skip
        block.waken(slope[0], alive)


def _backward(trajectory: Trajectory, g: int, size: int, states: list[np.ndarray], found: _Found) -> None:
    n, last = trajectory.networks, found.last
    T = n.shape[1]
    beside = _space(n, take_beside) if last is not None else None
    while states:
        start = (len(states) - 1) * size
        x, piece = trajectory.piece(g, start, min(start + size, T), states.pop())
        targets = _targets(n, g, start, x.shape[1])
        step = _pull(n, g, start, x, targets, piece, 0, found)
        found.diverged[g] = start + step if step else found.diverged[g]
        if last is not None and not np.isnan(last.hidden[g, T] if start + size < T else 0.0):
            here = slice(g, g + 1)
            block.adjoints_of_last(
                start, n.U[here], n.V[here], n.c[here], n.leak[here], *targets, _ONE, losses.CODES[n.loss], piece.h,
                piece.slope, _ONE, packed(n), beside, _of(last, g),
            )  # fmt: skip
    if last is not None and np.isnan(last.hidden[g, T]):
        last.hidden[g] = last.mean_log[g] = np.nan


def _pull(
    n: Networks, g: int, start: int, x: np.ndarray, targets: tuple[np.ndarray, np.ndarray], piece: States, step: int,
    found: _Found,
) -> int:  # fmt: skip
    """Send the adjoints back through a piece, or read its losses up to `step`; return the first step not finite."""
    here, diverged = slice(g, g + 1), np.array([step])
    block.gradients(
        start, n.U[here], n.V[here], n.c[here], n.leak[here], x, _ONE, *targets, _ONE, losses.CODES[n.loss],
        n.loss_at == "every", piece.h, piece.slope, diverged, n.chunk, packed(n), _space(n), found.gradient,
        _of(found.curves, g), found.norms[here], found.loss[here], found.log10_loss[here],
    )  # fmt: skip
    return int(diverged[0])


def _until(trajectory: Trajectory, g: int, size: int, found: _Found) -> None:
    """Of a network that diverged keep the losses of the steps before, from the beginning; outputs may go first."""
    n, lost = trajectory.networks, int(found.diverged[g])
    for values in (found.curves.hidden, found.curves.mean_log, found.curves.loss, found.norms):
        values[g] = np.nan
    found.loss[g] = found.log10_loss[g] = np.nan
    for start, piece in trajectory.pieces(g, size) if n.loss_at == "every" else ():
        step = min(lost - start, piece.slope.shape[1] + 1)  # one beyond the piece where all of it is finite
        if step > 1:
            x = np.empty((1, 0, *n.x.shape[2:]), n.dtype)
            targets = _targets(n, g, start, piece.slope.shape[1])
            reached = _pull(n, g, start, x, targets, piece, step, found)
            if reached < step:
                found.diverged[g] = start + reached
                return


def _targets(n: Networks, g: int, start: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and classes of a piece, as kernels take them; nothing where there is no loss."""
    _G, T, B, _N, _D, O = n.shape
    stop = start + steps
    silent = n.loss_at == "last" and stop < T
    if n.loss == "cross_entropy":
        empty = np.empty((1, steps, B, 0), n.dtype)
        return empty, np.empty((1, 0, B), np.int64) if silent else n.targets(g, start, stop)[None]
    given = np.empty((1, 0, B, O), n.dtype) if silent else n.targets(g, start, stop)[None]
    return given, np.empty((1, steps, 0), np.int64)


def _of(c: backward.Curves, g: int) -> backward.Curves:
    here = slice(g, g + 1)
    return backward.Curves(*(values[here] for values in c))
