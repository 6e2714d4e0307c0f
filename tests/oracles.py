"""The same gradients by other people's automatic differentiation: autograd, PyTorch and JAX.

Each states only the forward pass and the loss. Zero perturbations added to h_1 .. h_T and to h_0 give the total
dL/dh_t; all gradients are of the batch-mean loss, so `hidden` times B is each sample's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tests import naive
from tests.naive import Array, Gradients, Network

NAMES = ("U", "W", "V", "b", "c", "h0", "nudges")


def by_autograd(network: Network) -> Gradients:
    """Differentiate with the package `autograd`."""
    import autograd.numpy as anp
    from autograd import grad

    phi = in_numpy(anp)[network.activation]
    n = naive.complete(network)

    def logsumexp(o: Any) -> Any:
        top = anp.max(o, axis=-1, keepdims=True)
        return (top + anp.log(anp.sum(anp.exp(o - top), axis=-1, keepdims=True)))[..., 0]

    def loss(values: tuple[Any, ...]) -> Any:
        return _loss(n, dict(zip(NAMES, values, strict=True)), phi, logsumexp)

    values = _values(n)
    return _answer(n, loss(values), grad(loss)(values))


def by_torch(network: Network) -> Gradients:
    """Differentiate with PyTorch, in the dtype of the network."""
    import torch

    phi = in_torch()[network.activation]
    n = naive.complete(network)
    values = tuple(torch.tensor(v, requires_grad=True) for v in _values(n))
    data = replace(n, x=torch.tensor(n.x), y=torch.tensor(n.y))
    loss = _loss(data, dict(zip(NAMES, values, strict=True)), phi, lambda o: torch.logsumexp(o, -1))
    found = torch.autograd.grad(loss, values, allow_unused=True)
    zeros = (torch.zeros_like(v) for v in values)
    return _answer(n, loss.item(), [(z if g is None else g).numpy() for g, z in zip(found, zeros, strict=True)])


def by_jax(network: Network) -> Gradients:
    """Differentiate with JAX, in the dtype of the network."""
    import jax

    jax.config.update("jax_enable_x64", True)
    known = {
        "tanh": jax.numpy.tanh, "identity": lambda a: a, "erf": jax.scipy.special.erf, "hardtanh": jax.nn.hard_tanh,
        "gelu": lambda a: jax.nn.gelu(a, approximate=False),
        **{name: getattr(jax.nn, name) for name in ("sigmoid", "relu", "leaky_relu", "softplus", "elu", "silu")},
    }  # fmt: skip
    n = naive.complete(network)

    def loss(values: tuple[Any, ...]) -> Any:
        softmax = lambda o: jax.nn.logsumexp(o, axis=-1)  # noqa: E731
        return _loss(n, dict(zip(NAMES, values, strict=True)), known[n.activation], softmax)

    value, found = jax.value_and_grad(loss)(_values(n))
    return _answer(n, float(value), [np.asarray(v) for v in found])


def in_torch() -> dict[str, Callable[[Any], Any]]:
    """Return the activations of PyTorch."""
    import torch

    known = ("leaky_relu", "hardtanh", "elu", "gelu", "silu")
    return {
        "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu, "identity": lambda a: a, "erf": torch.erf,
        "softplus": lambda a: torch.nn.functional.softplus(a, threshold=80.0),  # it takes a for softplus from there on
        **{name: getattr(torch.nn.functional, name) for name in known},
    }  # fmt: skip


def in_numpy(anp: Any) -> dict[str, Callable[[Any], Any]]:
    """Return the activations as autograd can differentiate them; its own erf needs SciPy."""
    from autograd.extend import defvjp, primitive

    erf = primitive(np.vectorize(math.erf, otypes=[float]))
    defvjp(erf, lambda _ans, a: lambda g: g * 2 / np.sqrt(np.pi) * anp.exp(-(a**2)))
    sigmoid = lambda a: 0.5 * (1 + anp.tanh(a / 2))  # noqa: E731
    return {
        "tanh": anp.tanh,
        "sigmoid": sigmoid,
        "relu": lambda a: anp.where(a > 0, a, 0.0),
        "identity": lambda a: a,
        "leaky_relu": lambda a: anp.where(a > 0, a, 0.01 * a),
        "hardtanh": lambda a: anp.where(a > 1, 1.0, anp.where(a < -1, -1.0, a)),
        "softplus": lambda a: anp.logaddexp(a, 0.0),
        "elu": lambda a: anp.where(a > 0, a, anp.exp(anp.where(a > 0, 0.0, a)) - 1),
        "erf": erf,
        "gelu": lambda a: a * (1 + erf(a / np.sqrt(2))) / 2,
        "silu": lambda a: a * sigmoid(a),
    }


def _values(n: Network) -> tuple[Array, ...]:
    nudges = np.zeros((len(n.x), *n.h0.shape), n.U.dtype)
    return (n.U, n.W, n.V, n.b, n.c, n.h0, nudges)


def _loss(n: Network, p: dict[str, Any], phi: Callable[[Any], Any], logsumexp: Callable[[Any], Any]) -> Any:
    h, total, samples = p["h0"], 0.0, n.x.shape[1]
    for t in range(len(n.x)):
        h = phi(h @ p["U"].T + n.x[t] @ p["W"].T + p["b"]) + p["nudges"][t]
        if n.loss_at == "last" and t < len(n.x) - 1:
            continue
        o = h @ p["V"].T + p["c"]
        if n.loss == "squared":
            total = total + ((o - n.y[t]) ** 2).sum() / (2 * samples)
        else:
            total = total + (logsumexp(o) - o[np.arange(samples), n.y[t]]).sum() / samples
    return total


def _answer(n: Network, loss: float, found: Any) -> Gradients:
    d = dict(zip(NAMES, found, strict=True))
    nudges = d.pop("nudges")
    hidden = np.concatenate([d["h0"][None], nudges]) * n.x.shape[1]
    return Gradients(loss, np.array([]), **d, hidden=hidden)
