"""Room for gradient flossing, and the frame that it starts with."""

from __future__ import annotations

import numpy as np

from rnnlab.kernels.flossing import Flossing
from rnnlab.kernels.linalg import packed_size
from rnnlab.kernels.orthonormal import Space
from rnnlab.kernels.tile import lanes
from rnnlab.networks.growth import start_frame

SAMPLES = 1  # of a batch whose exponents are held near 0: every update brings others, and each costs K sequences


def start_rows(width: int, count: int) -> np.ndarray:
    """Return the frame that every trajectory starts with, as rows (K, N): that of the measured exponents."""
    return np.ascontiguousarray(start_frame(width, count).T)


def rooms(length: int, width: int, inputs: int, count: int, samples: int = SAMPLES) -> Flossing:
    """Return scratch for up to `length` steps: about length · samples · count · (2 width + count) numbers."""
    T, N, D, K, S = length, width, inputs, count, samples
    R, columns = S * K, lanes(np.dtype(np.float64))
    room, P = _packed(N, K), -(-K // columns) * columns
    space = Space(
        np.zeros(columns**2), np.zeros(columns), np.zeros(columns), np.zeros(N), np.zeros(P), np.zeros(P), np.zeros(P),
        np.zeros(N),
    )  # fmt: skip

    def whole(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.int64)

    return Flossing(
        np.zeros((T + 1, R, N)), np.zeros((T, R, N)), np.zeros((T, R, K)), np.zeros(R), np.zeros(R), np.zeros((R, N)),
        np.zeros((R, N)), np.zeros((K, N)), np.zeros((K, K)), room, space, np.zeros((N, N)), np.zeros(N),
        _packed(N, N), _packed(N, N), np.zeros((T + 1, S, N)), np.zeros((T, S, N)), np.zeros((T, S, D)),
        np.zeros((T, S, N)), whole(S), np.zeros((T, S, N)), whole(T * S), np.zeros((S, N)), whole(S),
        np.zeros((S, N)), np.zeros(S), np.zeros(T * S * max(N, D)), np.zeros((N, N)), np.zeros((N, D)),
        np.zeros((1, N)),
    )  # fmt: skip


def _packed(inner: int, columns: int) -> np.ndarray:
    return np.zeros(packed_size(inner, columns, np.dtype(np.float64)))
