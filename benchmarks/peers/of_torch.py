"""PyTorch: autograd, batched over networks with baddbmm, every hidden gradient retained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.peers import Statistics


def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
    """Return forward, backward and norms on these arrays."""
    U, W, V, x, y = (torch.from_numpy(arrays[name]) for name in "UWVxy")
    parameters = leaves(U, W, V, x)
    return lambda: statistics(*parameters, x, y)


def leaves(U: Any, W: Any, V: Any, x: Any) -> list[Any]:
    """Return U, W, V and zeros for b, c, h_0, all of which want gradients."""
    (G, N), O, B = U.shape[:2], V.shape[1], x.shape[2]
    zeros = [torch.zeros(shape, dtype=x.dtype) for shape in ((G, 1, N), (G, 1, O), (G, B, N))]
    return [leaf.requires_grad_() for leaf in (U, W, V, *zeros)]


def statistics(
    U: Any, W: Any, V: Any, b: Any, c: Any, h0: Any, x: Any, y: Any, phi: Callable[[Any], Any] = torch.tanh
) -> Statistics:
    """Return the statistics of G networks; W x + b and V h + c are one product for all times."""
    G, T, B, N = x.shape
    for leaf in (U, W, V, b, c, h0):
        leaf.grad = None
    driven = torch.baddbmm(b, x.reshape(G, T * B, N), W.mT).view(G, T, B, N).unbind(1)
    h, states, Ut = h0, [], U.mT
    for drive in driven:
        h = phi(torch.baddbmm(drive, h, Ut))
        h.retain_grad()
        states.append(h)
    o = torch.baddbmm(c, torch.stack(states, 1).view(G, T * B, N), V.mT)
    loss = 0.5 * (o - y.reshape(G, T * B, N)).square().sum((1, 2)) / B
    loss.sum().backward()
    with torch.no_grad():
        found = {"loss": loss.detach()}
        for name, leaf in zip(("U", "W", "V", "b", "c"), (U, W, V, b, c), strict=True):
            found[name] = leaf.grad.flatten(1).norm(dim=1).log10()
        found["h0"] = (h0.grad.flatten(1).norm(dim=1) * B**0.5).log10()
        hidden = torch.stack([state.grad.flatten(1).norm(dim=1) for state in states], 1)
        found["hidden"] = (hidden * B**0.5).log10()
        return {name: value.numpy() for name, value in found.items()}


VARIANTS = {"baddbmm": prepare}
