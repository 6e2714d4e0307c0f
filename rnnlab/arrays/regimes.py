"""How a caller wants networks trained: checked, and made into what the kernels take."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np

from rnnlab.checks import choice, numbers
from rnnlab.errors import UsageError
from rnnlab.kernels.regime import MOMENTUM, OPTIMIZERS, RULES, SGD, Regime
from rnnlab.networks import Networks


def regime_of(
    networks: Networks, single: bool, *, optimizer: Any, learning_rate: Any, momentum: Any, clip_norm: Any,
    clip_value: Any, update_rule: Any, k1: Any, k2: Any, train_biases: Any,
) -> Regime:  # fmt: skip
    """Check what `train` was told and return the regime of its networks; raises UsageError."""
    G, T, *_ = networks.shape
    count = None if single else G
    choice("optimizer", optimizer, OPTIMIZERS)
    choice("update_rule", update_rule, ("full", "online"))
    mu = numbers("momentum", momentum, count, least=0.0, most=1.0)
    windows = _windows(update_rule, k1, k2, T)
    limits = _limits({"clip_norm": clip_norm, "clip_value": clip_value}, count, G)
    if not isinstance(train_biases, bool | np.bool_):
        raise UsageError(f"train_biases = {train_biases!r}: give True or False")
    codes = _codes(optimizer, mu)
    return Regime(
        optimizer=codes, learning_rate=numbers("learning_rate", learning_rate, count, least=0.0), momentum=mu,
        rule=np.full(G, RULES[update_rule]), **limits, k1=np.full(G, windows[0]), k2=np.full(G, windows[1]),
        biases=np.full(G, bool(train_biases)), penalty=np.zeros(G), flossing=np.zeros(G),
        flossing_exponents=np.ones(G, np.int64),
    )  # fmt: skip


def _codes(optimizer: str, mu: np.ndarray) -> np.ndarray:
    """Return the code of every network's optimiser; sgd with momentum is momentum."""
    if optimizer == "momentum" and not mu.all():
        raise UsageError("optimizer = 'momentum' with momentum = 0: give momentum, as momentum=0.9")
    if optimizer in ("adam", "rmsprop") and mu.any():
        raise UsageError(f"momentum = {mu.max():g} means nothing to optimizer = {optimizer!r}: leave it out")
    code = OPTIMIZERS[optimizer]
    return np.where(mu > 0, MOMENTUM, SGD) if code in (SGD, MOMENTUM) else np.full(len(mu), code)


def _limits(given: Mapping[str, Any], count: int | None, G: int) -> dict[str, np.ndarray]:
    if all(value is not None for value in given.values()):
        raise UsageError("clip_norm and clip_value are both given: clip by one of them")
    return {
        name: np.full(G, np.inf) if value is None else numbers(name, value, count, above=0.0)
        for name, value in given.items()
    }


def _windows(rule: str, k1: Any, k2: Any, T: int) -> tuple[int, int]:
    """Return the steps between two windows' ends and the longest window."""
    if k1 is None and k2 is None:
        return (1, T) if rule == "online" else (T, T)
    if rule != "full":
        raise UsageError(f"k1 and k2 mean nothing where update_rule = {rule!r}: leave them out, or use 'full'")
    first, last = (_steps(name, value, T) for name, value in (("k1", k1), ("k2", k2)))
    if first > last:
        raise UsageError(f"k1 = {k1} is above k2 = {k2}: some losses would be sent back to no step; use k1 <= k2")
    return first, last


def _steps(name: str, value: Any, T: int) -> int:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not 1 <= int(value) <= T:
        raise UsageError(f"{name} = {value!r}: give both k1 and k2, whole numbers from 1 to the length T = {T}")
    return int(value)
