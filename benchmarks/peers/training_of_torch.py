"""PyTorch: autograd, clipping, SGD and the norms of every update.

One network after another (nn.RNN, whose loop over time is C++, and a loop in Python), or batched by bmm over the
networks. Products of a width of 64 are too small to be shared by two threads, so that two processes of one thread, each
with half of the networks, are faster; they are forked with the arrays, and only told to go on.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.peers import Prepare, Statistics
from benchmarks.shapes import CLIP, RATE

NAMES = ("U", "W", "V")
Parts = list[tuple[int, int]]
Train = Callable[[dict[str, np.ndarray], int, int], Statistics]


def one_by_one(arrays: dict[str, np.ndarray], start: int, stop: int, *, loop: bool) -> Statistics:
    """Train the networks start..stop-1, one after another."""
    found = [one(*(torch.from_numpy(arrays[name][g]) for name in "UWVxy"), loop) for g in range(start, stop)]
    return {name: np.stack([each[name] for each in found]) for name in found[0]}


def one(U0: Any, W0: Any, V0: Any, x: Any, y: Any, loop: bool) -> Statistics:
    """Train one network, x (K,T,B,D)."""
    K, T, B, N = x.shape
    rnn = torch.nn.RNN(N, N, bias=False, dtype=x.dtype)
    U, W, V = rnn.weight_hh_l0, rnn.weight_ih_l0, torch.nn.Parameter(V0.clone())
    with torch.no_grad():
        U.copy_(U0)
        W.copy_(W0)
    zeros, sizes = torch.zeros((B, N), dtype=x.dtype), torch.empty((K, 7), dtype=x.dtype)
    for k in range(K):
        states = by_loop(U, W, x[k], zeros) if loop else rnn(x[k])[0].view(T * B, N)
        loss = 0.5 * (states @ V.t() - y[k].view(T * B, N)).square().sum() / B
        found = torch.autograd.grad(loss, (U, W, V))
        with torch.no_grad():
            norms = torch.stack(torch._foreach_norm(found))
            kept = (CLIP / torch.linalg.vector_norm(norms)).clamp(max=1.0)
            torch._foreach_add_((U, W, V), torch._foreach_mul(found, kept), alpha=-RATE)
            sizes[k, 0], sizes[k, 1:4], sizes[k, 4:] = loss, norms, norms * kept
    return statistics(sizes, [(U - U0).norm(), (W - W0).norm(), (V - V0).norm()])


def by_loop(U: Any, W: Any, x: Any, h: Any) -> Any:
    """Return the states (T B, N)."""
    T, B, N = x.shape
    states, Ut = [], U.t()
    for drive in (x.view(T * B, N) @ W.t()).view(T, B, N).unbind(0):
        h = torch.tanh(torch.addmm(drive, h, Ut))
        states.append(h)
    return torch.cat(states)


def side_by_side(arrays: dict[str, np.ndarray], start: int, stop: int) -> Statistics:
    """Train the networks start..stop-1 as one batch of products."""
    U0, W0, V0, x, y = (torch.from_numpy(arrays[name][start:stop]) for name in "UWVxy")
    G, K, T, B, N = x.shape
    U, W, V = (first.clone().requires_grad_() for first in (U0, W0, V0))
    zeros, sizes = torch.zeros((G, B, N), dtype=x.dtype), torch.empty((G, K, 7), dtype=x.dtype)
    for k in range(K):
        h, states, Ut = zeros, [], U.mT
        for drive in torch.bmm(x[:, k].reshape(G, T * B, N), W.mT).view(G, T, B, N).unbind(1):
            h = torch.tanh(torch.baddbmm(drive, h, Ut))
            states.append(h)
        o = torch.bmm(torch.stack(states, 1).view(G, T * B, N), V.mT)
        loss = 0.5 * (o - y[:, k].reshape(G, T * B, N)).square().sum((1, 2)) / B
        found = torch.autograd.grad(loss.sum(), (U, W, V))
        with torch.no_grad():
            norms = torch.stack([torch.linalg.vector_norm(d, dim=(1, 2)) for d in found], 1)
            kept = (CLIP / torch.linalg.vector_norm(norms, dim=1, keepdim=True)).clamp(max=1.0)
            torch._foreach_addcmul_((U, W, V), found, [kept.expand(G, 1)[:, :, None]] * 3, value=-RATE)
            sizes[:, k, 0], sizes[:, k, 1:4], sizes[:, k, 4:] = loss, norms, norms * kept
    return statistics(sizes, [torch.linalg.vector_norm(a - b, dim=(1, 2)) for a, b in ((U, U0), (W, W0), (V, V0))])


def statistics(sizes: Any, moved: list[Any]) -> Statistics:
    """Return what was kept of every update, (..., K, 7), and how far the weights have come."""
    loss, logs = sizes[..., 0].numpy(), sizes[..., 1:].log10().numpy()
    found = {"loss": loss}
    for i, name in enumerate(NAMES):
        change = moved[i].detach().log10().numpy()
        found |= {name: logs[..., i], f"{name} clipped": logs[..., 3 + i], f"{name} moved": change}
    return found


def cuts(G: int, size: int) -> Parts:
    """Cut the networks into batches."""
    return [(start, min(start + size, G)) for start in range(0, G, size)]


def joined(found: list[Statistics]) -> Statistics:
    """Put the batches together again."""
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}


def serve(pipe: Any, train: Train, arrays: dict[str, np.ndarray], parts: Parts) -> None:
    """Train these batches whenever asked."""
    torch.set_num_threads(1)
    while pipe.recv():
        pipe.send([train(arrays, *part) for part in parts])


def in_processes(train: Train, size: int) -> Prepare:
    """Return the peer whose batches of this size are shared by two processes."""

    def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
        context, parts = multiprocessing.get_context("fork"), cuts(len(arrays["U"]), size)
        half = -(-len(parts) // 2)
        pipes = []
        for share in (parts[:half], parts[half:]):
            pipe, other = context.Pipe()
            context.Process(target=serve, args=(other, train, arrays, share), daemon=True).start()
            pipes.append(pipe)

        def compute() -> Statistics:
            for pipe in pipes:
                pipe.send(True)
            return joined([each for pipe in pipes for each in pipe.recv()])

        return compute

    return prepare


def in_threads(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
    """Return the peer that has all networks in one batch, and the threads of PyTorch."""
    return lambda: side_by_side(arrays, 0, len(arrays["U"]))


VARIANTS = {
    "one by one, nn.RNN": in_processes(partial(one_by_one, loop=False), 1),
    "one by one, loop": in_processes(partial(one_by_one, loop=True), 1),
    "bmm of 8": in_processes(side_by_side, 8),
    "bmm of 16": in_processes(side_by_side, 16),
    "bmm of all, threads": in_threads,  # the last one: what is forked after it would have no threads
}
