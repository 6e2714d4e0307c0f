"""Parameters that belong to one value of another, and the kinds of U: checked for a whole grid before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rnnlab.experiment.combinations import axis_of, column_of, values_of
from rnnlab.experiment.model import Axis, Grid
from rnnlab.experiment.problems import Problems, show
from rnnlab.trial import BELONGS_TO, OF_U, parameters

_INIT, _RANK, _DENSITY = "recurrent_init", "recurrent_rank", "recurrent_density"


def check_belonging(grid: Grid, key: str, problems: Problems) -> None:
    """Report parameters that mean nothing beside a value of the one that they belong to."""
    for name, (owner, only) in BELONGS_TO.items():
        neutral = parameters()[name].default
        pairs = _pairs(grid, name, owner, lambda v, neutral=neutral: v != neutral)
        for value, beside in _first((v, o) for v, o in pairs if o != only):
            thing = "kind of U" if name in OF_U else owner
            problems.add(
                f"{key}{name}",
                f"is {show(value)}, which means nothing where {owner} is {show(beside)}: it belongs to {show(only)}. "
                f"Leave it out, or give each {thing} its own [[grid]].",
            )


def check_inits(grid: Grid, key: str, problems: Problems) -> None:
    """Report ranks that are more than a width, and a sparse U of which nothing is left out: it is the Gaussian one."""
    if "sparse" in values_of(grid, _INIT) and not _thinned(grid):
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
    axis, beside = axis_of(grid, name), axis_of(grid, other)
    if axis is beside:
        yield from ((v, o) for v, o in zip(column_of(axis, name), column_of(axis, other), strict=True) if wanted(v))
    else:
        for value in _first(v for v in column_of(axis, name) if wanted(v)):
            yield from ((value, o) for o in column_of(beside, other))


def _too_high(grid: Grid) -> Iterator[tuple[int, int]]:
    """Yield ranks and the widths that they exceed, for axes that are not tied the extremes alone."""
    ranks, widths = axis_of(grid, _RANK), axis_of(grid, "width")
    pairs: Iterator[tuple[int, int]]
    if ranks is widths:
        pairs = zip(_low_rank(ranks, _RANK, grid), _low_rank(ranks, "width", grid), strict=True)
    else:
        extremes = max(_low_rank(ranks, _RANK, grid), default=1), min(_low_rank(widths, "width", grid), default=2**20)
        pairs = iter([extremes] if "low_rank" in values_of(grid, _INIT) else [])
    yield from ((rank, width) for rank, width in pairs if rank > width)


def _low_rank(axis: Axis, name: str, grid: Grid) -> Iterator[int]:
    """Yield the values of a name on its axis, those alone that may meet low_rank."""
    inits = axis_of(grid, _INIT)
    if inits is not axis:
        possible = "low_rank" in column_of(inits, _INIT)
        yield from (column_of(axis, name) if possible else ())
        return
    yield from (v for v, init in zip(column_of(axis, name), column_of(axis, _INIT), strict=True) if init == "low_rank")


def _first(values: Iterable[Any]) -> list[Any]:
    return [value for value, _once in zip(values, range(1), strict=False)]
