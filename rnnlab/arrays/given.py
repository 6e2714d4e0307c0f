"""What a caller gives: checked, and made into networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnlab.checks import activations, arrays, choice, classes, finite, numbers, shaped, work_dtype
from rnnlab.errors import UsageError
from rnnlab.networks import Networks
from rnnlab.plugins import activation_named

WEIGHTS = ("U", "W", "V", "b", "c")
COTANGENTS = "cotangents"  # the loss of networks that are given its derivatives


def networks_of(
    given: Mapping[str, Any], *, activation: Any, loss: str, loss_at: str, single: bool, leak: Any = 1.0
) -> Networks:
    """Check all arguments and return the networks: `single` arrays of one, or with a leading G as in the statistics.

    given: U, W, V, x, y, cotangents, h0, b and c, where None is what is left out. One of y and cotangents is there:
    dL/do (T, B, O) in place of a loss. Raises UsageError where an argument cannot be used.
    """
    from rnnlab.kernels.activation_table import CODES
    from rnnlab.kernels.losses import CODES as LOSSES

    choice("loss", loss, [name for name in LOSSES if name != COTANGENTS])
    choice("loss_at", loss_at, ("every", "last"))
    given, loss = _held_against(given, loss)
    ready = arrays(given, optional=("h0", "b", "c"))
    dtype = work_dtype({name: array for name, array in ready.items() if name != "y" or loss != "cross_entropy"})
    weights, sizes = _weights(ready, dtype, single)
    given_names = activations(activation, CODES, None if single else sizes["G"])
    named = {name: activation_named(name, "activation = ") for name in dict.fromkeys(given_names)}
    names = tuple(named[name] for name in given_names)
    sequences = _sequences(ready, dtype, loss, sizes, single)
    if loss == COTANGENTS:
        loss_at = _steps_of(sequences["y"], loss_at)
    leaks = numbers("leak", leak, None if single else sizes["G"], above=0.0, most=1.0)
    known = leaks if (leaks < 1.0).any() else None
    return Networks(names, **weights, **sequences, loss=loss, loss_at=loss_at, known_leak=known)


def _held_against(given: Mapping[str, Any], loss: str) -> tuple[dict[str, Any], str]:
    """Return the arrays under one name for what outputs are held against, and the loss that this makes."""
    one, other = given.get("y"), given.get(COTANGENTS)
    rest = {name: array for name, array in given.items() if name not in ("y", COTANGENTS)}
    if one is not None and other is not None:
        raise UsageError("y and cotangents are both given: cotangents are dL/do of a loss of yours, which needs no y")
    if one is None and other is None:
        raise UsageError("y is no array: it is None; give targets y, or cotangents, dL/do of a loss of yours")
    if other is None:
        return {**rest, "y": one}, loss
    if loss != "squared":
        raise UsageError(f"loss = {loss!r} is given with cotangents, which stand in its place: leave one of them out")
    return {**rest, COTANGENTS: other}, COTANGENTS


def _steps_of(cotangents: np.ndarray, loss_at: str) -> str:
    """Return `last` where only the last step has a loss, else `every`."""
    if not cotangents[:, :-1].any():
        return "last"
    if loss_at == "last":
        raise UsageError("loss_at = 'last', but cotangents before the last step are not zero: leave loss_at out")
    return "every"


def _weights(given: dict[str, Any], dtype: np.dtype[Any], single: bool) -> tuple[dict[str, Any], dict[str, int]]:
    """Return U, W, V, b and c with a leading G, and the sizes that they tell."""
    lead = 1 if single else 0  # the axis of G that a single network's caller does not see
    full = {name: given[name][None] if single and given[name] is not None else given[name] for name in WEIGHTS}
    G, N, _ = shaped("U", full["U"], ("G", "N", "N"), {}, lead)
    sizes = {"G": G, "N": N}
    sizes["D"] = shaped("W", full["W"], ("G", "N", "D"), sizes, lead)[2]
    sizes["O"] = shaped("V", full["V"], ("G", "O", "N"), sizes, lead)[1]
    for name, axis in (("b", "N"), ("c", "O")):
        full[name] = _or_zeros(full[name], (G, sizes[axis]))
        shaped(name, full[name], ("G", axis), sizes, lead)
    return {name: finite(name, array, dtype, lead) for name, array in full.items()}, sizes


def _sequences(
    given: dict[str, Any], dtype: np.dtype[Any], loss: str, sizes: dict[str, int], single: bool
) -> dict[str, Any]:
    """Return x, y (or what stands in its place) and h0 with a leading axis, and every network's index into each."""
    x, source = _shared("x", given["x"], ("T", "B", "D"), sizes, single)
    sizes = sizes | dict(zip("TB", x.shape[1:3], strict=True))
    name = COTANGENTS if loss == COTANGENTS else "y"
    y, target = _shared(name, given[name], ("T", "B") if loss == "cross_entropy" else ("T", "B", "O"), sizes, single)
    start = _or_zeros(given["h0"], (sizes["B"], sizes["N"]))
    h0, initial = _shared("h0", start, ("B", "N"), sizes, single)
    added = {"x": x.ndim - given["x"].ndim, "y": y.ndim - given[name].ndim, "h0": h0.ndim - start.ndim}
    is_class = loss == "cross_entropy"
    return {
        "x": finite("x", x, dtype, added["x"]),
        "source": source,
        "h0": finite("h0", h0, dtype, added["h0"]),
        "initial": initial,
        "y": classes(y, sizes["O"], added["y"]) if is_class else finite(name, y, dtype, added["y"]),
        "target": target,
    }


def _or_zeros(array: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(shape) if array is None else array


def _shared(
    name: str, array: np.ndarray, ends: tuple[str, ...], sizes: dict[str, int], single: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the array with a leading axis, and every network's index into it."""
    own = not single and array.ndim == len(ends) + 1
    full = array if own else array[None]
    shaped(name, full, ("G" if own else "1", *ends), sizes | {"1": 1}, 0 if own else 1)
    return full, np.arange(sizes["G"]) if own else np.zeros(sizes["G"], np.int64)
