"""Lyapunov exponents: how a frame grows that Jacobians carry along."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from rnnlab.blas import single_threaded_blas
from rnnlab.kernels import lyapunov
from rnnlab.kernels.linalg import packed_size
from rnnlab.kernels.orthonormal import Space
from rnnlab.kernels.tile import VECTOR_BYTES, lanes

BLOCKS = 20  # of time, of which the standard errors are made; fewer steps have none
_FLOAT = np.dtype(np.float64)


class Growth:
    """The growth of a frame under J_t = diag(slope_t) jacobian, whose slopes come in pieces of any size.

    jacobian (N, N), or (T, N, N) one for each step; count: columns of the frame, as many as leading exponents are
    wanted. The first `burn_in` of `length` steps turn the frame and are not counted. interval: steps between two
    factorisations; 0 chooses them by the frame's condition number. Everything is worked on in float64.
    """

    def __init__(
        self, jacobian: np.ndarray, length: int, count: int, *, burn_in: int = 0, window: int = 0, interval: int = 0
    ) -> None:
        matrices = np.ascontiguousarray(np.atleast_3d(jacobian.T).T, _FLOAT)
        peak = float(np.abs(matrices).max(initial=0.0))
        e = math.frexp(peak)[1] if peak > 0.0 and math.isfinite(peak) else 0
        self._jacobian, self._shift = np.ldexp(matrices, -e), e * math.log(2.0)  # squares stay within the range
        self.steps, self._window, self._interval = length - burn_in, window, interval
        blocks = np.linspace(burn_in, length, min(BLOCKS, self.steps) + 1)
        self._ends = np.rint(blocks).astype(np.int64)
        self._run = _run(self._jacobian, count, len(self._ends), self.steps // window if window else 0)

    def carry(self, start: int, slope: np.ndarray) -> None:
        """Go on from t = start over the slopes (n, N), float64."""
        lyapunov.advance(self._jacobian, slope, start, self._ends, self._window, self._interval, self._run)

    @property
    def exponents(self) -> np.ndarray:
        """The exponents (K,), the largest first, -inf where a direction dies."""
        return self._rates[self._order]

    @property
    def errors(self) -> np.ndarray:
        """Their standard errors along time, from blocks; nan where there are too few steps or an exponent is -inf."""
        if len(self._ends) <= BLOCKS:
            return np.full(len(self._rates), np.nan)
        with np.errstate(invalid="ignore"):
            each = self._run.sums[1:] / np.diff(self._ends)[:, None]
            return (each.std(axis=0, ddof=1) / math.sqrt(len(each)))[self._order]

    @property
    def local(self) -> np.ndarray:
        """The largest exponent over each window of time."""
        return self._run.windows / max(self._window, 1) + self._shift

    @property
    def slopes(self) -> float:
        """The mean over time of Σ ln |slope|."""
        return float(self._run.slopes[1:].sum()) / self.steps

    @property
    def interval(self) -> float:
        """The mean number of steps between two factorisations."""
        return self.steps / max(int(self._run.state[lyapunov.COUNT]), 1)

    @property
    def _rates(self) -> np.ndarray:
        return np.asarray(self._run.sums[1:].sum(axis=0) / self.steps + self._shift)

    @property
    def _order(self) -> np.ndarray:
        return np.argsort(-self._rates, kind="stable")


def rank(matrix: np.ndarray) -> int:
    """Return the rank (N, N) as far as rounding lets one tell: singular values above N eps of the largest."""
    with single_threaded_blas():
        pivots = np.abs(np.diagonal(np.linalg.qr(matrix, mode="r")))
        if pivots.min() > 1e-6 * pivots.max():  # far from singular, and ten times faster to find out
            return len(matrix)
        return int(np.linalg.matrix_rank(matrix))


def log_volume(matrix: np.ndarray) -> float:
    """Return ln |det| of a matrix (N, N), -inf where it is singular as far as rounding lets one tell."""
    with single_threaded_blas():
        found = float(np.linalg.slogdet(matrix)[1])
    return found if rank(matrix) == len(matrix) else -math.inf


@lru_cache(maxsize=4)
def start_frame(width: int, count: int) -> np.ndarray:
    """Return a generic orthonormal frame (N, K), always the same; of fewer columns it is the first ones."""
    rows = np.random.Generator(np.random.PCG64(0)).standard_normal((count, width))
    with single_threaded_blas():
        return np.asarray(np.linalg.qr(rows.T)[0])


def _run(jacobian: np.ndarray, count: int, blocks: int, windows: int) -> lyapunov.Run:
    """Return a frame at its start, with room for what will be found."""
    width, columns = jacobian.shape[1], lanes(_FLOAT)
    panels = -(-count // columns)
    frames = _aligned(2, packed_size(width, count, _FLOAT))
    padded = np.zeros((width, panels * columns))
    padded[:, :count] = start_frame(width, count)
    frames[0] = padded.reshape(width, panels, columns).transpose(1, 0, 2).reshape(-1)
    state = np.zeros(lyapunov.PLACES, np.int64)
    state[lyapunov.LIVE], state[lyapunov.TURN] = count, 1
    space = Space(
        _aligned(columns * columns), _aligned(columns), _aligned(columns), _aligned(width),
        *(_aligned(panels * columns) for _ in range(3)), _aligned(width),
    )  # fmt: skip
    norms = np.linalg.norm(jacobian, axis=2)
    sums, slopes = np.zeros((blocks, count)), np.zeros(blocks)
    return lyapunov.Run(norms, frames, state, np.zeros(2), np.ones(count), sums, slopes, np.zeros(windows), space)


def _aligned(*shape: int) -> np.ndarray:
    """Return zeros that begin where a vector does."""
    room = np.zeros(math.prod(shape) * _FLOAT.itemsize + VECTOR_BYTES, np.uint8)
    begin = -room.ctypes.data % VECTOR_BYTES
    return room[begin : begin + math.prod(shape) * _FLOAT.itemsize].view(_FLOAT).reshape(shape)
