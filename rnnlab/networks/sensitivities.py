"""Room for real-time recurrent learning."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnlab.kernels.linalg import packed_size
from rnnlab.kernels.rtrl import Sensitivities


def rooms(batch: int, width: int, inputs: int, outputs: int, dtype: Any) -> Sensitivities:
    """Return room for the sensitivities of one network, (B, N, N² + ND + N), and their scratch; `begin` sets them."""
    B, N, D, O = batch, width, inputs, outputs
    M = N * (N + D + 1)

    def real(*shape: int) -> np.ndarray:
        return np.zeros(shape, dtype)

    def packed(inner: int, columns: int) -> np.ndarray:
        return real(packed_size(inner, columns, np.dtype(dtype)))

    return Sensitivities(
        real(B, N, M), np.zeros(B, np.int64), real(N, M), real(1, M), real(N, N), real(B, N), packed(N, N),
        packed(D, N), packed(N, O), packed(O, N), real(B, O), np.zeros(B, np.int64), real(B, N), real(B * N),
    )  # fmt: skip
