"""Networks with batches to train on, ways to train them, and what it means that two trainings agree."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

import rnnlab
from tests.cases import arguments, draw, error
from tests.naive import Network
from tests.naive_updates import WEIGHTS, Rules, Trained

LIMIT = 1e-10
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"learning_rate": 0.01},
    "momentum": {"optimizer": "momentum", "learning_rate": 0.002, "momentum": 0.9},
    "adam": {"optimizer": "adam", "learning_rate": 0.01},
    "rmsprop": {"optimizer": "rmsprop", "learning_rate": 0.005},
}
WAYS: dict[str, dict[str, Any]] = {
    "full": {},
    "clipped by norm": {"clip_norm": 11.0},  # about half of the gradients are longer, here and below
    "clipped by value": {"clip_value": 0.5},
    "cut at k1 = k2": {"k1": 3, "k2": 3},
    "cut, the last window short": {"k1": 4, "k2": 4},
    "cut, windows overlap": {"k1": 2, "k2": 5, "clip_norm": 3.5},
    "online": {"update_rule": "online"},
    "biases": {"train_biases": True, "clip_norm": 12.0},
    "leaky": {"leak": 0.3, "train_biases": True},
    "leaky, online, clipped": {"leak": 0.6, "update_rule": "online", "clip_norm": 1.7},
}
REAL_TIME: dict[str, dict[str, Any]] = {
    "rtrl": {"update_rule": "rtrl"},
    "rtrl, clipped": {"update_rule": "rtrl", "clip_norm": 2.5},
    "rtrl, leaky, biases": {"update_rule": "rtrl", "leak": 0.4, "train_biases": True, "clip_value": 0.2},
}


def course(updates: int = 50, *, seed: int = 0, **options: Any) -> Network:
    """Return a network with a batch for every update, x (updates, T, B, D); every sequence starts from h = 0."""
    drawn = [draw(seed=1000 * seed + k, **options) for k in range(updates)]
    return replace(drawn[0], h0=None, x=np.stack([n.x for n in drawn]), y=np.stack([n.y for n in drawn]))


def given(network: Network, rules: Rules) -> dict[str, Any]:
    """Return the arguments of rnnlab.train."""
    return {**{k: v for k, v in arguments(network).items() if k != "h0"}, **asdict(rules)}


def check(network: Network, rules: Rules, reference: Trained, limit: float = LIMIT) -> None:
    """Assert that rnnlab.train ends where the reference does, and met the same on its way."""
    ours = rnnlab.train(**given(network, rules))
    wrong = {name: error(getattr(ours, name), reference.weights[name]) for name in WEIGHTS}
    wrong["loss"] = error(ours.loss, reference.loss)
    wrong["update_ratio"] = error(ours.update_ratio, reference.ratio)
    for i, name in enumerate("UWV"):
        wrong[f"norm {name}"] = error(10 ** ours.log10_grad_norm[name], [norms[i] for norms in reference.norms])
        wrong[f"clipped {name}"] = error(10 ** ours.log10_clipped_norm[name], [n[i] for n in reference.clipped])
    wrong = {name: value for name, value in wrong.items() if not value <= limit}
    assert not wrong, f"beyond {limit:.0e}: {wrong}"
