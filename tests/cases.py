"""Random networks for the tests, and what it means that two answers agree."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnlab import networks
from tests import naive
from tests.naive import Array, Network

ACTIVATIONS = (
    "tanh", "sigmoid", "relu", "identity", "leaky_relu", "hardtanh", "softplus", "elu", "erf", "gelu", "silu",
)  # fmt: skip
LOSSES = ("squared", "cross_entropy")
LOSS_AT = ("every", "last")
DTYPES = ("float64", "float32")
FAR = 15.0  # beyond lambda_1 T = 15 rounding has eaten the digits that are compared


def draw(
    width: int = 5,
    inputs: int = 3,
    outputs: int = 4,
    length: int = 9,
    batch: int = 3,
    *,
    gain: float = 1.1,
    dtype: str = "float64",
    loss: str = "squared",
    seed: int = 0,
    **options: Any,
) -> Network:
    """Return a Gaussian network with biases, an initial state and data, its numbers rounded to the dtype."""
    rng = np.random.default_rng([seed, width, inputs, outputs, length, batch])

    def normal(*shape: int, scale: float = 1.0) -> Array:
        return (scale * rng.standard_normal(shape)).astype(dtype)

    classes = rng.integers(outputs, size=(length, batch))
    return Network(
        U=normal(width, width, scale=gain / width**0.5),
        W=normal(width, inputs, scale=inputs**-0.5),
        V=normal(outputs, width, scale=width**-0.5),
        x=normal(length, batch, inputs),
        y=classes if loss == "cross_entropy" else normal(length, batch, outputs),
        h0=normal(batch, width),
        b=normal(width, scale=0.3),
        c=normal(outputs, scale=0.3),
        loss=loss,
        **options,
    )


def arguments(network: Network) -> dict[str, Any]:
    """Return the network as the keyword arguments of rnnlab.gradients."""
    return {name: getattr(network, name) for name in network.__dataclass_fields__}


def stack(networks: list[Network], **shared: Any) -> dict[str, Any]:
    """Return networks of one shape as the arguments of rnnlab.gradient_statistics; `shared` takes a stack's place."""
    one = arguments(networks[0])
    stacked = {k: np.stack([getattr(n, k) for n in networks]) for k, v in one.items() if isinstance(v, np.ndarray)}
    return {**one, **stacked, **shared}


def block_of(network: Network) -> networks.Networks:
    """Return the network as a block of one."""
    n, first = naive.complete(network), np.zeros(1, np.int64)
    arrays = {name: getattr(n, name)[None] for name in (*naive.PARAMETERS, "x", "y")}
    indices = {"source": first, "initial": first, "target": first}
    return networks.Networks((n.activation,), **arrays, **indices, loss=n.loss, loss_at=n.loss_at)


def tolerance(network: Network, dtype: str) -> float:
    """Return 10³·eps·max(1, e^(lambda_1 T)), the relative error that two right answers may differ by."""
    length = naive.lyapunov_length(network)
    assert length < FAR
    return 1e3 * float(np.finfo(dtype).eps) * float(np.exp(length))


def error(ours: Any, reference: Any) -> float:
    """Return ‖ours - reference‖/‖reference‖, or ‖ours‖ where the reference is zero."""
    ours, reference = (np.asarray(v, np.float64) for v in (ours, reference))
    assert ours.shape == reference.shape
    size = float(np.linalg.norm(reference))
    return float(np.linalg.norm(ours - reference)) / (size or 1.0)


def check(ours: Any, reference: naive.Gradients, limit: float) -> None:
    """Assert that an answer of rnnlab.gradients is the reference, gradients by norm and norms by their log10."""
    errors = {name: error(getattr(ours, name), getattr(reference, name)) for name in ("loss", *naive.PARAMETERS)}
    logs = {f"log10 {k}": log_error(ours.log10_norm[k], v) for k, v in reference.log10_norm.items()}
    hidden = {"log10 hidden": log_error(ours.hidden_log10_norm, reference.hidden_log10_norm)}
    wrong = {k: v for k, v in {**errors, **logs, **hidden}.items() if not v <= limit}
    assert not wrong, f"beyond {limit:.1e}: {wrong}"


def log_error(ours: Any, reference: Any) -> float:
    """Return the largest difference in nats of log10 norms; -inf must be -inf."""
    ours, reference = (np.asarray(v, np.float64) for v in (ours, reference))
    assert ours.shape == reference.shape
    with np.errstate(invalid="ignore"):
        apart = np.where(ours == reference, 0.0, np.abs(ours - reference))
    return float(np.max(apart)) * float(np.log(10))
