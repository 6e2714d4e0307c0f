"""How networks are trained: one value a network of everything that the training kernels ask for, and the codes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SGD, MOMENTUM, ADAM, RMSPROP = range(4)
FULL, ONLINE, RTRL = range(3)  # full and online are windows, which k1 and k2 hold; RTRL alone has none
OPTIMIZERS = {"sgd": SGD, "momentum": MOMENTUM, "adam": ADAM, "rmsprop": RMSPROP}
RULES = {"full": FULL, "online": ONLINE, "rtrl": RTRL}


class Regime(NamedTuple):
    """The training of G networks; every field (G,)."""

    optimizer: np.ndarray  # int64: SGD, MOMENTUM, ADAM or RMSPROP
    learning_rate: np.ndarray  # float64, η
    momentum: np.ndarray  # float64, μ
    rule: np.ndarray  # int64: FULL, ONLINE or RTRL
    clip_norm: np.ndarray  # float64, largest norm of the gradient of all trained arrays together; inf: none
    clip_value: np.ndarray  # float64, largest magnitude of an entry of the gradient; inf: none
    k1: np.ndarray  # int64, steps from one window's end to the next; T where the rule is full, 1 where it is online
    k2: np.ndarray  # int64, longest window; T where the rule is full or online
    biases: np.ndarray  # bool, whether b and c are trained
    penalty: np.ndarray  # float64, weight of Pascanu's Ω
    flossing: np.ndarray  # float64, weight of Σ λ_i² in the loss
    flossing_exponents: np.ndarray  # int64, leading exponents in that sum
