"""How large the networks of real-time recurrent learning may be."""

from __future__ import annotations

RTRL_WIDTH = 64  # a step costs N^4 operations
RTRL_BYTES = 2**29


def rtrl_bytes(batch: int, width: int, inputs: int) -> int:
    """Return the bytes of the sensitivities dh/dU, dh/dW and dh/db of one network, in float64."""
    return 8 * batch * width * width * (width + inputs + 1)
