"""What the parameters of U ask of each other, checked for a whole grid before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rnnlab.experiment.model import Axis, Grid
from rnnlab.experiment.problems import Problems, show
from rnnlab.trial import BELONGS_TO, parameters

_INIT, _RANK, _DENSITY = "recurrent_init", "recurrent_rank", "recurrent_density"


def check_inits(grid: Grid, key: str, problems: Problems) -> None:
    """Report parameters that mean nothing beside a value of recurrent_init, and ranks that are more than a width.

    Besides, a sparse U of which nothing is left out: it would be a second name of the Gaussian one.
    """
    for name, owner in BELONGS_TO.items():
        neutral = parameters()[name].default
        idle = ((v, i) for v, i in _pairs(grid, name, _INIT, lambda v, neutral=neutral: v != neutral) if i != owner)
        for value, init in _first(idle):
            problems.add(
                f"{key}{name}",
                f"is {show(value)}, which means nothing where recurrent_init is {show(init)}: it belongs to "
                f"{show(owner)}. Leave it out, or give each kind of U its own [[grid]].",
            )
    if "sparse" in _column(_axis(grid, _INIT), _INIT) and not _thinned(grid):
        problems.add(
            f"{key}{_INIT}",
            f'is "sparse", but no {_DENSITY} is below 1: nothing is left out, U is Gaussian. Give {_DENSITY}, as 0.1.',
        )
    for rank, width in _first(sorted(_too_high(grid), key=lambda pair: pair[1])):
        problems.add(f"{key}{_RANK}", f"is {rank}, more than the smallest width {width}; use at most {width}.")


def _thinned(grid: Grid) -> bool:
    return any(init == "sparse" for _, init in _pairs(grid, _DENSITY, _INIT, lambda value: value < 1.0))


def _pairs(grid: Grid, name: str, other: str, wanted: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the wanted values of a parameter with those of another that stand beside them; of a product the first."""
    axis, beside = _axis(grid, name), _axis(grid, other)
    if axis is beside:
        yield from ((v, o) for v, o in zip(_column(axis, name), _column(axis, other), strict=True) if wanted(v))
    else:
        for value in _first(v for v in _column(axis, name) if wanted(v)):
            yield from ((value, o) for o in _column(beside, other))


def _too_high(grid: Grid) -> Iterator[tuple[int, int]]:
    """Yield ranks and the widths that they exceed, for axes that are not tied the extremes alone."""
    ranks, widths = _axis(grid, _RANK), _axis(grid, "width")
    pairs: Iterator[tuple[int, int]]
    if ranks is widths:
        pairs = zip(_low_rank(ranks, _RANK, grid), _low_rank(ranks, "width", grid), strict=True)
    else:
        extremes = max(_low_rank(ranks, _RANK, grid), default=1), min(_low_rank(widths, "width", grid), default=2**20)
        pairs = iter([extremes] if "low_rank" in _column(_axis(grid, _INIT), _INIT) else [])
    yield from ((rank, width) for rank, width in pairs if rank > width)


def _low_rank(axis: Axis, name: str, grid: Grid) -> Iterator[int]:
    """Yield the values of a name on its axis, those alone that may meet low_rank."""
    inits = _axis(grid, _INIT)
    if inits is not axis:
        possible = "low_rank" in _column(inits, _INIT)
        yield from (_column(axis, name) if possible else ())
        return
    yield from (v for v, init in zip(_column(axis, name), _column(axis, _INIT), strict=True) if init == "low_rank")


def _axis(grid: Grid, name: str) -> Axis:
    return next(axis for axis in grid.axes if name in axis.names)


def _column(axis: Axis, name: str) -> Iterable[Any]:
    return axis.columns[axis.names.index(name)]


def _first(values: Iterable[Any]) -> list[Any]:
    return [value for value, _once in zip(values, range(1), strict=False)]
