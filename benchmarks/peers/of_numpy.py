"""NumPy: BPTT by hand, batched over networks by matmul; what is not recurrent is one product for all times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.peers import Statistics


def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
    """Return BPTT on these arrays."""
    U, W, V, x, y = (arrays[name] for name in "UWVxy")
    G, T, B, N = x.shape
    flat = (G, T * B, N)

    def compute() -> Statistics:
        h = np.zeros((T + 1, G, B, N), x.dtype)
        driven = (x.reshape(flat) @ W.swapaxes(1, 2)).reshape(x.shape)
        Ut = np.ascontiguousarray(U.swapaxes(1, 2))
        for t in range(T):
            np.matmul(h[t], Ut, out=h[t + 1])
            h[t + 1] += driven[:, t]
            np.tanh(h[t + 1], out=h[t + 1])
        states = np.ascontiguousarray(h.swapaxes(0, 1))  # (G, T+1, B, N)
        after, before = states[:, 1:].reshape(flat), states[:, :-1].reshape(flat)
        residual = after @ V.swapaxes(1, 2) - y.reshape(flat)
        hidden = (residual @ V).reshape(x.shape)
        slope = 1 - h[1:] ** 2
        pre = np.empty_like(slope)
        for t in reversed(range(T)):
            if t < T - 1:
                hidden[:, t] += pre[t + 1] @ U
            np.multiply(slope[t], hidden[:, t], out=pre[t])
        initial = pre[0] @ U
        delta = np.ascontiguousarray(pre.swapaxes(0, 1)).reshape(flat)
        transposed = delta.swapaxes(1, 2)
        return {
            "loss": 0.5 * np.sum(residual**2, axis=(1, 2)) / B,
            "U": log_norm(transposed @ before / B),
            "W": log_norm(transposed @ x.reshape(flat) / B),
            "V": log_norm(residual.swapaxes(1, 2) @ after / B),
            "b": log_norm(delta.sum(axis=1) / B),
            "c": log_norm(residual.sum(axis=1) / B),
            "h0": log_norm(initial / B**0.5),
            "hidden": np.log10(np.sqrt(np.sum(hidden**2, axis=(2, 3)) / B)),
        }

    return compute


def log_norm(gradient: np.ndarray) -> np.ndarray:
    """Return log10 norms (G,)."""
    return np.log10(np.linalg.norm(gradient.reshape(len(gradient), -1), axis=1))


VARIANTS = {"matmul": prepare}
