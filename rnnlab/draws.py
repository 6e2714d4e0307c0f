"""Draws: from trials to their arrays. One random stream for each (seed, name), so that nobody shifts another's.

Everything is drawn in float64 and then cast. A scale multiplies what was drawn: two points of a scale axis have the
same U but for the factor.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rnnlab.blas import single_threaded_blas
from rnnlab.networks import Networks
from rnnlab.tasks import TASKS
from rnnlab.tasks.long import LongSequences, is_long
from rnnlab.trial import DRAWS_VERSION, Trial

# Every random stream. A name is part of the numbers: never change one.
STREAMS = ("recurrent", "input", "output", "biases", "initial_state", "inputs", "targets")
_LABELS = {name: name.encode() for name in STREAMS}  # no stream but those of the table can be drawn from
WIDE = 256  # of wider U the last two are kept


@dataclass(frozen=True, eq=False)
class Problem:
    """One trial's own arrays, for use in any framework; U, W, V are W_hh, W_ih, W_ho elsewhere."""

    trial: Trial
    U: np.ndarray  # (N, N)
    W: np.ndarray  # (N, D)
    V: np.ndarray  # (O, N)
    b: np.ndarray  # (N,)
    c: np.ndarray  # (O,)
    h0: np.ndarray  # (B, N)
    x: np.ndarray  # (T, B, D)
    y: np.ndarray  # (T, B, O), or classes (T, B)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return {name: getattr(self, name) for name in ("U", "W", "V", "b", "c", "h0", "x", "y")}


class _Streams(threading.local):
    """One generator a thread, set to the stream that is wanted: making a generator costs more than a small draw."""

    def __init__(self) -> None:
        self._generators = [np.random.Generator(np.random.PCG64(0)) for _ in range(2)]

    def at(self, seed: int, name: str, place: int = 0) -> np.random.Generator:
        """Return the generator at the start of the stream; valid until the next call with the same place."""
        return _rewound(self._generators[place], seed, name)


def _rewound(generator: np.random.Generator, seed: int, name: str) -> np.random.Generator:
    """Set a generator to the start of a stream, and return it."""
    digest = hashlib.blake2b(b"rnnlab %d %d %s" % (DRAWS_VERSION, seed, _LABELS[name]), digest_size=32).digest()
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {
            "state": int.from_bytes(digest[:16], "little"),
            "inc": int.from_bytes(digest[16:], "little") | 1,
        },
        "has_uint32": 0,
        "uinteger": 0,
    }
    return generator


_streams = _Streams()


def problem(trial: Trial) -> Problem:
    """Draw the arrays of one trial: the very ones that its statistics were computed from."""
    n = networks([trial])
    return Problem(trial, n.U[0], n.W[0], n.V[0], n.b[0], n.c[0], n.h0[0], np.asarray(n.x)[0], np.asarray(n.y)[0])


def networks(trials: Sequence[Trial]) -> Networks:
    """Draw trials of equal shape as one block of arrays; what trials share is drawn once."""
    with single_threaded_blas():
        return _networks(trials)


def _networks(trials: Sequence[Trial]) -> Networks:
    first, G = trials[0], len(trials)
    N, D, O = first.width, first.inputs, first.outputs
    dtype = np.dtype(first.dtype)
    U, W, V = np.empty((G, N, N), dtype), np.empty((G, N, D), dtype), np.empty((G, O, N), dtype)
    b, c = np.zeros((G, N), dtype), np.zeros((G, O), dtype)
    source, x, y = _long_sequences(trials) if is_long(first) else _shared(trials, lambda t: (t.seed,), _sequences)
    initial, h0 = _shared(trials, lambda t: (t.seed if t.initial_state == "gaussian" else None,), _initial_state)
    (drive,) = _shared(trials, lambda t: (t.seed, t.input_scale, t.input_init), lambda t: ())
    shared_drive = None if is_long(first) else drive
    held: tuple[int, np.ndarray, np.ndarray] | None = None
    for g, t in enumerate(trials):
        U[g] = _scaled(t.recurrent_scale, unit_recurrent(t.seed, N, t.recurrent_init))
        if held is None or held[0] != t.seed:
            held = (t.seed, _gaussian(t.seed, "input", (N, D), D), _gaussian(t.seed, "output", (O, N), N))
        W[g], V[g] = _scaled(t.input_scale, held[1]), _scaled(t.output_scale, held[2])
        if t.bias_scale:
            biases = _streams.at(t.seed, "biases").standard_normal(N + O)
            b[g], c[g] = t.bias_scale * biases[:N], t.bias_scale * biases[N:]
    activation = tuple(t.activation for t in trials)
    return Networks(
        activation, U, W, V, b, c, x, source, h0, initial, y, source, first.loss, first.loss_at, shared_drive,
        np.array([t.recurrent_scale for t in trials]), spectra(trials), tuple(t.recurrent_init for t in trials),
    )  # fmt: skip


def _scaled(scale: float, unit: np.ndarray) -> np.ndarray:
    return unit if scale == 1.0 else scale * unit


def _shared(
    trials: Sequence[Trial],
    name: Callable[[Trial], tuple[object, ...]],
    draw: Callable[[Trial], tuple[np.ndarray, ...]],
) -> tuple[np.ndarray, ...]:
    """Draw once for each distinct name; return every trial's index (G,) and the stacked draws."""
    places: dict[tuple[object, ...], int] = {}
    drawn: list[tuple[np.ndarray, ...]] = []
    index = np.empty(len(trials), np.int64)
    for g, trial in enumerate(trials):
        label = name(trial)
        if label not in places:
            places[label] = len(drawn)
            drawn.append(draw(trial))
        index[g] = places[label]
    return (index, *(np.stack(arrays) for arrays in zip(*drawn, strict=True)))


def _sequences(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    x, y = TASKS[trial.task].draw(trial, _streams.at(trial.seed, "inputs"), _streams.at(trial.seed, "targets", place=1))
    return x.astype(trial.dtype, copy=False), y.astype(np.int64 if trial.loss == "cross_entropy" else trial.dtype)


def _long_sequences(trials: Sequence[Trial]) -> tuple[np.ndarray, LongSequences, LongSequences]:
    """The same, to be drawn when they are read."""
    seeds = list(dict.fromkeys(t.seed for t in trials))
    distinct = [next(t for t in trials if t.seed == seed) for seed in seeds]
    task, dtype = TASKS[trials[0].task], trials[0].dtype

    def begin(name: str) -> Callable[[Trial], np.random.Generator]:
        return lambda trial: _rewound(np.random.Generator(np.random.PCG64(0)), trial.seed, name)

    kind = np.int64 if trials[0].loss == "cross_entropy" else dtype
    return (
        np.array([seeds.index(t.seed) for t in trials]),
        LongSequences(distinct, task.inputs, begin("inputs"), dtype),
        LongSequences(distinct, task.targets, begin("targets"), kind),
    )


def _initial_state(trial: Trial) -> tuple[np.ndarray]:
    shape = (trial.batch, trial.width)
    if trial.initial_state == "zeros":
        return (np.zeros(shape, trial.dtype),)
    return (_streams.at(trial.seed, "initial_state").standard_normal(shape).astype(trial.dtype),)


def _gaussian(seed: int, name: str, shape: tuple[int, int], fan_in: int) -> np.ndarray:
    matrix = _streams.at(seed, name).standard_normal(shape)
    matrix /= np.sqrt(fan_in)
    return matrix


def unit_recurrent(seed: int, width: int, init: str) -> np.ndarray:
    """Return U (N, N) at scale 1: entries N(0, 1/N), Haar orthogonal, or the identity; not to be written to."""
    if width < 32:
        return _draw_unit(seed, width, init)
    return (_few if width > WIDE else _many)(seed, width, init)


def _draw_unit(seed: int, width: int, init: str) -> np.ndarray:
    if init == "identity":
        return np.eye(width)
    matrix = _gaussian(seed, "recurrent", (width, width), width)
    return _haar(matrix) if init == "orthogonal" else matrix


def _kept(seed: int, width: int, init: str) -> np.ndarray:
    matrix = _draw_unit(seed, width, init)
    matrix.flags.writeable = False
    return matrix


_many = lru_cache(maxsize=64)(_kept)  # of at most 8 N² bytes each: 32 MiB
_few = lru_cache(maxsize=2)(_kept)  # trials that share a draw lie next to each other


def _haar(gaussian: np.ndarray) -> np.ndarray:
    """Return the Haar orthogonal matrix of a Gaussian one (Mezzadri 2007): the Q of QR, with R's diagonal positive."""
    q, r = np.linalg.qr(gaussian)
    return q * np.sign(np.diagonal(r))


def spectra(trials: Sequence[Trial]) -> tuple[np.ndarray, np.ndarray]:
    """Return the spectral radius and the spectral norm of every trial's U, (G,) each.

    Both are computed once for a draw and multiplied by the scale, of which they are homogeneous.
    """
    units = {(t.seed, t.width, t.recurrent_init) for t in trials}
    found = dict(zip(sorted(units), _unit_spectra(sorted(units)), strict=True))
    pairs = np.array([found[t.seed, t.width, t.recurrent_init] for t in trials])
    scale = np.array([t.recurrent_scale for t in trials])
    return pairs[:, 0] * scale, pairs[:, 1] * scale


def _unit_spectra(units: list[tuple[int, int, str]]) -> list[tuple[float, float]]:
    if units[0][1] >= 32:
        return [_spectrum(*unit) for unit in units]
    matrices = np.stack([unit_recurrent(*unit) for unit in units])
    radii = np.abs(np.linalg.eigvals(matrices)).max(axis=-1)
    norms = np.linalg.svd(matrices, compute_uv=False)[:, 0]
    return list(zip(radii.tolist(), norms.tolist(), strict=True))


@lru_cache(maxsize=4096)
def _spectrum(seed: int, width: int, init: str) -> tuple[float, float]:
    matrix = unit_recurrent(seed, width, init)
    return float(np.abs(np.linalg.eigvals(matrix)).max()), float(np.linalg.svd(matrix, compute_uv=False)[0])
