"""The naive twin: BPTT as a textbook has it, in loops, one network and one sample at a time.

Imports nothing of rnnlab, so that the two cannot share a bug. It works on arrays of floats and, after `exact`, on
object arrays of mpmath numbers, which neither overflow nor underflow and carry 40 digits: the oracle far outside the
range of floats. Letters as in DESIGN: U (N,N), W (N,D), V (O,N), x (T,B,D), y (T,B,O) or classes (T,B), h0 (B,N).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import mpmath
import numpy as np

mpmath.mp.dps = 40
Array = np.ndarray[Any, Any]
PARAMETERS = ("U", "W", "V", "b", "c", "h0")


@dataclass(frozen=True, kw_only=True)
class Network:
    """One network and its data; what is None is zero."""

    U: Array
    W: Array
    V: Array
    x: Array
    y: Array
    activation: str = "tanh"
    loss: str = "squared"
    loss_at: str = "every"
    h0: Array | None = None
    b: Array | None = None
    c: Array | None = None


@dataclass(frozen=True)
class Gradients:
    """Gradients of the batch-mean loss; `hidden` (T+1,B,N) is each sample's own d l_b/d h_t, t = 0..T."""

    loss: Any
    loss_by_step: Array
    U: Array
    W: Array
    V: Array
    b: Array
    c: Array
    h0: Array
    hidden: Array

    @property
    def log10_norm(self) -> dict[str, Any]:
        """Norms of dL/dU .. dL/dc; for h0 the rms over samples of ‖d l_b/d h_0‖."""
        plain = {name: log10_norm(getattr(self, name)) for name in ("U", "W", "V", "b", "c")}
        return {**plain, "h0": log10_rms(self.hidden[0])}

    @property
    def hidden_log10_norm(self) -> list[Any]:
        """The rms over samples of ‖d l_b/d h_t‖, t = 1..T."""
        return [log10_rms(state) for state in self.hidden[1:]]


# --- numbers: floats, or mpmath's ---


def exact(value: Array) -> Array:
    """Return the same numbers as an object array of mpmath numbers."""
    return np.vectorize(lambda v: mpmath.mpf(float(v)), otypes=[object])(value) if np.size(value) else value


def exact_network(network: Network) -> Network:
    """Return the network in mpmath numbers (classes stay integers)."""
    arrays = {f.name: getattr(network, f.name) for f in fields(network)}
    real = {k: v for k, v in arrays.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
    return replace(network, **{k: exact(v) for k, v in real.items()})


def in_float64(network: Network) -> Network:
    """Return the network with every float array cast to float64."""
    arrays = {f.name: getattr(network, f.name) for f in fields(network)}
    real = {k: v for k, v in arrays.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
    return replace(network, **{k: v.astype(np.float64) for k, v in real.items()})


def _is_exact(value: Any) -> bool:
    return isinstance(value, mpmath.mpf) or getattr(value, "dtype", np.dtype(float)).kind == "O"


def _function(name: str) -> Callable[[Any], Any]:
    ours = getattr(np, name, None) or np.vectorize(getattr(math, name), otypes=[float])
    theirs = np.frompyfunc(getattr(mpmath, name), 1, 1)
    return lambda v: theirs(v) if _is_exact(v) else ours(v)


exp, log, sqrt, log10, tanh = (_function(name) for name in ("exp", "log", "sqrt", "log10", "tanh"))
expm1, log1p, erf, erfc = (_function(name) for name in ("expm1", "log1p", "erf", "erfc"))


def log_of(value: Any) -> Any:
    """Natural logarithm, -inf at zero."""
    return log(value) if value != 0 else -np.inf


def log10_of(value: Any) -> Any:
    """Decimal logarithm, -inf at zero."""
    return log10(value) if value != 0 else -np.inf


def norm(value: Array) -> Any:
    """Euclidean norm of all entries, whatever their size."""
    flat = np.ravel(value)
    largest = max((abs(v) for v in flat), default=0)
    return largest * sqrt(sum((v / largest) ** 2 for v in flat)) if largest != 0 else largest


def log10_norm(value: Array) -> Any:
    """log10 of the Euclidean norm."""
    return log10_of(norm(value))


def log10_rms(value: Array) -> Any:
    """log10 of sqrt(mean_b ‖value_b‖²), value (B, ...)."""
    return log10_of(norm(value) / sqrt(value.flat[0] * 0 + len(value)))


# --- activations ---


def value(activation: str, a: Array) -> Array:
    """Return phi(a)."""
    return _VALUES[activation](a)


def slope(activation: str, a: Array) -> Array:
    """Return phi'(a), from a and not from phi(a): 1 - tanh² is 0 where phi' is still 10^-17.

    At a kink it is the slope of the flatter side.
    """
    return _SLOPES[activation](a)


def _sigmoid(a: Array) -> Array:
    return np.where(a >= 0, 1, exp(-abs(a))) / (1 + exp(-abs(a)))


def _bell(a: Array) -> Array:
    return exp(-a * a / 2) / sqrt(2 * (a * 0 + _pi(a)))


def _below(a: Array) -> Array:
    return erfc(-a / sqrt(a * 0 + 2)) / 2


def _pi(a: Array) -> Any:
    return +mpmath.pi if _is_exact(a) else np.pi


_VALUES: dict[str, Callable[[Array], Array]] = {
    "identity": lambda a: a,
    "relu": lambda a: np.maximum(a, 0),
    "tanh": tanh,
    "sigmoid": _sigmoid,
    "leaky_relu": lambda a: np.where(a > 0, a, a * 0.01),
    "hardtanh": lambda a: np.minimum(np.maximum(a, -1), 1) + a * 0,
    "softplus": lambda a: np.maximum(a, 0) + log1p(exp(-abs(a))),
    "elu": lambda a: np.where(a > 0, a, expm1(np.minimum(a, 0))),
    "erf": erf,
    "gelu": lambda a: a * _below(a),
    "silu": lambda a: a * _sigmoid(a),
}
_SLOPES: dict[str, Callable[[Array], Array]] = {
    "identity": lambda a: a * 0 + 1,
    "relu": lambda a: np.where(a > 0, a * 0 + 1, a * 0),
    "tanh": lambda a: 4 * exp(-2 * abs(a)) / (1 + exp(-2 * abs(a))) ** 2,
    "sigmoid": lambda a: exp(-abs(a)) / (1 + exp(-abs(a))) ** 2,
    "leaky_relu": lambda a: np.where(a > 0, a * 0 + 1, a * 0 + 0.01),
    "hardtanh": lambda a: np.where(abs(a) < 1, a * 0 + 1, a * 0),
    "softplus": _sigmoid,
    "elu": lambda a: exp(np.minimum(a, 0)),
    "erf": lambda a: 2 * exp(-a * a) / sqrt(a * 0 + _pi(a)),
    "gelu": lambda a: _below(a) + a * _bell(a),
    "silu": lambda a: _sigmoid(a) * (1 + a * _sigmoid(-a)),
}


# --- forward ---


def complete(network: Network) -> Network:
    """Return the network with zeros for what is None."""
    n, dtype = network, network.U.dtype
    samples, width, outputs = n.x.shape[1], len(n.U), len(n.V)
    shapes = {"h0": (samples, width), "b": (width,), "c": (outputs,)}
    missing = {name: np.zeros(shape, dtype) for name, shape in shapes.items() if getattr(n, name) is None}
    return replace(n, **{k: exact(v) if dtype.kind == "O" else v for k, v in missing.items()})


def forward(network: Network) -> tuple[Array, Array, Array]:
    """Return a (T,B,N), h (T+1,B,N) with h[0] = h_0, and o (T,B,O)."""
    n = complete(network)
    length, samples = n.x.shape[:2]
    a = np.empty((length, samples, len(n.U)), n.U.dtype)
    h = np.empty((length + 1, samples, len(n.U)), n.U.dtype)
    o = np.empty((length, samples, len(n.V)), n.U.dtype)
    h[0] = n.h0
    for s in range(samples):
        for t in range(length):
            a[t, s] = n.U @ h[t, s] + n.W @ n.x[t, s] + n.b
            h[t + 1, s] = value(n.activation, a[t, s])
            o[t, s] = n.V @ h[t + 1, s] + n.c
    return a, h, o


# --- losses ---


def squared(o: Array, y: Array) -> tuple[Any, Array]:
    """Return ½‖o-y‖² and its derivative by o."""
    return (o - y) @ (o - y) / 2, o - y


def cross_entropy(o: Array, y: int) -> tuple[Any, Array]:
    """Return -log softmax(o)[y] and its derivative by o; the others' sum keeps the digits of a confident answer."""
    weights = exp(o - max(o))
    others = sum((w for j, w in enumerate(weights) if j != y), start=o[0] * 0)
    residual = weights / sum(weights)
    residual[y] = -others / sum(weights)
    leads = o[y] == max(o)
    if leads and not _is_exact(o):
        return np.log1p(others), residual
    return log_of(sum(weights)) - (o[y] - max(o)), residual


def losses(network: Network, o: Array) -> tuple[Array, Array]:
    """Return every sample's loss (T,B) and residual d l_b/d o_t (T,B,O); zero at steps that have no loss."""
    each = {"squared": squared, "cross_entropy": cross_entropy}[network.loss]
    loss, residual = o[:, :, 0] * 0, o * 0
    first = 0 if network.loss_at == "every" else len(o) - 1
    for t in range(first, len(o)):
        for s in range(o.shape[1]):
            loss[t, s], residual[t, s] = each(o[t, s], network.y[t, s])
    return loss, residual


# --- backward ---


def adjoint(network: Network, a: Array, residual: Array) -> Array:
    """Return the total d l_b/d h_t (T+1,B,N), t = 0..T, of the loss with this residual."""
    total = np.empty((len(a) + 1, *a.shape[1:]), a.dtype)
    for s in range(a.shape[1]):
        carried = a[0, s] * 0
        for t in reversed(range(len(a))):
            total[t + 1, s] = network.V.T @ residual[t, s] + carried
            carried = network.U.T @ (slope(network.activation, a[t, s]) * total[t + 1, s])
        total[0, s] = carried
    return total


def gradients(network: Network) -> Gradients:
    """Return the loss and all its gradients."""
    n = complete(network)
    a, h, o = forward(n)
    loss, residual = losses(n, o)
    hidden = adjoint(n, a, residual)
    length, samples = n.x.shape[:2]
    d = {name: getattr(n, name) * 0 for name in ("U", "W", "V", "b", "c")}
    for s in range(samples):
        for t in range(length):
            da = slope(n.activation, a[t, s]) * hidden[t + 1, s]
            d["U"] = d["U"] + np.outer(da, h[t, s])
            d["W"] = d["W"] + np.outer(da, n.x[t, s])
            d["b"] = d["b"] + da
            d["V"] = d["V"] + np.outer(residual[t, s], h[t + 1, s])
            d["c"] = d["c"] + residual[t, s]
    by_step = np.array([sum(step) / samples for step in loss])
    mean = {name: total / samples for name, total in d.items()}
    return Gradients(sum(by_step), by_step, **mean, h0=hidden[0] / samples, hidden=hidden)


# --- the adjoint of L_T alone, and its growth ---


def adjoint_of_last(network: Network) -> Array:
    """Return each sample's d l_b,T/d h_t (T+1,B,N), t = 0..T, of the loss at the last step alone."""
    n = replace(complete(network), loss_at="last")
    a, _, o = forward(n)
    return adjoint(n, a, losses(n, o)[1])


def growth_rate(network: Network) -> float | None:
    """Return mean_b (ln‖d l_b,T/d h_0‖ - ln‖d l_b,T/d h_T‖)/T in nats per step; None where a norm is exactly 0."""
    return _rate(adjoint_of_last(network), lambda d: [log_of(norm(sample)) for sample in d])


def growth_rate_rms(network: Network) -> float | None:
    """Return the same of the rms over samples."""
    return _rate(adjoint_of_last(network), lambda d: [log10_rms(d) * np.log(10)])


def _rate(d: Array, logs: Callable[[Array], list[Any]]) -> float | None:
    first, last = ([float(v) for v in logs(d[t])] for t in (0, -1))
    if not np.all(np.isfinite([*first, *last])):
        return None
    return float(np.mean(np.array(first) - np.array(last))) / (len(d) - 1)


def verdict(network: Network) -> str:
    """Return `vanishes` below an endpoint ratio of 1/10 (or at an exact zero), `explodes` above 10, else `stable`."""
    rate = growth_rate(network)
    if rate is None:
        return "vanishes"
    ratio = rate * len(network.x)
    return "vanishes" if ratio < -np.log(10) else "explodes" if ratio > np.log(10) else "stable"


# --- tangents ---


def jvp(network: Network, frame: Array) -> Array:
    """Return dh_t/dh_0 applied to the frame (B,N), t = 0..T: (T+1,B,N)."""
    a = forward(network)[0]
    pushed = [frame]
    for step in a:
        pushed.append(np.array([slope(network.activation, s) * (network.U @ f) for s, f in zip(step, pushed[-1])]))  # noqa: B905
    return np.array(pushed)


def lyapunov_length(network: Network) -> float:
    """Return lambda_1 T in nats, at least 0: the largest ln‖J_t .. J_1‖₂ over samples and t."""
    a = forward(network)[0]
    largest = 0.0
    for s in range(a.shape[1]):
        product, logarithm = np.eye(len(network.U)), 0.0
        for step in a[:, s]:
            product = slope(network.activation, step)[:, None] * (network.U @ product)
            size = float(np.linalg.norm(product, 2))
            if size == 0:
                break
            product, logarithm = product / size, logarithm + np.log(size)
            largest = max(largest, logarithm)
    return largest
