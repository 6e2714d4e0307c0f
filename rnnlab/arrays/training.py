"""Training of networks that a caller gives, on batches that a caller gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.arrays.batches import Batches, batches_of
from rnnlab.arrays.given import networks_of
from rnnlab.arrays.pool import spread
from rnnlab.arrays.regimes import regime_of
from rnnlab.blas import single_threaded_blas
from rnnlab.checks import numbers, threads
from rnnlab.kernels.regime import Regime
from rnnlab.networks import Networks
from rnnlab.networks.trainer import Trainer
from rnnlab.networks.training import regime_of_part

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TRAINED = ("U", "W", "V")


@dataclass(frozen=True, eq=False)
class Trained:
    """Networks after their training, and what each update told; with a leading G where G networks were given.

    Updates that were not made are nan. Norms are log10, in float64, -inf for an exact zero: of the batch-mean loss,
    summed over the steps of the optimiser where an update has several.
    """

    U: np.ndarray  #: (N, N), as the last update left it
    W: np.ndarray  #: (N, D)
    V: np.ndarray  #: (O, N)
    b: np.ndarray  #: (N,)
    c: np.ndarray  #: (O,)
    loss: np.ndarray  #: (updates,), of each batch as it was met: sum over the steps of the mean over the batch
    log10_grad_norm: Mapping[str, np.ndarray]  #: of U, W and V: (updates,) before clipping
    log10_clipped_norm: Mapping[str, np.ndarray]  #: the same after clipping
    update_ratio: np.ndarray  #: (updates,), ‖change of U‖ / ‖U‖
    updates: Any  #: how many were made, the one that diverged included
    status: Any  #: ok: all were made; success: the loss reached stop_at; diverged: something was not finite


def train(
    U: ArrayLike, W: ArrayLike, V: ArrayLike, x: ArrayLike, y: ArrayLike, *,
    activation: str | Sequence[str], loss: str = "squared", loss_at: str = "every",
    optimizer: str = "sgd", learning_rate: ArrayLike, momentum: ArrayLike = 0.0,
    clip_norm: ArrayLike | None = None, clip_value: ArrayLike | None = None, update_rule: str = "full",
    k1: int | None = None, k2: int | None = None, b: ArrayLike | None = None, c: ArrayLike | None = None,
    train_biases: bool = False, h0: ArrayLike | None = None, leak: ArrayLike = 1.0,
    vanishing_penalty: ArrayLike = 0.0, flossing: ArrayLike = 0.0, flossing_exponents: int = 1,
    stop_at: ArrayLike | None = None, workers: int | None = None,
) -> Trained:  # fmt: skip
    """Train h_t = phi(U h_{t-1} + W x_t + b), o_t = V h_t + c, one update for each batch.

    Shapes: U (N, N), W (N, D), V (O, N), b (N,), c (O,), h0 (B, N); x (updates, T, B, D), y (updates, T, B, O) or
    classes (updates, T, B) for cross_entropy. G networks train side by side where U, W, V, b, c have a leading G: x
    and y are then shared, or have a leading G too, and numbers that say how to train may be one for each. Losses, leak
    and dtype are those of `gradients`.

    update_rule: `full`, one step of the optimiser from the summed loss; `online`, one for each L_i in turn, i = 1..T,
    with h_1..h_i computed anew from the weights as they are then: U_{i+1} = U_i - η dL_i/dU_i. k1, k2 (full only): a
    step every k1 time steps, its losses sent back through k2 steps (Williams and Peng 1990). `rtrl`: as online, without
    going back: states and sensitivities dh/dU, dh/dW go on under the changing weights, stale at order η (Williams and
    Zipser 1989); its cost grows as N⁴, and N is at most 64.
    optimizer: sgd (with momentum where that is above 0), momentum, adam, rmsprop, as PyTorch has them. clip_norm: the
    largest norm of the gradient of all trained arrays together (Pascanu, Mikolov, Bengio 2013); clip_value: the
    largest entry. vanishing_penalty: weight of the regulariser Ω of the same paper; flossing: weight of Σ λ_i² of the
    leading Lyapunov exponents (Engelken 2023). b and c are trained where train_biases says so. stop_at: a loss at or
    below which a network stops. `workers` threads; a network's numbers do not depend on its neighbours or the workers.
    Arrays may be memory-mapped: x and y are read piece by piece. Raises UsageError where an argument cannot be used.

    >>> import numpy as np
    >>> import rnnlab
    >>> p = rnnlab.draw(activation="tanh", width=4, length=3, seed=0)
    >>> x, y = np.stack([p.x] * 50), np.stack([p.y] * 50)  # the same batch, 50 updates
    >>> t = rnnlab.train(p.U, p.W, p.V, x, y, activation="tanh", learning_rate=0.05)
    >>> t.loss[[0, -1]].round(3).tolist(), t.status
    ([5.791, 0.156], 'ok')
    """
    number, single = threads(workers), np.ndim(U) == 2
    given = batches_of(x, y, loss, single)
    one = {"U": U, "W": W, "V": V, "x": given.x_of_one, "y": given.y_of_one, "h0": h0, "b": b, "c": c}
    networks = networks_of(one, activation=activation, loss=loss, loss_at=loss_at, single=single, leak=leak)
    regime = regime_of(
        networks, single, optimizer=optimizer, learning_rate=learning_rate, momentum=momentum, clip_norm=clip_norm,
        clip_value=clip_value, update_rule=update_rule, k1=k1, k2=k2, train_biases=train_biases,
        vanishing_penalty=vanishing_penalty, flossing=flossing, flossing_exponents=flossing_exponents,
    )  # fmt: skip
    G = networks.shape[0]
    enough = np.full(G, -np.inf) if stop_at is None else numbers("stop_at", stop_at, None if single else G)
    given.check(networks, number)
    out = _Out.of(networks, given.updates)
    with single_threaded_blas():
        spread(partial(_train, out, networks, regime, enough, given), G, number)
    return out.trained(single)


@dataclass(frozen=True, eq=False)
class _Out:
    """What G networks have become and told, filled by whoever trains some of them."""

    weights: dict[str, np.ndarray]  # (G, ...)
    loss: np.ndarray  # (G, updates)
    norms: np.ndarray  # (G, updates, 3)
    clipped: np.ndarray  # (G, updates, 3)
    ratio: np.ndarray  # (G, updates)
    made: np.ndarray  # (G,)
    status: np.ndarray  # (G,)

    @classmethod
    def of(cls, n: Networks, updates: int) -> _Out:
        G = n.shape[0]
        weights = {name: getattr(n, name).copy() for name in ("U", "W", "V", "b", "c")}
        loss, ratio = np.full((2, G, updates), np.nan)
        norms, clipped = np.full((2, G, updates, 3), np.nan)
        return cls(weights, loss, norms, clipped, ratio, np.zeros(G, np.int64), np.full(G, "ok", object))

    def trained(self, single: bool) -> Trained:
        def told(array: np.ndarray) -> Any:
            return array[0] if single else array

        norms, clipped = (
            {name: told(np.ascontiguousarray(each[..., i])) for i, name in enumerate(TRAINED)}
            for each in (self.norms, self.clipped)
        )
        made, status = told(self.made), told(self.status)
        return Trained(
            **{name: told(array) for name, array in self.weights.items()}, loss=told(self.loss),
            log10_grad_norm=norms, log10_clipped_norm=clipped, update_ratio=told(self.ratio),
            updates=int(made) if single else made, status=status,
        )  # fmt: skip


def _train(
    out: _Out, networks: Networks, regime: Regime, enough: np.ndarray, given: Batches, start: int, stop: int
) -> None:
    """Train the networks start..stop-1; one by one where each has its own batches, which are then read in place."""
    size = 1 if given.sources > 1 else stop - start
    for first in range(start, stop, size):
        _train_together(out, networks, regime, enough, given, first, first + size)


def _train_together(
    out: _Out, networks: Networks, regime: Regime, enough: np.ndarray, given: Batches, start: int, stop: int
) -> None:
    """Train the networks start..stop-1 and put down what they tell."""
    here = slice(start, stop)
    part = replace(networks.part(start, stop), source=given.source(stop - start))
    trainer = Trainer(part, regime_of_part(regime, here))
    trainer.enough = enough[here]
    seen = given.of(start, stop)
    for first, last in _pieces(seen, networks):
        if not trainer.active.any():
            break
        told = trainer.advance(*seen.read(first, last, networks))
        for array, piece in (
            (out.loss, told.loss), (out.norms, told.log10_norm), (out.clipped, told.log10_clipped_norm),
            (out.ratio, told.update_ratio),
        ):  # fmt: skip
            array[here, first:last] = piece
    for name, array in out.weights.items():
        array[here] = getattr(trainer, name).reshape(array[here].shape)
    out.made[here] = trainer.updates
    stopped = np.where(trainer.active, "ok", "success").astype(object)
    out.status[here] = np.where(trainer.diverged > 0, "diverged", stopped)


def _pieces(given: Batches, networks: Networks, budget: int = 2**23) -> Iterator[tuple[int, int]]:
    """Yield updates whose batches fit into this many bytes."""
    _G, T, B, _N, D, O = networks.shape
    each = networks.dtype.itemsize * given.sources * T * B * (D + O)
    size = max(1, math.floor(budget / each))
    for first in range(0, given.updates, size):
        yield first, min(first + size, given.updates)
