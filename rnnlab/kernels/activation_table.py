"""What is known of every activation, as data: read by the kernels, and by theory without loading them."""

from __future__ import annotations

import math

TANH, SIGMOID, RELU, IDENTITY, LEAKY_RELU, HARDTANH, SOFTPLUS, ELU, ERF, GELU, SILU = range(11)
CODES = {
    "tanh": TANH, "sigmoid": SIGMOID, "relu": RELU, "identity": IDENTITY, "leaky_relu": LEAKY_RELU,
    "hardtanh": HARDTANH, "softplus": SOFTPLUS, "elu": ELU, "erf": ERF, "gelu": GELU, "silu": SILU,
}  # fmt: skip
# A code from here on is the address of a compiled function of the caller's own: no process has any below.
FIRST_ADDRESS = 2**12
LEAK = 0.01  # slope of leaky_relu for a <= 0
# The largest |phi'|: gamma of the norm bound, and the measure of saturation. Softplus comes near to its own only; gelu
# has it at sqrt 2, silu at 2.3993572805154677.
LARGEST_SLOPE = {
    "tanh": 1.0, "sigmoid": 0.25, "relu": 1.0, "identity": 1.0, "leaky_relu": 1.0, "hardtanh": 1.0, "softplus": 1.0,
    "elu": 1.0, "erf": 2.0 / math.sqrt(math.pi), "gelu": 1.1289041451851547, "silu": 1.099839320128867,
}  # fmt: skip
TWICE = frozenset(
    {"tanh", "sigmoid", "relu", "identity", "leaky_relu", "hardtanh", "softplus", "elu"}
)  # phi'' is known
BOUNDED = frozenset({"tanh", "sigmoid", "hardtanh", "erf"})
