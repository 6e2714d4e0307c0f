"""What it costs to send the adjoints of all losses back at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnlab.trial import Trial

PANEL = 32  # columns up to which blocks may be filled


def sweep_flops(trial: Trial) -> float:
    """Return the flops of back-propagation, which every sweep begins with."""
    t = trial
    losses = t.batch * (1 if t.loss_at == "last" else t.length)
    return 2.0 * t.width * (t.batch * t.length * (2 * t.width + t.inputs) + 4 * losses * t.outputs)


def sweep_bytes(trial: Trial) -> int:
    """Return the bytes of slopes laid down as columns, of the products of states and inputs, and of two matrices."""
    t = trial
    item = 4 if t.dtype == "float32" else 8
    whole = -(-t.batch // PANEL) * PANEL
    products = min(2 * t.length * t.batch * whole * 8, 2**28)
    return t.width * (t.length * t.batch + 3 * PANEL) * item + products + 3 * t.width * t.width * 8
