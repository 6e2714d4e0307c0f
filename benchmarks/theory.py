"""What a trial costs of the measure `theory`, beyond its adjoint, where no two share activation, scale and drive."""

from __future__ import annotations

import time
from statistics import median

import numpy as np

from benchmarks.bars import Bar, summary, table
from rnnlab.theory import STEEPEST_SLOPE
from rnnlab.trial import Trial, trial_of

LIMIT = 200.0  # µs a trial


def section(quick: bool, rounds: int) -> str:
    """Measure and return the table."""
    number = 20 if quick else 200
    bars = [microseconds(activation, number, rounds) for activation in STEEPEST_SLOPE]
    rows: list[list[object]] = [[bar.what, bar.cell] for bar in bars]
    return "\n\n".join([summary(bars), table(["trials", "µs a trial (bar)"], rows)])


def microseconds(activation: str, number: int, rounds: int) -> Bar:
    """Measure the predictions of trials of which no two share scale and drive; one round before, unmeasured."""
    from rnnlab import draws
    from rnnlab.measures.predictions import predicted
    from rnnlab.measures.theory import FEW, MOST

    rng = np.random.default_rng(0)
    took = []
    for _ in range(rounds + 1):
        networks = draws.networks([trial(activation, *rng.uniform(0.2, 4.0, 2)) for _ in range(number)])
        begin = time.perf_counter()
        predicted(networks, few=FEW, most=MOST)
        took.append((time.perf_counter() - begin) / number * 1e6)
    return Bar(f"{activation}, {number} distinct (scale, drive)", median(took[1:]), LIMIT, False, "{:.0f} µs")


def trial(activation: str, recurrent_scale: float, input_scale: float) -> Trial:
    """Return a trial with inputs enough for an i.i.d. drive."""
    return trial_of(
        {"activation": activation, "width": 32, "length": 100, "recurrent_scale": recurrent_scale,
         "input_scale": input_scale}
    )  # fmt: skip
