"""Training as a textbook has it: windows of time, clipping and optimisers in loops; imports nothing of rnnlab.

Time runs in windows that end at k1, 2 k1, ... and T. A window starts from the state that was kept k2 steps earlier; its
states are computed anew with the weights as they now are, and the losses of the steps since the last window go back
through it. Full BPTT is k1 = k2 = T, the derivation's updates after every step are k1 = 1 and k2 = T. A window's
gradient comes from `by_hand`, or from `by_autograd`, which knows the forward pass alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from tests import naive, oracles
from tests.naive import Array, Network

WEIGHTS = ("U", "W", "V", "b", "c")
Values = dict[str, Array]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a network is trained; the names of rnnlab.train."""

    optimizer: str = "sgd"
    learning_rate: float = 0.05
    momentum: float = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None
    update_rule: str = "full"
    k1: int | None = None
    k2: int | None = None
    train_biases: bool = False
    leak: float = 1.0

    @property
    def trained(self) -> tuple[str, ...]:
        return WEIGHTS if self.train_biases else WEIGHTS[:3]

    def windows(self, length: int) -> list[tuple[int, int, int]]:
        """Return (start, losses from, stop): states start+1..stop, losses of the steps from+1..stop."""
        k1, k2 = self.k1 or length, self.k2 or length
        if self.update_rule == "online":
            k1, k2 = 1, length
        ends = [*range(k1, length, k1), length]
        return [(max(0, end - k2), before, end) for before, end in zip([0, *ends[:-1]], ends, strict=True)]


@dataclass
class Trained:
    """What came of it; norms of U, W and V of the sum of an update's gradients, before and after clipping."""

    weights: Values
    loss: list[float] = field(default_factory=list)
    norms: list[list[float]] = field(default_factory=list)
    clipped: list[list[float]] = field(default_factory=list)
    ratio: list[float] = field(default_factory=list)  # ‖change of U‖/‖U before it‖


def train(network: Network, rules: Rules, gradient: Any = None) -> Trained:
    """Train on network.x (updates, T, B, D) and y, every sequence from h = 0."""
    weights = start(network)
    step, found = Optimiser(rules), Trained(weights)
    for k in range(len(network.x)):
        update = _rtrl if rules.update_rule == "rtrl" else partial(_windows, gradient=gradient or by_hand)
        before = weights["U"].copy()
        loss, sums = update(network, network.x[k], network.y[k], rules, step, weights)
        found.loss.append(loss)
        found.norms.append([np.linalg.norm(sums[0][name]) for name in "UWV"])
        found.clipped.append([np.linalg.norm(sums[1][name]) for name in "UWV"])
        found.ratio.append(np.linalg.norm(weights["U"] - before) / np.linalg.norm(before))
    return found


def start(network: Network) -> Values:
    """Return copies of the weights that training starts from."""
    complete = naive.complete(replace(network, x=network.x[0], y=network.y[0]))
    return {name: getattr(complete, name).copy() for name in WEIGHTS}


def has_loss(network: Network, t: int, length: int) -> bool:
    """Say whether step t = 1..T has a loss."""
    return network.loss_at == "every" or t == length


# --- windows ---


def _windows(
    n: Network, x: Array, y: Array, rules: Rules, step: Optimiser, weights: Values, gradient: Any
) -> tuple[float, tuple[Values, Values]]:
    T, B = x.shape[:2]
    states = np.zeros((T + 1, B, len(weights["U"])))
    total, sums = 0.0, _zeros(weights)
    for start, before, stop in rules.windows(T):
        scored = [has_loss(n, t, T) and t > before for t in range(start + 1, stop + 1)]
        loss, found, h = gradient(n, weights, states[start], x[start:stop], y[start:stop], scored, rules.leak)
        states[start : stop + 1] = h
        total += loss
        if any(scored):
            step(weights, found, sums)
    return total, sums


def by_hand(
    n: Network, p: Values, h0: Array, x: Array, y: Array, scored: list[bool], leak: float
) -> tuple[float, Values, Array]:
    """Return the loss, its gradient and the states of a window."""
    T, B = x.shape[:2]
    h, a = [h0], []
    for t in range(T):
        a.append(h[t] @ p["U"].T + x[t] @ p["W"].T + p["b"])
        h.append((1 - leak) * h[t] + leak * naive.value(n.activation, a[t]))
    d = {name: np.zeros_like(p[name]) for name in WEIGHTS}
    total, carried = 0.0, np.zeros_like(h0)
    for t in reversed(range(T)):
        if scored[t]:
            loss, residual = at_step(n, p, h[t + 1], y[t])
            total += loss
            d["V"] += residual.T @ h[t + 1]
            d["c"] += residual.sum(axis=0)
            carried = carried + residual @ p["V"]
        delta = leak * naive.slope(n.activation, a[t]) * carried
        d["U"] += delta.T @ h[t]
        d["W"] += delta.T @ x[t]
        d["b"] += delta.sum(axis=0)
        carried = (1 - leak) * carried + delta @ p["U"]
    return total, d, np.array(h)


def at_step(n: Network, p: Values, h: Array, y: Array) -> tuple[float, Array]:
    """Return the batch-mean loss of a step and its derivative by the outputs (B,O)."""
    o = h @ p["V"].T + p["c"]
    each = {"squared": naive.squared, "cross_entropy": naive.cross_entropy}[n.loss]
    pairs = [each(o[s], y[s]) for s in range(len(o))]
    return float(np.mean([loss for loss, _ in pairs])), np.array([r for _, r in pairs]) / len(o)


def by_autograd(
    n: Network, p: Values, h0: Array, x: Array, y: Array, scored: list[bool], leak: float
) -> tuple[float, Values, Array]:
    """The same by the package `autograd`, of the forward pass."""
    import autograd.numpy as anp
    from autograd import grad

    phi = oracles.in_numpy(anp)[n.activation]

    def forward(values: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        U, W, V, b, c = values
        h, total = [h0], 0.0
        for t in range(len(x)):
            h.append((1 - leak) * h[t] + leak * phi(h[t] @ U.T + x[t] @ W.T + b))
            if scored[t]:
                total = total + _loss(anp, n, h[-1] @ V.T + c, y[t])
        return total, h

    values = tuple(p[name] for name in WEIGHTS)
    loss, states = forward(values)
    if not any(scored):
        return 0.0, {}, np.array(states)
    found = grad(lambda given: forward(given)[0])(values)
    return float(loss), dict(zip(WEIGHTS, found, strict=True)), np.array(states)


def _loss(anp: Any, n: Network, o: Any, y: Any) -> Any:
    if n.loss == "squared":
        return anp.sum((o - y) ** 2) / (2 * len(y))
    top = anp.max(o, axis=1, keepdims=True)
    logs = o - top - anp.log(anp.sum(anp.exp(o - top), axis=1, keepdims=True))
    return -anp.sum(logs[np.arange(len(y)), y]) / len(y)


# --- real-time recurrent learning ---


def _rtrl(
    n: Network, x: Array, y: Array, rules: Rules, step: Optimiser, p: Values
) -> tuple[float, tuple[Values, Values]]:
    """Carry dh/dθ of every sequence forward (Williams and Zipser 1989), while θ changes under it."""
    T, B = x.shape[:2]
    N, D = p["W"].shape
    h = np.zeros((B, N))
    carried = {"U": np.zeros((B, N, N, N)), "W": np.zeros((B, N, N, D)), "b": np.zeros((B, N, N))}
    total, sums = 0.0, _zeros(p)
    for t in range(T):
        a = h @ p["U"].T + x[t] @ p["W"].T + p["b"]
        slope = naive.slope(n.activation, a)
        for s in range(B):
            own = {"U": h[s], "W": x[t, s], "b": np.ones(())}
            for name, before in carried.items():
                direct = np.multiply.outer(np.eye(N), own[name])
                inner = np.tensordot(p["U"], before[s], 1) + direct
                shape = (N,) + (1,) * (inner.ndim - 1)
                before[s] = (1 - rules.leak) * before[s] + rules.leak * slope[s].reshape(shape) * inner
        h = (1 - rules.leak) * h + rules.leak * naive.value(n.activation, a)
        if has_loss(n, t + 1, T):
            loss, residual = at_step(n, p, h, y[t])
            total += loss
            by_state = residual @ p["V"]
            found = {name: np.tensordot(by_state, values, 2) for name, values in carried.items()}
            step(p, {**found, "V": residual.T @ h, "c": residual.sum(axis=0)}, sums)
    return total, sums


# --- clipping and optimisers ---


class Optimiser:
    """One step from a gradient; the formulas of PyTorch, with its defaults."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.steps = 0
        self.first: Values = {}
        self.second: Values = {}

    def __call__(self, weights: Values, found: Values, sums: tuple[Values, Values]) -> None:
        """Clip, count and change the weights in place."""
        found = {name: found[name] for name in self.rules.trained}
        kept = clip(found, self.rules)
        for name in found:
            sums[0][name] += found[name]
            sums[1][name] += kept[name]
        self.steps += 1
        for name, g in kept.items():
            weights[name] -= self.rules.learning_rate * self._direction(name, g)

    def _direction(self, name: str, g: Array) -> Array:
        kind, n = self.rules.optimizer, self.steps
        m, v = self.first.get(name, 0 * g), self.second.get(name, 0 * g)
        if kind == "sgd":
            return g
        if kind == "momentum":
            self.first[name] = self.rules.momentum * m + g
            return self.first[name]
        if kind == "rmsprop":
            self.second[name] = 0.99 * v + 0.01 * g**2
            return g / (np.sqrt(self.second[name]) + 1e-8)
        assert kind == "adam"
        self.first[name] = m = 0.9 * m + 0.1 * g
        self.second[name] = v = 0.999 * v + 0.001 * g**2
        return (m / (1 - 0.9**n)) / (np.sqrt(v / (1 - 0.999**n)) + 1e-8)


def clip(found: Values, rules: Rules) -> Values:
    """Clip by the norm of all trained arrays together (Pascanu 2013), or every entry."""
    if rules.clip_norm is not None:
        norm = np.sqrt(sum(np.sum(g**2) for g in found.values()))
        return {name: g * min(1.0, rules.clip_norm / norm) if norm else g for name, g in found.items()}
    if rules.clip_value is not None:
        return {name: np.clip(g, -rules.clip_value, rules.clip_value) for name, g in found.items()}
    return found


def _zeros(weights: Values) -> tuple[Values, Values]:
    return ({name: np.zeros_like(w) for name, w in weights.items()}, {n: np.zeros_like(w) for n, w in weights.items()})
