"""What training costs for a trial, as flops of matrix products."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rnnlab.measures.work import Work

if TYPE_CHECKING:
    from rnnlab.measures.training.settings import Settings
    from rnnlab.trial import Trial

_FLOPS = {"float64": 4.5e10, "float32": 9e10}  # a second, in whose words the times below are told
_ELEMENT, _NUMBER, _UPDATE = 5.5e-9, 1e-8, 8e-5  # s for phi of one unit, one number drawn, one update begun and told of


def work(trial: Trial, settings: Settings) -> Work:
    """Return what the measure costs for a trial that makes all its updates: success and divergence only shorten it."""
    from rnnlab.measures import registry

    t, updates = trial, settings.updates
    tests = 2 + updates // settings.between_tests
    looks = 2 + updates // settings.measures_every if settings.measures_every else 0
    flops = (updates + t.flossing_updates) * _update(t) + tests * _test(t, settings.test_sequences)
    held = _bytes(t, settings)
    if looks:
        modules = [registry()[name] for name in ("gradients", "lags", "lyapunov")]
        calls = [(module, module.Settings()) for module in modules[:2]]
        calls.append((modules[2], modules[2].Settings(exponents=1)))
        parts = [module.work(t, own) for module, own in calls]
        flops += looks * sum(part.flops for part in parts)
        held += max(part.bytes for part in parts)
    rows = updates // (settings.every or max(1, updates // 100)) + tests + looks
    return Work(flops, rows, held, pauses=True)


def _update(t: Trial) -> float:
    """Return the flops of one update: forward and back through every window, or with sensitivities."""
    steps, N = t.batch * t.length, t.width
    losses = steps if t.loss_at == "every" else t.batch
    drawn = (steps * _NUMBER * (t.inputs + t.outputs) + _UPDATE) * _FLOPS[t.dtype]
    forward = 2.0 * N * (N + t.inputs) + _ELEMENT * _FLOPS[t.dtype] * N
    if t.update_rule == "rtrl":
        return drawn + steps * (forward + 2.0 * N**2 * (N**2 + N * t.inputs)) + 6.0 * N * losses * t.outputs
    back = 2.0 * N * (2 * N + t.inputs)
    again = _windows(t)
    extra = 2.0 * N * N * steps * 2 if t.vanishing_penalty > 0 else 0.0
    if t.flossing > 0 or t.flossing_updates > 0:
        extra += 4.0 * steps * N * t.flossing_exponents * (N + 2 * t.flossing_exponents)
    return drawn + again * steps * (forward + back) + 6.0 * N * losses * t.outputs + extra


def _windows(t: Trial) -> float:
    """Return how often each step is gone through: by all windows that hold it."""
    if t.update_rule == "online":
        return (t.length + 1) / 2
    k1, k2 = t.k1 or t.length, t.k2 or t.length
    ends = range(k1, t.length + 1, k1)
    total = sum(min(end, k2) for end in ends) if len(ends) < 10**5 else len(ends) * k2
    return max(1.0, (total + min(t.length - k1 * len(ends), k2)) / t.length)


def _test(t: Trial, sequences: int) -> float:
    steps = sequences * t.length
    forward = 2.0 * t.width * (t.width + t.inputs)
    taken = _ELEMENT * t.width + _NUMBER * (t.inputs + t.outputs)
    return steps * (forward + taken * _FLOPS[t.dtype]) + 10.0 * t.width**3


def _bytes(t: Trial, settings: Settings) -> int:
    """Return the bytes that are held besides states and gradients: batches, test set, what optimisers remember."""
    item = 4 if t.dtype == "float32" else 8
    each = t.length * (t.inputs + t.outputs) * item
    weights = t.width * (t.width + t.inputs + t.outputs) * item
    rtrl = t.batch * t.width**2 * (t.width + t.inputs) * item if t.update_rule == "rtrl" else 0
    return math.ceil(max(2**23, t.batch * each) + settings.test_sequences * each + 3 * weights + rtrl)
