"""What trials cost in time, memory and disk, told from their shapes before anything runs.

The constants are of one core of a machine of 2024; where a store has times of what ran on this one, they are corrected
by them (`calibrated`). An estimate is good to a factor of two, and says how many measured trials it stands on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rnnlab.grid import block_size
from rnnlab.measures.work import Work
from rnnlab.trial import Trial

_START = 1.5  # s until the first block runs: imports and compiled kernels
_FLOPS = {"float64": 4.5e10, "float32": 9e10}  # a second
_ITEM = {"float64": 8, "float32": 4}  # bytes
_TRIAL, _STEP, _ROW = 5e-5, 1.5e-6, 5e-7  # s for a trial, for each of its steps, for each row by step
_ELEMENT, _NUMBER = 1.2e-8, 1e-8  # s for phi and what is summed up of one unit, for one number that is drawn
_SPECTRUM = 3e-9  # s times N³ for eigenvalues and norm of one U

PROCESS = 350 << 20  # bytes that Python and its libraries take
_SLAB = 4 << 20  # bytes of the trajectories that are computed together
_LONG = 64 << 20  # bytes of states, and of sequences, beyond which a measure that can reads them piece by piece
_CELL = 8  # bytes of one value in a table
_DISK_TRIAL, _DISK_ROW = 120, 40  # bytes of one row on the disk
_DISK_FILES = 40_000  # bytes of the footers of the few files of a measure


@dataclass(frozen=True, slots=True)
class Load:
    """Trials of one shape to be measured: one of them, their number, their distinct seeds, and the work of each."""

    trial: Trial
    number: int
    seeds: int
    work: Work = field(default_factory=Work)
    drawn: bool = True  # whether draws and forward pass, which the measures of a trial share, are charged to this load


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall-clock seconds, peak bytes of memory, bytes on the disk."""

    seconds: float
    memory: int
    disk: int


@dataclass(frozen=True, slots=True)
class Model:
    """How much longer things take here than the constants say, by (width, dtype); and how many trials told so."""

    factors: Mapping[tuple[int, str], float] = field(default_factory=dict)
    trials: int = 0

    def factor(self, trial: Trial) -> float:
        """Return the factor of the nearest width that was measured, 1 where none was."""
        same = {width: each for (width, dtype), each in self.factors.items() if dtype == trial.dtype}
        known = same or {width: each for (width, _), each in self.factors.items()}
        if not known:
            return 1.0
        return known[min(known, key=lambda width: abs(math.log(width / trial.width)))]


def calibrated(measured: Iterable[tuple[Load, float]]) -> Model:
    """Return the model that fits loads and the seconds that they took, one worker's time."""
    told: dict[tuple[int, str], float] = {}
    took: dict[tuple[int, str], float] = {}
    trials = 0
    for load, taken in measured:
        place = load.trial.width, load.trial.dtype
        told[place] = told.get(place, 0.0) + seconds(load)
        took[place] = took.get(place, 0.0) + taken
        trials += load.number
    within = {place: min(max(took[place] / told[place], 0.1), 10.0) for place in told}
    return Model(within, trials)


def estimate(loads: Iterable[Load], *, workers: int, model: Model | None = None, executor: str = "threads") -> Cost:
    """Return what these loads cost together."""
    loads, model = list(loads), model or Model()
    if not loads:
        return Cost(0.0, 0, 0)
    work = sum(seconds(load) * model.factor(load.trial) for load in loads)
    blocks = sum(math.ceil(load.number / block_size(load.trial, load.work)) for load in loads)
    processes = 1 + (workers if executor in ("processes", "dask") else 0)
    memory = processes * PROCESS + min(2 * workers, blocks) * max(block_bytes(load) for load in loads)
    return Cost(_START + work / min(workers, blocks), memory, _DISK_FILES + sum(disk(load) for load in loads))


def seconds(load: Load) -> float:
    """Return the seconds that one worker takes for a load, by the constants alone."""
    t = load.trial
    n, d, o, sequences = t.width, t.inputs, t.outputs, t.batch * t.length
    flops = load.work.flops + (2.0 * n * sequences * (n + d) if load.drawn else 0.0)
    each = _TRIAL + _STEP * t.length + _ROW * load.work.rows + _ELEMENT * sequences * n + flops / _FLOPS[t.dtype]
    if not load.drawn:
        return load.number * each
    drawn = sequences * (d + o) + n * (n + d + o)
    return load.number * each + load.seeds * (_NUMBER * drawn + _SPECTRUM * float(n) ** 3)


def block_bytes(load: Load) -> int:
    """Return the bytes that one block of this load takes: arrays drawn, trajectories, gradients, rows."""
    t = load.trial
    size = min(load.number, block_size(t, load.work))
    sets = math.ceil(size * load.seeds / load.number)
    n, weights = t.width, t.width * (t.width + t.inputs + t.outputs)
    longest = _LONG if load.work.streams else math.inf
    sequences = int(min(t.batch * t.length * (t.inputs + t.outputs), longest / _CELL))
    trajectory = int(min((2 * t.length + 1) * t.batch * n * _ITEM[t.dtype], longest))
    arrays = (size + 2) * weights + sets * sequences
    rows = size * (60 + 12 * load.work.rows)
    held = max(trajectory, min(_SLAB, size * trajectory)) + load.work.bytes
    return _ITEM[t.dtype] * arrays + _CELL * (sequences + rows) + held


def disk(load: Load) -> int:
    """Return the bytes that the rows of a load take in the store."""
    return load.number * (_DISK_TRIAL + _DISK_ROW * load.work.rows)
