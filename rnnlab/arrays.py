"""Gradients of networks that are given as arrays: checked first, then at the speed of the kernels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.checks import activations, arrays, choice, classes, finite, shaped, threads, work_dtype
from rnnlab.networks import Backpropagation, Networks, Trajectory, backpropagate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PARTS = ("U", "W", "V", "b", "c", "h0")
WEIGHTS = PARTS[:5]
_SPLIT = 2  # pieces of work for each worker, so that none waits long for the last


@dataclass(frozen=True, eq=False)
class Gradients:
    """The loss of one network and its gradient; arrays of the dtype of the work, inf beyond its range.

    Norms are right far outside that range: log10 in float64, -inf for an exact zero. All are nan where it diverged.
    """

    loss: float  # L, the sum over steps of the mean over the batch
    log10_loss: float
    U: np.ndarray  # (N, N), dL/dU
    W: np.ndarray  # (N, D)
    V: np.ndarray  # (O, N)
    b: np.ndarray  # (N,)
    c: np.ndarray  # (O,)
    h0: np.ndarray  # (B, N), dL/dh_0
    log10_norm: Mapping[str, float]  # of U, W, V, b, c: log10 ‖dL/d·‖; of h0: log10 sqrt(mean_b ‖dl_b/dh_0‖²)
    hidden_log10_norm: np.ndarray  # (T,), log10 sqrt(mean_b ‖dl_b/dh_t‖²) for t = 1..T, through all later states
    diverged_at: int | None  # first step with a state or output that is not finite


@dataclass(frozen=True, eq=False)
class GradientStatistics:
    """The loss and the gradient norms of G networks, as in Gradients; nan where one diverged."""

    loss: np.ndarray  # (G,)
    log10_loss: np.ndarray  # (G,)
    log10_norm: Mapping[str, np.ndarray]  # (G,) each, of U, W, V, b, c, h0
    hidden_log10_norm: np.ndarray  # (G, T)
    diverged_at: np.ndarray  # (G,), 0 where nothing diverged


def gradients(
    U: ArrayLike, W: ArrayLike, V: ArrayLike, x: ArrayLike, y: ArrayLike, *,
    activation: str, loss: str = "squared", loss_at: str = "every",
    h0: ArrayLike | None = None, b: ArrayLike | None = None, c: ArrayLike | None = None,
) -> Gradients:  # fmt: skip
    """Back-propagate h_t = phi(U h_{t-1} + W x_t + b), o_t = V h_t + c through time.

    Shapes: U (N, N), W (N, D), V (O, N), x (T, B, D), y (T, B, O) or classes (T, B) for cross_entropy, h0 (B, N),
    b (N,), c (O,); what is not given is zero. float32 arrays are worked on in float32, all others in float64.
    Losses: squared, mean_b ½‖o_t - y_t‖²; cross_entropy, mean_b -log softmax(o_t)[y_t]; at every step or the last.
    The gradient is exact (Werbos 1990, Proc. IEEE 78); raises UsageError where an argument cannot be used.
    """
    given = {"U": U, "W": W, "V": V, "x": x, "y": y, "h0": h0, "b": b, "c": c}
    trajectory = Trajectory(_networks(given, activation, loss, loss_at, single=True))
    flow = backpropagate(trajectory, keep=True)
    diverged = int(flow.diverged[0])
    parts: tuple[Any, ...] = tuple(_arrays(flow, trajectory.networks, diverged > 0))
    return Gradients(  # type: ignore[call-arg]
        float(flow.loss[0]), float(flow.log10_loss[0]), *parts,
        dict(zip(PARTS, flow.log10_norm[0].tolist(), strict=True)), flow.hidden_log10_norm[0, 1:].copy(),
        diverged or None,
    )  # fmt: skip


def _arrays(flow: Backpropagation, networks: Networks, lost: bool) -> list[np.ndarray]:
    """The gradients of the one network, of the mean over the batch."""
    g, batch = flow.gradient, networks.shape[2]
    scales = [*g.exponent[:5], g.exponent[5:, None]]
    parts = [g.U, g.W, g.V, g.b[0], g.c[0], g.h0]
    if lost:
        return [np.full_like(part, np.nan) for part in parts]
    with np.errstate(over="ignore", under="ignore"):
        shifts = [np.clip(e, -4000, 4000).astype(np.int32) for e in scales]
        return [np.ldexp(p / p.dtype.type(batch), e) for p, e in zip(parts, shifts, strict=True)]


def gradient_statistics(
    U: ArrayLike, W: ArrayLike, V: ArrayLike, x: ArrayLike, y: ArrayLike, *,
    activation: str | Sequence[str], loss: str = "squared", loss_at: str = "every",
    h0: ArrayLike | None = None, b: ArrayLike | None = None, c: ArrayLike | None = None, workers: int | None = None,
) -> GradientStatistics:  # fmt: skip
    """Return the losses and gradient norms of G networks of equal shape in one call, as `gradients` has them.

    Shapes: U (G, N, N), W (G, N, D), V (G, O, N), b (G, N), c (G, O); x, y and h0 as for one network, shared by all,
    or with a leading G. One activation, or G of them. `workers` threads; default: the processors there are. A
    network's numbers do not depend on its neighbours or on the workers.
    """
    number = threads(workers)
    given = {"U": U, "W": W, "V": V, "x": x, "y": y, "h0": h0, "b": b, "c": c}
    networks = _networks(given, activation, loss, loss_at, single=False)
    G, T, *_ = networks.shape
    statistics = GradientStatistics(
        np.empty(G), np.empty(G), {part: np.empty(G) for part in PARTS}, np.empty((G, T)), np.zeros(G, np.int64)
    )
    work = partial(_fill, statistics, networks)
    number = min(number, G)
    cuts = np.linspace(0, G, min(G, number * _SPLIT) + 1).astype(int).tolist()
    if number == 1:
        work(0, G)
    else:
        list(_pool(number).map(work, cuts[:-1], cuts[1:]))
    return statistics


def _fill(s: GradientStatistics, networks: Networks, start: int, stop: int) -> None:
    """Compute the networks start..stop-1 and put their statistics in place."""
    for slab in networks.part(start, stop).slabs():
        end = start + len(slab.U)
        trajectory = Trajectory(slab)
        flow = backpropagate(trajectory)
        s.loss[start:end], s.log10_loss[start:end] = flow.loss, flow.log10_loss
        for i, part in enumerate(PARTS):
            s.log10_norm[part][start:end] = flow.log10_norm[:, i]
        s.hidden_log10_norm[start:end] = flow.hidden_log10_norm[:, 1:]
        s.diverged_at[start:end] = flow.diverged
        start = end


@lru_cache(maxsize=1)
def _pool(workers: int) -> ThreadPoolExecutor:
    """Threads that stay: with them stay the arrays that they work in."""
    return ThreadPoolExecutor(workers, thread_name_prefix="rnnlab")


if hasattr(os, "register_at_fork"):  # a forked child has the pool, but none of its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def _networks(given: dict[str, Any], activation: Any, loss: str, loss_at: str, *, single: bool) -> Networks:
    """Check all arguments and return the networks."""
    from rnnlab.kernels.activations import CODES
    from rnnlab.kernels.losses import CODES as LOSSES

    choice("loss", loss, LOSSES)
    choice("loss_at", loss_at, ("every", "last"))
    ready = arrays(given, optional=("h0", "b", "c"))
    dtype = work_dtype({name: array for name, array in ready.items() if name != "y" or loss == "squared"})
    weights, sizes = _weights(ready, dtype, single)
    names = activations(activation, CODES, None if single else sizes["G"])
    return Networks(names, **weights, **_sequences(ready, dtype, loss, sizes, single), loss=loss, loss_at=loss_at)


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
    """Return x, y and h0 with a leading axis, and every network's index into each."""
    x, source = _shared("x", given["x"], ("T", "B", "D"), sizes, single)
    sizes = sizes | dict(zip("TB", x.shape[1:3], strict=True))
    y, target = _shared("y", given["y"], ("T", "B", "O") if loss == "squared" else ("T", "B"), sizes, single)
    start = _or_zeros(given["h0"], (sizes["B"], sizes["N"]))
    h0, initial = _shared("h0", start, ("B", "N"), sizes, single)
    added = {"x": x.ndim - given["x"].ndim, "y": y.ndim - given["y"].ndim, "h0": h0.ndim - start.ndim}
    return {
        "x": finite("x", x, dtype, added["x"]),
        "source": source,
        "h0": finite("h0", h0, dtype, added["h0"]),
        "initial": initial,
        "y": finite("y", y, dtype, added["y"]) if loss == "squared" else classes(y, sizes["O"], added["y"]),
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
