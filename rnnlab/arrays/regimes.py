"""How a caller wants networks trained: checked, and made into what the kernels take."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np

from rnnlab.checks import choice, numbers
from rnnlab.errors import UsageError
from rnnlab.kernels.activation_table import TWICE
from rnnlab.kernels.regime import MOMENTUM, OPTIMIZERS, RULES, SGD, Regime
from rnnlab.limits import RTRL_BYTES, RTRL_WIDTH, rtrl_bytes
from rnnlab.networks import Networks


def regime_of(
    networks: Networks, single: bool, *, optimizer: Any, learning_rate: Any, momentum: Any, clip_norm: Any,
    clip_value: Any, update_rule: Any, k1: Any, k2: Any, train_biases: Any, vanishing_penalty: Any, flossing: Any,
    flossing_exponents: Any,
) -> Regime:  # fmt: skip
    """Check what `train` was told and return the regime of its networks; raises UsageError."""
    G, T, *_ = networks.shape
    count = None if single else G
    choice("optimizer", optimizer, OPTIMIZERS)
    choice("update_rule", update_rule, RULES)
    mu = numbers("momentum", momentum, count, least=0.0, below=1.0)
    windows = _windows(update_rule, k1, k2, T)
    limits = _limits({"clip_norm": clip_norm, "clip_value": clip_value}, count, G)
    if not isinstance(train_biases, bool | np.bool_):
        raise UsageError(f"train_biases = {train_biases!r}: give True or False")
    codes = _codes(optimizer, mu)
    penalty = numbers("vanishing_penalty", vanishing_penalty, count, least=0.0)
    floss = numbers("flossing", flossing, count, least=0.0)
    exponents = _exponents(networks, floss, flossing_exponents)
    if update_rule == "rtrl":
        _check_rtrl(networks, {"vanishing_penalty": penalty, "flossing": floss})
    return Regime(
        optimizer=codes, learning_rate=numbers("learning_rate", learning_rate, count, least=0.0), momentum=mu,
        rule=np.full(G, RULES[update_rule]), **limits, k1=np.full(G, windows[0]), k2=np.full(G, windows[1]),
        biases=np.full(G, bool(train_biases)), penalty=penalty, flossing=floss,
        flossing_exponents=np.full(G, exponents),
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


def _exponents(networks: Networks, floss: np.ndarray, count: Any) -> int:
    """Return how many exponents flossing holds near 0."""
    N = networks.shape[3]
    if isinstance(count, bool) or not isinstance(count, Integral) or not 1 <= int(count) <= N:
        raise UsageError(f"flossing_exponents = {count!r}: give a whole number from 1 to the width N = {N}")
    unknown = sorted({name for name in networks.activation if name not in TWICE})
    if floss.any() and unknown:
        raise UsageError(f"flossing knows phi'' of {', '.join(sorted(TWICE))}; not of {unknown[0]}: leave it out")
    return int(count)


def _check_rtrl(networks: Networks, idle: Mapping[str, np.ndarray]) -> None:
    _G, _T, B, N, D, _O = networks.shape
    if N > RTRL_WIDTH:
        raise UsageError(f"update_rule = 'rtrl' at width {N}: its cost grows as N^4; at most {RTRL_WIDTH}, or 'online'")
    need = rtrl_bytes(B, N, D)
    if need > RTRL_BYTES:
        raise UsageError(
            f"update_rule = 'rtrl': {need / 2**20:,.0f} MiB of sensitivities, and at most {RTRL_BYTES >> 20} are "
            "allowed: use a smaller batch"
        )
    for name, values in idle.items():
        if values.any():
            raise UsageError(f"{name} means nothing where update_rule = 'rtrl', which looks back along no sequence")
