"""The gradient of one network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.arrays.given import networks_of
from rnnlab.checks import checkpoints
from rnnlab.networks import Backpropagation, Networks, Trajectory, flow_back

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PARTS = ("U", "W", "V", "b", "c", "h0")


@dataclass(frozen=True, eq=False)
class Gradients:
    """The loss of one network and its gradient; arrays of the dtype of the work, inf beyond its range.

    Norms are right far outside that range: log10 in float64, -inf for an exact zero. All are nan where it diverged.
    """

    loss: float  #: L, the sum over steps of the mean over the batch; nan where cotangents stand in its place
    log10_loss: float
    U: np.ndarray  #: (N, N), dL/dU
    W: np.ndarray  #: (N, D)
    V: np.ndarray  #: (O, N)
    b: np.ndarray  #: (N,)
    c: np.ndarray  #: (O,)
    h0: np.ndarray  #: (B, N), dL/dh_0
    log10_norm: Mapping[str, float]  #: of U, W, V, b, c: log10 ‖dL/d·‖; of h0: log10 sqrt(mean_b ‖dl_b/dh_0‖²)
    hidden_log10_norm: np.ndarray  #: (T,), log10 sqrt(mean_b ‖dl_b/dh_t‖²) for t = 1..T, through all later states
    diverged_at: int | None  #: first step with a state or output that is not finite


def gradients(
    U: ArrayLike, W: ArrayLike, V: ArrayLike, x: ArrayLike, y: ArrayLike | None = None, *,
    activation: str, loss: str = "squared", loss_at: str = "every", cotangents: ArrayLike | None = None,
    h0: ArrayLike | None = None, b: ArrayLike | None = None, c: ArrayLike | None = None, checkpoint: int | None = None,
    leak: float = 1.0,
) -> Gradients:  # fmt: skip
    """Back-propagate h_t = phi(U h_{t-1} + W x_t + b), o_t = V h_t + c through time.

    Leaky units, leak = α in (0, 1]: h_t = (1 - α) h_{t-1} + α phi(U h_{t-1} + W x_t + b).
    Shapes: U (N, N), W (N, D), V (O, N), x (T, B, D), y (T, B, O) or classes (T, B) for cross_entropy, h0 (B, N),
    b (N,), c (O,); what is not given is zero. float32 arrays are worked on in float32, all others in float64.
    Losses: squared, mean_b ½‖o_t - y_t‖²; cross_entropy, mean_b -log softmax(o_t)[y_t]; at every step or the last.
    Any other loss L: cotangents, dL/do (T, B, O) at these outputs, in place of y, loss and loss_at; l_b is then what L
    is the batch mean of, B dL/do its derivative, and the loss is nan.
    A trajectory of more than 64 MiB is not held: states are kept at checkpoints, about √T of them or every `checkpoint`
    steps, and what lies between is computed again on the way back. No bit depends on it.
    The gradient is exact (Werbos 1990, Proc. IEEE 78); raises UsageError where an argument cannot be used.

    >>> import rnnlab
    >>> p = rnnlab.draw(activation="tanh", width=4, length=3, seed=0)
    >>> g = rnnlab.gradients(p.U, p.W, p.V, p.x, p.y, activation="tanh")
    >>> g.U.shape, round(g.loss, 6), round(g.log10_norm["U"], 6)
    ((4, 4), 5.791035, 0.310542)
    >>> g.hidden_log10_norm.round(6).tolist()  # of dL/dh_1, dL/dh_2, dL/dh_3
    [0.055681, 0.331875, 0.265588]
    """
    given = {"U": U, "W": W, "V": V, "x": x, "y": y, "cotangents": cotangents, "h0": h0, "b": b, "c": c}
    trajectory = Trajectory(
        networks_of(given, activation=activation, loss=loss, loss_at=loss_at, single=True, leak=leak)
    )
    flow = flow_back(trajectory, keep=True, checkpoint=checkpoints(checkpoint))
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
