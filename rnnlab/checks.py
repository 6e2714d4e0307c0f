"""Checks of arrays that a caller gives: each error names the array, the place and what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, NoReturn

import numpy as np

from rnnlab.errors import UsageError, did_you_mean
from rnnlab.machine import processors

_HOMES = {"G": "U", "N": "U", "D": "W", "O": "V", "T": "x", "B": "x"}  # the array that tells the size of an axis


def choice(what: str, value: Any, known: Iterable[str]) -> None:
    """Raise where a name is none of the known ones."""
    names = list(known)
    if value not in names:
        raise UsageError(f"{what} = {value!r} is unknown.{did_you_mean(str(value), names)}")


def activations(given: Any, known: Iterable[str], count: int | None) -> tuple[str, ...]:
    """Return the names of `count` networks' activations, of which one may serve all; None: of a single network.

    Whether there are such is for others to say.
    """
    if isinstance(given, str):
        names = [given] * (count or 1)
    elif count is None or not isinstance(given, Iterable):
        many = "" if count is None else f", or a list of {count}"
        raise UsageError(f"activation = {given!r} is no name: give one of {', '.join(known)}{many}")
    else:
        names = list(given)
    if len(names) != (count or 1):
        raise UsageError(f"activation has {len(names)} names for {count} networks: give one name, or a list of {count}")
    return tuple(names)


def numbers(
    name: str, given: Any, count: int | None, *,
    above: float = -np.inf, least: float = -np.inf, most: float = np.inf, below: float = np.inf,
) -> np.ndarray:  # fmt: skip
    """Return `count` finite numbers, of which one may serve all; None: of a single network, as an array of one.

    They lie above `above`, in [least, most] and below `below`.
    """
    words = " and ".join(
        text for text, stated in ((f"> {above:g}", above > -np.inf), (f">= {least:g}", least > -np.inf),
                                  (f"<= {most:g}", most < np.inf), (f"< {below:g}", below < np.inf)) if stated
    )  # fmt: skip
    try:
        values = np.asarray(given)
        good = values.dtype.kind in "iuf" and values.ndim <= (0 if count is None else 1)
        values = values.astype(np.float64)
    except (TypeError, ValueError):
        good = False
    if not good:
        many = "" if count is None else f", or an array of {count}"
        raise UsageError(f"{name} = {given!r} is no number: give one {words}".rstrip() + many)
    if values.ndim and len(values) != count:
        raise UsageError(f"{name} has {len(values)} numbers for {count} networks: give one, or an array of {count}")
    wrong = ~((values > above) & (values >= least) & (values <= most) & (values < below))  # nan and ±inf are, too
    if wrong.any():
        place = "" if values.ndim == 0 else f"[{int(np.argmax(wrong))}]"
        raise UsageError(f"{name}{place} = {values[wrong].ravel()[0]:g}: give a finite number {words}".rstrip())
    return np.array(np.broadcast_to(values, (count or 1,)))


def threads(workers: Any) -> int:
    """Return how many threads are asked for: a number, or None for all processors."""
    if workers is None:
        return processors()
    if isinstance(workers, bool) or not isinstance(workers, Integral) or workers < 1:
        raise UsageError(f"workers = {workers!r} is no number of threads: give 1 or more, or None for all processors")
    return int(workers)


def checkpoints(steps: Any) -> int | None:
    """Return how many steps lie between checkpoints: a number, or None for the choice that is made here."""
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, Integral) or steps < 1):
        raise UsageError(f"checkpoint = {steps!r} is no number of steps: give 1 or more, or None to let rnnlab choose")
    return None if steps is None else int(steps)


def arrays(given: Mapping[str, Any], optional: Iterable[str]) -> dict[str, Any]:
    """Return what is given as arrays, None where it is optional; raise for what makes no array."""
    return {name: None if value is None and name in optional else _array(name, value) for name, value in given.items()}


def _array(name: str, value: Any) -> np.ndarray:
    if value is None:
        raise UsageError(f"{name} is no array: it is None, and only h0, b and c may be left out")
    try:
        return np.asarray(value)
    except Exception as error:  # ragged lists; or whatever the owner of a foreign array says
        raise UsageError(f"{name} is no array: {' '.join(str(error).split())}") from None


def work_dtype(given: Mapping[str, Any]) -> np.dtype[Any]:
    """Return float32 where all arrays that are given are float32, else float64; raise for what is no real number."""
    dtypes = []
    for name, value in given.items():
        if value is None:
            continue
        dtype = value.dtype
        if dtype.kind not in "iuf" or dtype == np.float16 or dtype.itemsize > 8:
            raise UsageError(f"{name} has dtype {dtype}: give float64 or float32, as {name}.astype('float64')")
        dtypes.append(dtype.newbyteorder("="))
    return np.dtype(np.float32 if all(dtype == np.float32 for dtype in dtypes) else np.float64)


def shaped(name: str, array: Any, axes: tuple[str, ...], sizes: Mapping[str, int], hidden: int) -> tuple[int, ...]:
    """Return the shape of an array whose axes have these names; raise where known sizes differ or one is 0.

    The first `hidden` axes were added by us: the message leaves them out.
    """
    found = dict(sizes)
    fits = array.ndim == len(axes)
    for axis, size in zip(axes, array.shape, strict=False):
        fits = fits and size > 0 and found.setdefault(axis, size) == size
    if not fits:
        wanted = ", ".join(
            f"{axis}={sizes[axis]} of {_HOMES[axis]}" if axis in sizes and _HOMES[axis] != name else axis
            for axis in axes[hidden:]
        )
        raise UsageError(f"{name} has shape {array.shape[hidden:]}: expected ({wanted}), no axis of length 0")
    return tuple(array.shape)


def finite(name: str, array: np.ndarray, dtype: np.dtype[Any], added: int) -> np.ndarray:
    """Return the array as kernels take it; raise where an entry is not finite.

    The first `added` axes were added by us: the message leaves them out.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # the sum of what is finite may not be
        ready = np.require(array, dtype=dtype, requirements=["C", "A", "W"])
        suspect = not np.isfinite(ready.sum())
    if suspect and not np.isfinite(ready).all():
        place = np.argwhere(~np.isfinite(ready))[0]
        _refuse(name, array, place, added, "is not finite: repair or remove it")
    return ready


def classes(array: np.ndarray, outputs: int, added: int) -> np.ndarray:
    """Return targets of cross_entropy as the kernels take them; raise where one is no class."""
    if array.dtype.kind not in "iu":
        raise UsageError(f"y has dtype {array.dtype}: cross_entropy takes integers, classes 0..{outputs - 1}")
    wrong = (array < 0) | (array >= outputs)
    if wrong.any():
        _refuse("y", array, np.argwhere(wrong)[0], added, f"is no class: they are 0..{outputs - 1}, one an output")
    return np.require(array, dtype=np.int64, requirements=["C", "A", "W"])


def _refuse(name: str, array: np.ndarray, place: np.ndarray, added: int, why: str) -> NoReturn:
    where = ", ".join(str(int(i)) for i in place[added:])
    raise UsageError(f"{name}[{where}] = {array[tuple(place)]} {why}")
