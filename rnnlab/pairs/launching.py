"""The adjoints with which every loss begins its way back."""

from __future__ import annotations

import numpy as np

from rnnlab.kernels import losses
from rnnlab.kernels.linalg import pack_transposed
from rnnlab.kernels.scaled import EMPTY
from rnnlab.networks import Trajectory
from rnnlab.networks.backpropagation import _targets
from rnnlab.networks.networks import packed


def launched(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Return dl_t/dh_t (n, B, N) of the first network for all t that have a loss, and its rows' exponents (n, B, 1)."""
    n = trajectory.networks
    _G, T, B, N, _D, O = n.shape
    first = 0 if n.loss_at == "every" else T - 1
    y, classes = _targets(n)
    outward = packed(n).outward
    pack_transposed(n.V[0], outward)
    cotangents = np.empty(((T - first) * B, O), n.dtype)
    exponents = np.empty((T - first) * B, np.int64)
    losses.read_out(
        trajectory.h[0, first + 1 :], outward, n.c[0], y[n.target[0], first:], classes[n.target[0], first:],
        losses.CODES[n.loss], cotangents, exponents, np.empty(T - first), np.empty(T - first, np.int64),
    )  # fmt: skip
    V_exponent = int(np.frexp(np.abs(n.V[0]).max())[1])
    empty = exponents == EMPTY
    cotangents[empty] = 0
    rows = cotangents @ np.ldexp(n.V[0], -V_exponent)
    exponents = np.where(empty, 0, exponents + V_exponent)
    return rows.reshape(-1, B, N), exponents.reshape(-1, B, 1)
