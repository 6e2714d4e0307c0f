"""Gram-Schmidt on the columns of a frame (N, K), in panels of a tile's columns: nearly all of it is matrix products.

A frame lies in panels as `linalg.pack` lays it, padded with zeros. Columns that depend on those before them become
zero and stay so.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnlab.kernels.linalg import _lanes, _rows, fill
from rnnlab.kernels.options import apart, kernel, reduction
from rnnlab.kernels.panel import reduce, stretch, sweep, sweep_half
from rnnlab.kernels.scaled import LN_2, exponent, power
from rnnlab.kernels.tile import tile1

# A column that falls by more than this is projected again. Below it columns may lean by eps/FALL² on earlier ones: the
# frame is then orthonormal times a triangle, and R_ii wrong by the square of that, less than rounding.
FALL = 1e-4
SETTLED = 0.5  # of its norm that a column keeps when nothing of the earlier ones is left in it (Kahan, Parlett)
EPS = 2.0**-52
GRADED = 1 / EPS  # how far rows lie apart where the digits of the small ones need one projection after another
PASSES = 25  # each takes a factor eps out of a dependent column: together more than the range of floats


class Space(NamedTuple):
    """Scratch for the columns of one panel, and what is found out about all columns."""

    block: np.ndarray  # (width²,)
    sums: np.ndarray  # (width,)
    factors: np.ndarray  # (width,)
    line: np.ndarray  # (N,)
    before: np.ndarray  # squared norms of all columns before the projection
    size: np.ndarray  # and after, 0 for a dependent one
    extra: np.ndarray  # ln of what was taken out of a column besides
    scale: np.ndarray  # (N,) size of the numbers that the rows were summed from: what rounding is measured by


@kernel
def orthonormalise(frame, rows, columns, space):  # type: ignore[no-untyped-def]
    """Replace a frame A by Q of A = QR; column i of R has the diagonal entry e^extra[i] · sqrt(size[i]).

    Several projections at once leave in each a rounding of the whole column. Times the small rows of a graded frame
    these are more than what stands there, and their own roundings stay for good.
    """
    width, graded = _lanes(frame), _is_graded(space.scale)
    for panel in range(-(-columns // width)):
        last = min(width, columns - panel * width)
        if graded:
            _settle_each(frame, rows, panel, last, space)
            continue
        for other in range(panel):
            _project(frame, rows, other, panel, space.block)
        _factorise(frame, rows, panel, last, space)


@kernel
def _is_graded(scale):  # type: ignore[no-untyped-def]
    """Whether rows that are not zero lie further apart than the digits there are."""
    low, high = math.inf, 0.0
    for k in range(scale.size):
        if scale[k] > 0.0:
            low, high = min(low, scale[k]), max(high, scale[k])
    return low < high / GRADED


@kernel
def _settle_each(frame, rows, panel, columns, space):  # type: ignore[no-untyped-def]
    """Make the columns of a panel unit columns, or zero, one after another."""
    for i in range(columns):
        place = panel * _lanes(frame) + i
        space.extra[place] = _settle(frame, rows, panel, i, True, space)
        space.size[place] = 1.0 if space.extra[place] > -math.inf else 0.0


@kernel
def _project(frame, rows, other, panel, block):  # type: ignore[no-untyped-def]
    """Take the columns of an orthonormal panel out of a later one."""
    width, origin, one = _lanes(frame), np.int64(0), np.int64(1)
    q, a = other * rows * width, panel * rows * width
    _rows(width, rows, frame, q, one, width, frame, a, width, -1.0, 0.0, block, origin, width)
    _rows(rows, width, frame, q, width, one, block, origin, width, 1.0, 1.0, frame, a, width)


@kernel
def _factorise(frame, rows, panel, columns, space):  # type: ignore[no-untyped-def]
    """Modified Gram-Schmidt within a panel; columns stay as long as they are until the end."""
    width = _lanes(frame)
    at, first, sums = panel * rows * width, panel * width, space.sums
    fill(sums, 0.0)
    fill(space.factors, 0.0)
    sweep(rows, frame, at, np.int64(0), np.int64(0), 0.0, sums)
    for i in range(columns):
        extra, size = 0.0, sums[i]
        if not size > space.before[first + i] * (FALL * FALL):
            space.size[first + i] = 0.0
            extra = _settle(frame, rows, panel, i, False, space)
            sweep(rows, frame, at, i, i, 0.0, sums)
            size = sums[i]
        space.size[first + i], space.extra[first + i] = size, extra
        inverse = 1.0 / size if size > 0.0 else 0.0
        space.factors[i] = math.sqrt(inverse)
        if i + 1 < columns:
            if 2 * (i + 1) < width:
                sweep(rows, frame, at, i, i + 1, inverse, sums)
            else:
                sweep_half(rows, frame, at, i, i + 1, inverse, sums)
    stretch(rows, frame, at, space.factors)


@kernel
def _settle(frame, rows, panel, column, graded, space):  # type: ignore[no-untyped-def]
    """Project a column until nothing of the earlier ones is left; it becomes a unit column, or zero.

    Return the ln of the factor taken out. Rows of a Jacobian may differ by many orders of magnitude. Each pass leaves
    eps of what it takes out, so that a column far below the others comes out right after some passes, and as many more
    bring its large rows down to where they belong; one that depends on the others never settles, or is rounding.
    """
    apart()
    width, line = _lanes(frame), space.line
    at = panel * rows * width + column
    peak = 0.0
    for k in range(rows):
        line[k] = frame[at + k * width]
        peak = max(peak, abs(line[k]))
    shift = exponent(peak) if peak > 0.0 else 0
    first, second = power(-(shift // 2)), power(shift // 2 - shift)  # of a denormal column one alone were infinite
    for k in range(rows):
        line[k] = line[k] * first * second
    total, falls, rests = shift * LN_2, 1, 0
    while falls < PASSES and rests < falls:
        norm = math.sqrt(_squares(line))
        if not norm > 0.0:
            break
        inverse = 1.0 / norm
        for k in range(rows):
            line[k] *= inverse
        total += math.log(norm)
        for other in range(panel + 1):
            if graded:
                _remove_each(frame, rows, other, column if other == panel else _lanes(frame), line)
            else:
                _remove(frame, rows, other, panel, column, space)
        kept = _squares(line) > SETTLED * SETTLED
        falls, rests = falls + (0 if kept else 1), rests + (1 if kept else 0)
    norm, settled = math.sqrt(_squares(line)), rests >= falls
    total += math.log(norm) if settled else -math.inf
    settled = settled and not _is_rounding(line, total - math.log(norm), space)
    for k in range(rows):
        frame[at + k * width] = line[k] / norm if settled else 0.0
    return total if settled else -math.inf


@kernel
def _is_rounding(line, log, space):  # type: ignore[no-untyped-def]
    """Whether the largest entry of line · e^log is no more than what rounding leaves in its row."""
    row = 0
    for k in range(line.size):
        if abs(line[k]) > abs(line[row]):
            row = k
    return math.log(abs(line[row])) + log < math.log(space.scale[row]) + math.log(line.size * EPS)


@reduction
def _squares(line):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(line.size):
        total += line[k] * line[k]
    return total


@kernel
def _remove(frame, rows, other, panel, column, space):  # type: ignore[no-untyped-def]
    """Take the columns of another panel, or the earlier ones of its own, out of the line."""
    width, c, origin, one = _lanes(frame), space.sums, np.int64(0), np.int64(1)
    at = other * rows * width
    tile1(rows, space.line, origin, rows, one, frame, at, width, 1.0, 0.0, c, origin, width)
    for j in range(width if other == panel else 0):  # these are not of unit length yet
        size = space.size[panel * width + j] if j < column else 0.0
        c[j] = c[j] / size if size > 0.0 else 0.0
    reduce(rows, space.line, frame, at, c)


@kernel
def _remove_each(frame, rows, panel, columns, line):  # type: ignore[no-untyped-def]
    """Take unit columns of a panel, or zeros, out of the line, one after another."""
    width = _lanes(frame)
    for j in range(panel * rows * width, panel * rows * width + columns):
        along = _along(frame, rows, j, line)
        for k in range(rows):
            line[k] -= along * frame[j + k * width]


@reduction
def _along(frame, rows, at, line):  # type: ignore[no-untyped-def]
    width, total = _lanes(frame), 0.0
    for k in range(rows):
        total += frame[at + k * width] * line[k]
    return total
