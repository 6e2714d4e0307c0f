"""Networks in training: their weights, what their optimisers remember, and what every update tells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.kernels import evaluation, losses, training
from rnnlab.kernels.regime import ADAM, MOMENTUM, RMSPROP, Regime
from rnnlab.networks.backpropagation import held_against
from rnnlab.networks.networks import Networks, packed
from rnnlab.networks.rooms import floss_of, rooms, sensitivities_of, take

_REMEMBERS = {"first": (MOMENTUM, ADAM), "second": (ADAM, RMSPROP)}
WEIGHTS = ("U", "W", "V", "b", "c")


@dataclass(frozen=True, slots=True)
class Progress:
    """What K updates of G networks tell; nan where none was made."""

    loss: np.ndarray  # (G, K), sum over the steps of the batch mean, as they were met on the way
    log10_norm: np.ndarray  # (G, K, 3), of dL/dU, dL/dW, dL/dV, each summed over the steps of the optimiser
    log10_clipped_norm: np.ndarray  # (G, K, 3), of what was applied
    update_ratio: np.ndarray  # (G, K), ‖change of U‖ / ‖U‖


class Trainer:
    """G networks of equal shape that train side by side, each by its own regime; their arrays are copied.

    A network that diverges stops being `active`; whoever trains may switch others off.
    """

    def __init__(self, networks: Networks, regime: Regime) -> None:
        G = networks.shape[0]
        self._networks, self._regime = networks, regime
        self.U, self.W, self.V = networks.U.copy(), networks.W.copy(), networks.V.copy()
        self.b, self.c = networks.b[:, None].copy(), networks.c[:, None].copy()  # (G, 1, N), (G, 1, O)
        P = sum(getattr(self, name)[0].size for name in WEIGHTS)
        sizes = {name: P if np.isin(regime.optimizer, codes).any() else 0 for name, codes in _REMEMBERS.items()}
        self._first, self._second = (np.zeros((G, sizes[name]), networks.dtype) for name in _REMEMBERS)
        self._steps = np.zeros(G, np.int64)
        self.updates, self.diverged = np.zeros(G, np.int64), np.zeros(G, np.int64)
        self.active = np.ones(G, bool)
        self.enough = np.full(G, -np.inf)  # a loss at or below which a network stops

    def advance(self, x: np.ndarray, y: np.ndarray, *, told: bool = True) -> Progress:
        """Train every active network on K more batches: x (X, K, T, B, D), y (X, K, T, B, O) or classes (X, K, T, B).

        Networks read x[source] and y[source]. told: whether norms and ratios are wanted, which cost little.
        """
        return self._run(x, y, told=told, alone=False)

    def floss(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Make K updates on the flossing loss alone; return it (G, K)."""
        return self._run(x, y, told=False, alone=True).loss

    def forget(self) -> None:
        """Let the optimisers forget what they remember, and count updates from here: flossing alone is over."""
        for array in (self._first, self._second, self._steps, self.updates):
            array[self.active] = 0

    def _run(self, x: np.ndarray, y: np.ndarray, *, told: bool, alone: bool) -> Progress:
        n, (G, K) = self._networks, (len(self.U), x.shape[1])
        x = np.ascontiguousarray(x)
        values, classes = held_against(n, np.ascontiguousarray(y))
        progress = Progress(np.empty((G, K)), np.empty((G, K, 3)), np.empty((G, K, 3)), np.empty((G, K)))
        batches = training.Batches(
            x, values, classes, n.source, n.h0, n.initial, losses.CODES[n.loss], n.loss_at == "every"
        )
        penalty = self._regime.penalty
        training.train(
            training.Standing(self.active, self.updates, self.diverged, self.enough), self._net, self._regime, batches,
            training.Told(*_arrays(progress)), take(n, "before", n.U.shape[1], n.U.shape[1]), rooms(n),
            sensitivities_of(n, self._regime), penalty if penalty.any() else None, floss_of(n, self._regime, alone),
            told, alone,
        )  # fmt: skip
        return progress

    def evaluate(self, x: np.ndarray, y: np.ndarray, scored: int, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
        """Return loss and accuracy (G,) of test sequences x (X, T, S, D), y (X, T, S, O) or classes (X, T, S).

        nan for a network that is not active or diverges on them; accuracy is nan where answers are not counted.
        """
        n = self._networks
        x = np.ascontiguousarray(x)
        values, classes = held_against(n, np.ascontiguousarray(y))
        loss, accuracy = np.empty(len(self.U)), np.empty(len(self.U))
        evaluation.evaluate(
            self.active, n.codes, self.U, self.W, self.V, self.b, self.c, n.leak, x, values, classes, n.source,
            n.h0, n.initial, losses.CODES[n.loss], n.loss_at == "every", scored, tolerance, _desk(n, x.shape[2]), loss,
            accuracy,
        )  # fmt: skip
        return loss, accuracy

    def networks(self) -> Networks:
        """Return the networks as they are now; what was known of their draws no longer holds."""
        return replace(
            self._networks, U=self.U, W=self.W, V=self.V, b=self.b[:, 0], c=self.c[:, 0], drive=None, known_gain=None,
            known_spectra=None, known_init=None, known_drive=None,
        )  # fmt: skip

    def state(self, g: int) -> dict[str, np.ndarray]:
        """Return all that the future of network g depends on; `restore` takes it back exactly."""
        return {name: np.array(array[g]) for name, array in self._kept(g).items()}

    def restore(self, g: int, state: dict[str, np.ndarray]) -> None:
        """Put network g where it was when `state` was told."""
        for name, array in self._kept(g).items():
            array[g] = state[name]

    def _kept(self, g: int) -> dict[str, np.ndarray]:
        moments = {"first": self._first, "second": self._second}
        needed = {name: each for name, each in moments.items() if self._regime.optimizer[g] in _REMEMBERS[name]}
        return {
            **{name: getattr(self, name) for name in WEIGHTS}, **needed, "steps": self._steps, "updates": self.updates,
            "diverged": self.diverged, "active": self.active,
        }  # fmt: skip

    @property
    def _net(self) -> training.Net:
        n = self._networks
        return training.Net(
            n.codes, self.U, self.W, self.V, self.b, self.c, n.leak, self._first, self._second, self._steps
        )


def _arrays(progress: Progress) -> tuple[np.ndarray, ...]:
    return progress.loss, progress.log10_norm, progress.log10_clipped_norm, progress.update_ratio


def _desk(n: Networks, S: int) -> evaluation.Desk:
    _G, _T, _B, N, _D, O = n.shape
    p = packed(n)
    return evaluation.Desk(
        take(n, "state", 2, S, N), take(n, "drive", S, N), take(n, "outputs", S, O), take(n, "cotangent", S, O),
        np.empty(S, np.int64), np.empty(1), np.empty(1, np.int64), p.recurrent, p.inward, p.outward,
    )  # fmt: skip
