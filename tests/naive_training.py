"""The naive twins of what training adds: the vanishing regulariser, RTRL and gradient flossing, in loops.

Imports nothing of rnnlab. Letters as in `naive`; α is the leak, h_t = (1-α) h_{t-1} + α phi(a_t).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests import naive
from tests.naive import Array, Network


def forward(network: Network, leak: float = 1.0) -> tuple[Array, Array]:
    """Return a (T,B,N) and h (T+1,B,N)."""
    n = naive.complete(network)
    a, h = np.empty((len(n.x), *n.h0.shape), n.U.dtype), [n.h0]
    for t in range(len(n.x)):
        a[t] = h[-1] @ n.U.T + n.x[t] @ n.W.T + n.b
        h.append((1 - leak) * h[-1] + leak * naive.value(n.activation, a[t]))
    return a, np.array(h)


def adjoints(network: Network, leak: float = 1.0, since: int = 0) -> tuple[Array, Array]:
    """Return phi' (T,B,N) and the total d l_b/d h_t (T+1,B,N); losses before step `since` (0-based) do not count."""
    n = naive.complete(network)
    a, h = forward(n, leak)
    _, residual = naive.losses(n, h[1:] @ n.V.T + n.c)
    slope, delta = naive.slope(n.activation, a), h * 0
    for t in reversed(range(len(a))):
        delta[t + 1] = delta[t + 1] + (residual[t] @ n.V if t >= since else 0)
        delta[t] = (1 - leak) * delta[t + 1] + leak * (slope[t] * delta[t + 1]) @ n.U
    return slope, delta


# --- Pascanu's regulariser ---


def omega(U: Array, slope: Array, delta: Array, leak: float = 1.0) -> tuple[float, Array]:
    """Return Omega and its immediate derivative by U."""
    total, derivative, samples = 0.0, U * 0, delta.shape[1]
    for b in range(samples):
        for k in range(len(slope)):
            back = delta[k + 1, b]
            size = naive.norm(back)
            if size == 0:
                continue
            v = leak * slope[k, b] * back
            u = U.T @ v + (1 - leak) * back
            ratio = naive.norm(u) / size
            total = total + (ratio - 1) ** 2 / samples
            if ratio != 0:
                derivative = derivative + 2 * (ratio - 1) / samples * np.outer(v, u / naive.norm(u) / size)
    return total, derivative


# --- real-time recurrent learning ---


def rtrl(network: Network, leak: float = 1.0, rate: float = 0.0) -> tuple[list[dict[str, Array]], dict[str, Array]]:
    """Return the gradients of the batch mean of L_t at every step with a loss, and the weights after all updates.

    After each of them all weights take a step of plain gradient descent, U, W and b under the sensitivities' feet.
    """
    n = naive.complete(network)
    w = {name: getattr(n, name).copy() for name in ("U", "W", "V", "b", "c")}
    (N, D), B, h, found = n.W.shape, len(n.h0), n.h0.copy(), []
    P = {"U": np.zeros((B, N, N, N)), "W": np.zeros((B, N, N, D)), "b": np.zeros((B, N, N))}
    for t in range(len(n.x)):
        a = h @ w["U"].T + n.x[t] @ w["W"].T + w["b"]
        slope = naive.slope(n.activation, a)
        for s in range(B):
            for name, mate in (("U", h[s]), ("W", n.x[t, s]), ("b", None)):
                inner = np.tensordot(w["U"], P[name][s], axes=(1, 0))
                for i in range(N):
                    inner[i, i] += 1.0 if mate is None else mate
                scaled = leak * slope[s].reshape(-1, *[1] * (inner.ndim - 1)) * inner
                P[name][s] = (1 - leak) * P[name][s] + scaled
        h = (1 - leak) * h + leak * naive.value(n.activation, a)
        if n.loss_at == "last" and t < len(n.x) - 1:
            continue
        o = h @ w["V"].T + w["c"]
        judge = {"squared": naive.squared, "cross_entropy": naive.cross_entropy}[n.loss]
        each = [judge(o[s], n.y[t, s]) for s in range(B)]
        residual = np.array([r for _, r in each])
        delta = residual @ w["V"]
        g = {name: sum(np.tensordot(delta[s], P[name][s], axes=(0, 0)) for s in range(B)) / B for name in P}
        g |= {"V": residual.T @ h / B, "c": residual.mean(axis=0), "loss": np.mean([v for v, _ in each])}
        found.append(g)
        w = {name: w[name] - rate * g[name] for name in w}
    return found, w


# --- gradient flossing ---


def jacobians(network: Network, leak: float, sample: int) -> Array:
    """Return dh_t/dh_{t-1} (T,N,N) of one sample."""
    n = naive.complete(network)
    a, _ = forward(n, leak)
    slope = naive.slope(n.activation, a[:, sample])
    return (1 - leak) * np.eye(len(n.U)) + leak * slope[:, :, None] * n.U


def exponents(network: Network, frame: Array, leak: float = 1.0, samples: int = 1) -> Array:
    """Return the finite-time Lyapunov exponents (S,K) of the first samples, from one QR a step; frame (N,K)."""
    found = []
    for s in range(samples):
        q, logs = frame, 0.0
        for jacobian in jacobians(network, leak, s):
            q, r = np.linalg.qr(jacobian @ q)
            with np.errstate(divide="ignore"):
                logs = logs + np.log(np.abs(np.diag(r)))
        found.append(logs / len(network.x))
    return np.array(found)


def flossing(network: Network, frame: Array, leak: float = 1.0, samples: int = 1) -> float:
    """Return the flossing loss: the mean over samples of the sum of squared exponents."""
    return float(np.mean(np.sum(exponents(network, frame, leak, samples) ** 2, axis=1)))


def differences(network: Network, frame: Array, leak: float = 1.0, samples: int = 1) -> dict[str, Array]:
    """Return its derivatives by U, W and b from central differences of fourth order."""
    n, found = naive.complete(network), {}
    for name in ("U", "W", "b"):
        found[name] = np.empty_like(getattr(n, name))
        for place in np.ndindex(found[name].shape):
            at = []
            for shift in (-2e-4, -1e-4, 1e-4, 2e-4):
                moved = getattr(n, name).copy()
                moved[place] += shift
                at.append(flossing(replace(n, **{name: moved}), frame, leak, samples))
            found[name][place] = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / 12e-4
    return found
