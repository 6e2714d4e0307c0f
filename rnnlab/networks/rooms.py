"""Room for the updates of networks that train: what one batch needs, used again for every one."""

from __future__ import annotations

import numpy as np

from rnnlab.kernels.optimizers import Sums
from rnnlab.kernels.regime import RTRL, Regime
from rnnlab.kernels.rtrl import Sensitivities
from rnnlab.kernels.updates import Floss, Rooms
from rnnlab.networks import flossing, sensitivities
from rnnlab.networks.backpropagation import _gradient, _space
from rnnlab.networks.networks import Networks, packed
from rnnlab.networks.workspace import workspace


def rooms(n: Networks) -> Rooms:
    """Return scratch for the updates of networks of this shape."""
    _G, T, B, N, _D, _O = n.shape
    return Rooms(
        take(n, "h", T + 1, B, N), take(n, "slope", T, B, N), np.empty(T + 1), np.empty(T), np.empty(T, np.int64),
        np.empty(T + 1), np.empty((0, B, N), n.dtype), np.empty(0), n.chunk, packed(n), _space(n), _gradient(n, False),
        _sums(n),
    )  # fmt: skip


def sensitivities_of(n: Networks, regime: Regime) -> Sensitivities | None:
    """Return room for real-time recurrent learning where it is the rule of the networks."""
    _G, _T, B, N, D, O = n.shape
    return sensitivities.rooms(B, N, D, O, n.dtype) if regime.rule[0] == RTRL else None


def floss_of(n: Networks, regime: Regime, alone: bool) -> Floss | None:
    """Return room for gradient flossing where some network asks for it, each with as many exponents as the first."""
    if not (alone or (regime.flossing > 0).any()):
        return None
    _G, T, _B, N, D, _O = n.shape
    K = int(regime.flossing_exponents[0])
    return Floss(flossing.rooms(T, N, D, K), flossing.start_rows(N, K), np.empty((flossing.SAMPLES, K)))


def take(n: Networks, name: str, *shape: int) -> np.ndarray:
    """Return room that training uses again, of any content and in the dtype of the work."""
    return workspace.take(f"training {name}", shape, n.dtype)


def _sums(n: Networks) -> Sums:
    _G, _T, _B, N, D, O = n.shape
    shapes = ((N, N), (N, D), (O, N))
    U, W, V, *applied = (take(n, f"{name} {i}", *each) for name in ("came", "applied") for i, each in enumerate(shapes))
    return Sums(U, W, V, np.empty(3, np.int64), *applied)
