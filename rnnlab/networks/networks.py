"""Networks of equal shape as arrays, and the sequences that they see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rnnlab.kernels import block
from rnnlab.kernels.linalg import packed_size
from rnnlab.networks.sequences import Sequences
from rnnlab.networks.training import Training
from rnnlab.networks.workspace import workspace
from rnnlab.plugins import code_of

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
    x: np.ndarray | Sequences  # (X, T, B, D)
    source: np.ndarray  # (G,)
    h0: np.ndarray  # (H, B, N)
    initial: np.ndarray  # (G,)
    y: np.ndarray | Sequences  # (Y, T, B, O), integers (Y, T, B) for cross_entropy, dL/do (Y, T, B, O) for cotangents
    target: np.ndarray  # (G,)
    loss: str = "squared"
    loss_at: str = "every"
    drive: np.ndarray | None = None  # (G,)
    known_gain: np.ndarray | None = None  # (G,), the g that U was drawn with
    known_spectra: tuple[np.ndarray, np.ndarray] | None = None  # (G,) each
    known_init: tuple[str, ...] | None = None  # (G,), how U was drawn
    known_drive: np.ndarray | None = None  # (G,), the variance that W x + b was drawn with; nan where it is not known
    training: Training | None = None
    known_leak: np.ndarray | None = None  # (G,), α of leaky units; not given: 1

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
        """The kernels' codes of the activations, good in this process."""
        codes = {name: code_of(name, self.dtype) for name in dict.fromkeys(self.activation)}
        return np.array([codes[name] for name in self.activation], np.int64)

    @property
    def leak(self) -> np.ndarray:
        """α (G,) of h_t = (1 - α) h_{t-1} + α phi(U h_{t-1} + W x_t + b); 1 where units are not leaky."""
        return np.ones(len(self.U)) if self.known_leak is None else self.known_leak

    @property
    def gain(self) -> np.ndarray:
        """g (G,) of U; of a U that was not drawn here, the one that gives its Frobenius norm: ‖U‖² = g² N."""
        if self.known_gain is not None:
            return self.known_gain
        largest = np.abs(self.U).max(axis=(1, 2)).astype(np.float64)  # the squares of huge entries would overflow
        units = (U / (size or 1.0) for U, size in zip(self.U, largest, strict=True))
        return largest * np.array([np.linalg.norm(U.astype(np.float64)) / np.sqrt(len(U)) for U in units])

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
        block.input_drives(
            self.W, np.asarray(self.x), first[shared], self.source, drives, self.chunk, packed(self).inward
        )
        return drives, place[index].astype(np.int64)

    def inputs(self, g: int, start: int, stop: int) -> np.ndarray:
        """Return the inputs (n, B, D) of network g at the steps start..stop-1."""
        source = int(self.source[g])
        if isinstance(self.x, np.ndarray):
            return self.x[source, start:stop]
        return self.x.read(source, start, stop)

    def targets(self, g: int, start: int, stop: int) -> np.ndarray:
        """Return the targets (n, B, ...) of network g at the steps start..stop-1."""
        target = int(self.target[g])
        if isinstance(self.y, np.ndarray):
            return self.y[target, start:stop]
        return self.y.read(target, start, stop)

    def part(self, start: int, stop: int) -> Networks:
        """Return the networks start..stop-1, with the same sequences and what is shared already computed."""
        part = Networks(
            self.activation[start:stop], self.U[start:stop], self.W[start:stop], self.V[start:stop], self.b[start:stop],
            self.c[start:stop], self.x, self.source[start:stop], self.h0, self.initial[start:stop], self.y,
            self.target[start:stop], self.loss, self.loss_at, None,
            None if self.known_gain is None else self.known_gain[start:stop],
            None if self.known_spectra is None else tuple(each[start:stop] for each in self.known_spectra),  # type: ignore[arg-type]
            None if self.known_init is None else self.known_init[start:stop],
            None if self.known_drive is None else self.known_drive[start:stop],
            None if self.training is None else self.training.part(start, stop),
            None if self.known_leak is None else self.known_leak[start:stop],
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


def packed(n: Networks) -> block.Packed:
    """Return room for the packed weights of one network."""
    _G, _T, _B, N, D, O = n.shape
    shapes = {"recurrent": (N, N), "inward": (D, N), "outward": (N, O), "U": (N, N), "V": (O, N)}
    return block.Packed(
        **{name: workspace.take(name, (packed_size(*shape, n.dtype),), n.dtype) for name, shape in shapes.items()}
    )
