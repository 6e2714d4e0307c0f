"""Networks of equal shape as arrays, their trajectory, and the gradients that flow back along it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rnnlab.kernels import activations, backward, block, losses
from rnnlab.kernels.linalg import packed_size
from rnnlab.kernels.tile import VECTOR_BYTES

KEPT_BYTES = 2**26  # beyond this, fresh pages cost little beside the work, and keeping them costs others
CHUNK_ROWS = 192  # rows of a product over a chunk of time: enough to be efficient, few enough to stay in the cache


@dataclass(frozen=True, eq=False)
class Networks:
    """G networks of equal shape and one dtype, with the sequences that they see.

    Several networks may see the same sequences: network g sees inputs x[source[g]], starts at h0[initial[g]] and is
    held against y[target[g]]. Those with equal `drive[g]` share W and x, so that W x is computed once; -1: nothing.
    """

    activation: tuple[str, ...]
    U: np.ndarray  # (G, N, N)
    W: np.ndarray  # (G, N, D)
    V: np.ndarray  # (G, O, N)
    b: np.ndarray  # (G, N)
    c: np.ndarray  # (G, O)
    x: np.ndarray  # (X, T, B, D)
    source: np.ndarray  # (G,)
    h0: np.ndarray  # (H, B, N)
    initial: np.ndarray  # (G,)
    y: np.ndarray  # (Y, T, B, O), or integers (Y, T, B) for cross_entropy
    target: np.ndarray  # (G,)
    loss: str = "squared"
    loss_at: str = "every"
    drive: np.ndarray | None = None  # (G,)
    known_gain: np.ndarray | None = None  # (G,), the g that U was drawn with
    known_spectra: tuple[np.ndarray, np.ndarray] | None = None  # (G,) each

    @property
    def shape(self) -> tuple[int, int, int, int, int, int]:
        """(G, T, B, N, D, O)."""
        return (len(self.U), *self.x.shape[1:3], *self.W.shape[1:], self.V.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the work."""
        return self.U.dtype

    @property
    def codes(self) -> np.ndarray:
        """The kernels' codes of the activations."""
        return np.array([activations.CODES[name] for name in self.activation], np.int64)

    @property
    def gain(self) -> np.ndarray:
        """g (G,) of U; of a U that was not drawn here, the one that gives its Frobenius norm: ‖U‖² = g² N."""
        if self.known_gain is not None:
            return self.known_gain
        return np.array([np.linalg.norm(U) / np.sqrt(len(U)) for U in self.U.astype(np.float64)])

    @cached_property
    def spectra(self) -> tuple[np.ndarray, np.ndarray]:
        """The spectral radius and the spectral norm of U, (G,) each."""
        if self.known_spectra is not None:
            return self.known_spectra
        U = self.U.astype(np.float64)
        return np.abs(np.linalg.eigvals(U)).max(axis=-1), np.linalg.svd(U, compute_uv=False)[:, 0]

    @cached_property
    def chunk(self) -> int:
        """Steps of time whose products are one product, from the shape of a network alone."""
        _G, T, B, *_ = self.shape
        return min(T, max(1, CHUNK_ROWS // B))

    @cached_property
    def drives(self) -> tuple[np.ndarray, np.ndarray]:
        """W x (n, T, B, N) for the networks that share it, and its index for every network (G,)."""
        G, T, B, N, _D, _O = self.shape
        if self.drive is None:
            return np.empty((1, 0, B, N), self.dtype), np.full(G, -1, np.int64)
        names, first, index, counts = np.unique(self.drive, return_index=True, return_inverse=True, return_counts=True)
        shared = (names >= 0) & (counts > 1)
        if not shared.any():
            return np.empty((1, 0, B, N), self.dtype), np.full(G, -1, np.int64)
        place = np.where(shared, np.cumsum(shared) - 1, -1)
        drives = np.empty((int(shared.sum()), T, B, N), self.dtype)
        block.input_drives(self.W, self.x, first[shared], self.source, drives, self.chunk, _packed(self).inward)
        return drives, place[index].astype(np.int64)

    def part(self, start: int, stop: int) -> Networks:
        """Return the networks start..stop-1, with the same sequences and what is shared already computed."""
        part = Networks(
            self.activation[start:stop], self.U[start:stop], self.W[start:stop], self.V[start:stop], self.b[start:stop],
            self.c[start:stop], self.x, self.source[start:stop], self.h0, self.initial[start:stop], self.y,
            self.target[start:stop], self.loss, self.loss_at, None,
            None if self.known_gain is None else self.known_gain[start:stop],
            None if self.known_spectra is None else tuple(each[start:stop] for each in self.known_spectra),  # type: ignore[arg-type]
        )  # fmt: skip
        drives, place = self.drives
        vars(part).update(drives=(drives, place[start:stop]), chunk=self.chunk)
        return part

    def slabs(self, budget: int = 2**22) -> Iterator[Networks]:
        """Yield parts whose trajectories stay within `budget` bytes, so that they stay in the processor's cache."""
        G, T, B, N, _D, _O = self.shape
        each = (2 * T + 1) * B * N * self.dtype.itemsize
        step = max(1, budget // each)
        if step >= G:
            yield self
            return
        for start in range(0, G, step):
            yield self.part(start, min(start + step, G))


class Workspace(threading.local):
    """Arrays that a worker uses again: fresh pages for every network would cost as much as its products."""

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Return an array of this shape with any content, valid until the next call with the same name."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size > KEPT_BYTES:
            return np.empty(shape, dtype)
        held = self._arrays.get(name)
        if held is None or held.nbytes < size:
            room = np.empty(size + VECTOR_BYTES, np.uint8)
            held = self._arrays[name] = room[-room.ctypes.data % VECTOR_BYTES :]
        return held[:size].view(dtype).reshape(shape)


_workspace = Workspace()


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The forward pass of networks, computed once and shared by all who measure it.

    One trajectory at a time is valid in a thread: the next one takes its memory.
    """

    networks: Networks
    h: np.ndarray = field(init=False)  # (G, T+1, B, N)
    slope: np.ndarray = field(init=False)  # (G, T, B, N), phi'(a_t)
    rms: np.ndarray = field(init=False)  # (G, T+1), root mean square of the state
    diverged: np.ndarray = field(init=False)  # (G,), first step with a state (or output) that is not finite, or 0

    def __post_init__(self) -> None:
        n = self.networks
        G, T, B, N, _D, _O = n.shape
        take = _workspace.take
        made = {
            "h": take("h", (G, T + 1, B, N), n.dtype),
            "slope": take("slope", (G, T, B, N), n.dtype),
            "rms": np.empty((G, T + 1)),
            "diverged": np.zeros(G, np.int64),
        }
        drives, drive = n.drives
        block.forward(
            n.codes, n.U, n.W, n.b, n.x, n.source, n.h0, n.initial, drives, drive, made["h"], made["slope"],
            made["rms"], made["diverged"], n.chunk, _packed(n),
        )  # fmt: skip
        vars(self).update(made)


@dataclass(frozen=True, eq=False)
class Backpropagation:
    """What flows back along a trajectory: norms as log10 in float64, -inf for an exact zero, nan where it diverged."""

    loss: np.ndarray  # (G,), inf where it overflows
    log10_loss: np.ndarray  # (G,)
    log10_norm: np.ndarray  # (G, 6), of U, W, V, b, c (batch mean of the loss) and h0 (rms over the batch)
    step_loss: np.ndarray  # (G, T)
    hidden_log10_norm: np.ndarray  # (G, T+1), log10 sqrt(mean_b ‖dl_b/dh_t‖²), t = 0..T
    mean_log: np.ndarray  # (G, T+1), mean_b ln ‖dl_b/dh_t‖; (G, 0) where the loss is at every step
    gradient: backward.Gradient  # of the last network, summed over the batch, times 2^exponent


def backpropagate(trajectory: Trajectory, *, keep: bool = False) -> Backpropagation:
    """Return the gradients of the networks' loss; trajectory.diverged learns of outputs that are not finite.

    `keep` keeps the gradient of the last network in arrays of its own; otherwise only the norms are worth reading.
    """
    n = trajectory.networks
    G, T, *_ = n.shape
    gradient = _gradient(n, keep)
    curves = _curves(G, T, n.loss_at == "last")
    norms, loss, log10_loss = np.empty((G, 6)), np.empty(G), np.empty(G)
    y, classes = _targets(n)
    block.gradients(
        n.U, n.V, n.c, n.x, n.source, y, classes, n.target, losses.CODES[n.loss], n.loss_at == "every",
        trajectory.h, trajectory.slope, trajectory.diverged, n.chunk, _packed(n),
        _space(n), gradient, curves, norms, loss, log10_loss,
    )  # fmt: skip
    with np.errstate(over="ignore"):
        step_loss = np.ldexp(curves.loss, np.clip(curves.loss_exponent, -4000, 4000).astype(np.int32))
    return Backpropagation(loss, log10_loss, norms, step_loss, curves.hidden, curves.mean_log, gradient)


def adjoint_of_last(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Return the adjoint of L_T alone: log10 rms norms and mean log norms over the batch, (G, T+1) each, t = 0..T."""
    n = trajectory.networks
    G, T, _B, N, _D, O = n.shape
    curves = _curves(G, T, True)
    y, classes = _targets(n)
    block.adjoints_of_last(
        n.U, n.V, n.c, y, classes, n.target, losses.CODES[n.loss], trajectory.h, trajectory.slope, trajectory.diverged,
        _packed(n), _space(n), curves,
    )  # fmt: skip
    return curves.hidden, curves.mean_log


@dataclass(frozen=True, eq=False)
class SlopeStatistics:
    """Statistics of phi'(a_t) at every step before a divergence, nan from there on."""

    mean: np.ndarray  # (G, T)
    mean_square: np.ndarray  # (G, T)
    below: np.ndarray  # (G, T), share under the threshold
    zero: np.ndarray  # (G, T), share of units that are zero for the whole batch
    always_zero: np.ndarray  # (G,), share of units that are so at all steps
    unbounded: np.ndarray  # (G,), whether phi is unbounded, so that `below` says nothing


def slope_statistics(trajectory: Trajectory, share: float) -> SlopeStatistics:
    """Return statistics of the slopes; the threshold of `below` is this share of the activation's largest slope."""
    n = trajectory.networks
    G, T, *_ = n.shape
    curves: tuple[Any, ...] = tuple(np.empty((G, T)) for _ in range(4))
    always = np.empty(G)
    threshold = np.array([share * activations.LARGEST_SLOPE[name] for name in n.activation])
    block.slopes(trajectory.slope, threshold, trajectory.diverged, *curves, always)
    unbounded = np.array([name not in activations.BOUNDED for name in n.activation])
    return SlopeStatistics(*curves, always, unbounded)  # type: ignore[call-arg]


def _targets(n: Networks) -> tuple[np.ndarray, np.ndarray]:
    Y, T, B = n.y.shape[:3]
    if n.loss == "cross_entropy":
        return np.empty((Y, T, B, 0), n.dtype), n.y
    return n.y, np.empty((Y, T, 0), np.int64)


def _packed(n: Networks) -> block.Packed:
    _G, _T, _B, N, D, O = n.shape
    shapes = {"recurrent": (N, N), "inward": (D, N), "outward": (N, O), "U": (N, N), "V": (O, N)}
    return block.Packed(
        **{name: _workspace.take(name, (packed_size(*shape, n.dtype),), n.dtype) for name, shape in shapes.items()}
    )


def _space(n: Networks) -> backward.Space:
    _G, _T, B, N, D, O = n.shape
    R, take = n.chunk * B, _workspace.take
    return backward.Space(
        take("cotangent", (R, O), n.dtype),
        take("cotangent_exponent", (R,), np.int64),
        take("adjoint", (R, N), n.dtype),
        take("adjoint_exponent", (R,), np.int64),
        take("carry", (B, N), n.dtype),
        take("carry_exponent", (B,), np.int64),
        take("rows", (B, N), n.dtype),
        take("sizes", (B,), np.float64),
        take("mate", (R * max(N, D),), n.dtype),
    )


def _gradient(n: Networks, keep: bool) -> backward.Gradient:
    _G, _T, B, N, D, O = n.shape

    def room(name: str, *shape: int) -> np.ndarray:
        return np.empty(shape, n.dtype) if keep else _workspace.take(name, shape, n.dtype)

    return backward.Gradient(
        room("dU", N, N), room("dW", N, D), room("dV", O, N), room("db", 1, N), room("dc", 1, O), room("dh0", B, N),
        np.empty(5 + B, np.int64),
    )  # fmt: skip


def _curves(G: int, T: int, logs: bool) -> backward.Curves:
    mean_log = np.empty((G, T + 1 if logs else 0))
    return backward.Curves(np.empty((G, T)), np.empty((G, T), np.int64), np.empty((G, T + 1)), mean_log)
