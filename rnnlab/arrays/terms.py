"""The temporal terms of one network's gradient as matrices: what every step contributes to every later loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.arrays.given import networks_of
from rnnlab.errors import UsageError
from rnnlab.networks import Trajectory
from rnnlab.pairs import launched, term_norms

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MOST_BYTES = 2**30


@dataclass(frozen=True, eq=False)
class Terms:
    """What step k contributes to the gradient of the batch-mean L_t, at [t-1, k-1]; zero for k > t.

    Matrices are of the dtype of the work, inf beyond its range; norms are right far outside it: log10 in float64, -inf
    for an exact zero. All are nan where the network diverged. All matrices add up to the gradient of `gradients`.
    """

    U: np.ndarray  #: (T, T, N, N)
    W: np.ndarray  #: (T, T, N, D)
    b: np.ndarray  #: (T, T, N)
    log10_norm_U: np.ndarray  #: (T, T), of U
    log10_norm_W: np.ndarray
    log10_norm_b: np.ndarray
    log10_adjoint_norm: np.ndarray  #: (T, T), log10 sqrt(mean_b ‖dl_t/dh_k‖²)
    diverged_at: int | None  #: first step with a state or output that is not finite


def terms(
    U: ArrayLike, W: ArrayLike, V: ArrayLike, x: ArrayLike, y: ArrayLike | None = None, *,
    activation: str, loss: str = "squared", loss_at: str = "every", cotangents: ArrayLike | None = None,
    h0: ArrayLike | None = None, b: ArrayLike | None = None, c: ArrayLike | None = None,
) -> Terms:  # fmt: skip
    """Return every term of dL_t/dU = Σ_{1<=k<=t} mean_b (dl_t/da_k) h_{k-1}ᵀ, and of dL_t/dW and dL_t/db.

    Arguments as of `gradients`. Raises UsageError where an argument cannot be used, and where the matrices would take
    more than 1 GiB; norms alone, of many networks, are what the measure `terms` is for.

    >>> import numpy as np
    >>> import rnnlab
    >>> p = rnnlab.draw(activation="tanh", width=4, length=3, seed=0)
    >>> every = rnnlab.terms(p.U, p.W, p.V, p.x, p.y, activation="tanh")
    >>> every.U.shape  # [t-1, k-1] is what step k contributes to dL_t/dU
    (3, 3, 4, 4)
    >>> whole = rnnlab.gradients(p.U, p.W, p.V, p.x, p.y, activation="tanh").U
    >>> bool(np.allclose(every.U.sum(axis=(0, 1)), whole))
    True
    """
    given = {"U": U, "W": W, "V": V, "x": x, "y": y, "cotangents": cotangents, "h0": h0, "b": b, "c": c}
    networks = networks_of(given, activation=activation, loss=loss, loss_at=loss_at, single=True)
    _G, T, _B, N, D, _O = networks.shape
    size = T * T * N * (N + D + 1) * networks.dtype.itemsize
    if size > MOST_BYTES:
        raise UsageError(
            f"x has length {T}: the terms of {T}² pairs (t, k) would take {size / 2**30:.1f} GiB, more than 1; "
            f"give fewer steps or a smaller network, or take the measure `terms`, which keeps the norms alone"
        )
    trajectory = Trajectory(networks)
    norms = term_norms(trajectory)
    place = norms.t - 1, norms.k - 1
    logs = [np.full((T, T), -np.inf) for _ in range(4)]
    for log, values in zip(logs, (norms.U, norms.W, norms.b, norms.adjoint), strict=True):
        log[place] = values[0]
    matrices = [np.zeros((T, T, N, M), networks.dtype) for M in (N, D, 1)]
    diverged = int(norms.diverged[0])
    for array in (*matrices, *logs) if diverged else ():
        array.fill(np.nan)
    if not diverged:
        _fill(trajectory, *matrices)
    found: tuple[Any, ...] = (*matrices[:2], matrices[2][..., 0], *logs, diverged or None)
    return Terms(*found)


def _fill(trajectory: Trajectory, of_U: np.ndarray, of_W: np.ndarray, of_b: np.ndarray) -> None:
    """Send all losses back at once, lag by lag, and write every term down."""
    n = trajectory.networks
    T, B = n.shape[1:3]
    h, slope, x = trajectory.h[0], trajectory.slope[0], np.asarray(n.x)[n.source[0]]
    start = 0 if n.loss_at == "every" else T - 1
    rows, exponents = launched(trajectory)
    U_exponent = int(np.frexp(np.abs(n.U[0]).max())[1])
    U = np.ldexp(n.U[0], -U_exponent)
    for lag in range(T):
        t = np.arange(max(start, lag), T)
        rows, exponents = rows[-len(t) :], exponents[-len(t) :]
        k = t - lag
        rows, shift = _weighed(rows, slope[k])
        exponents = exponents + shift
        for out, mates in ((of_U, h[k]), (of_W, x[k]), (of_b, np.ones((len(k), B, 1), n.dtype))):
            out[t, k] = _products(rows, exponents, mates)
        rows, shift = _split(rows @ U)
        exponents = exponents + shift + U_exponent


def _split(rows: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return rows of a size near 1, and their exponents (with the last axis kept)."""
    _m, e = np.frexp(np.abs(rows).max(axis=-1, keepdims=True))
    return np.ldexp(rows, -e), e.astype(np.int64)


def _weighed(rows: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    near, e = _split(slope)
    weighed, f = _split(rows * near)
    return weighed, e + f


def _products(rows: np.ndarray, exponents: np.ndarray, mates: np.ndarray) -> np.ndarray:
    """Return the means over the batch of rows ⊗ mates (n, B, ·), each row with its power of two."""
    near, e = _split(mates)
    both = exponents + e
    top = both.max(axis=1, keepdims=True)
    shares = np.ldexp(near, np.maximum(both - top, -4000).astype(np.int32))
    found = rows.swapaxes(1, 2) @ shares / rows.dtype.type(rows.shape[1])
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(found, np.clip(top, -4000, 4000).astype(np.int32))
