"""Lyapunov exponents: how a frame grows that Jacobians carry along."""

from __future__ import annotations

import math
from functools import cached_property, lru_cache

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
    def lost_early(self) -> bool:
        """Whether a slope was zero in the burn-in: a direction died of which `slopes` does not tell."""
        return bool(np.isneginf(self._run.slopes[0]))

    @property
    def interval(self) -> float:
        """The mean number of steps between two factorisations."""
        return self.steps / max(int(self._run.state[lyapunov.COUNT]), 1)

    @cached_property
    def _rates(self) -> np.ndarray:
        return np.asarray(self._run.sums[1:].sum(axis=0) / self.steps + self._shift)

    @cached_property
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
    return log_determinant(matrix) if rank(matrix) == len(matrix) else -math.inf


def log_determinant(matrix: np.ndarray) -> float:
    """Return ln |det| of the numbers as they are, which rounding may keep from 0."""
    with single_threaded_blas():
        return float(np.linalg.slogdet(matrix)[1])


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
    room, P = packed_size(width, count, _FLOAT), panels * columns
    frames, block, sums, factors, line, before, size, extra, scale = _aligned(
        (2, room), (columns**2,), (columns,), (columns,), (width,), (P,), (P,), (P,), (width,)
    )
    padded = np.zeros((width, panels * columns))
    padded[:, :count] = start_frame(width, count)
    frames[0] = padded.reshape(width, panels, columns).transpose(1, 0, 2).reshape(-1)
    state = np.zeros(lyapunov.PLACES, np.int64)
    state[lyapunov.LIVE], state[lyapunov.TURN] = count, 1
    space = Space(block, sums, factors, line, before, size, extra, scale)
    norms = np.linalg.norm(jacobian, axis=2)
    return lyapunov.Run(
        norms, frames, state, np.zeros(3), np.ones(count), np.zeros((blocks, count)), np.zeros(blocks),
        np.zeros(windows), space,
    )  # fmt: skip


def _aligned(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Return arrays of zeros that begin where a vector does."""
    unit = VECTOR_BYTES // _FLOAT.itemsize
    sizes = [-(-math.prod(shape) // unit) * unit for shape in shapes]
    room = np.zeros(sum(sizes) + unit)
    begin = -room.ctypes.data % VECTOR_BYTES // _FLOAT.itemsize
    starts = begin + np.cumsum([0, *sizes[:-1]])
    return [room[start : start + math.prod(shape)].reshape(shape) for start, shape in zip(starts, shapes, strict=True)]
