"""Products of Jacobians: the norm bound, and how far they are from isometries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from rnnlab.published.result import Measured, Published
from rnnlab.published.running import over_seeds, trials

if TYPE_CHECKING:
    import numpy as np

LAYERS, WIDTH, DRAWS = 4, 200, 6
_PASCANU, _PENNINGTON = "Pascanu, Mikolov, Bengio 2013", "Pennington, Schoenholz, Ganguli 2017"


def results() -> Iterator[Published]:
    """Yield the claims about norms and singular values."""
    yield Published(
        name="norm bound: log10 of ‖J_T…J_1‖₂ / (γ‖U‖₂)^T, largest", source=_PASCANU, expected=0.0, tolerance=1e-9,
        because="rounding", relation="<=", measure=_bound,
    )  # fmt: skip
    for what, expected, width_error in (("norm", 2.0, 0.05), ("radius", 1.0, 0.08)):
        yield Published(
            name=f"spectral {what} of a Gaussian U, g = 1, N = 256", source="random matrices", expected=expected,
            tolerance=width_error, because="finite width", measure=lambda what=what: _spectrum(f"spectral_{what}"),  # type: ignore[misc]
        )  # fmt: skip
    yield Published(
        name="ReLU, U = I: log10 ‖J_100…J_1‖₂", source="closed form",
        expected=0.0, tolerance=0.0, because="exact", measure=_identity,
    )  # fmt: skip
    yield Published(
        name="linear Gaussian, L = 4: variance of σ²", source=_PENNINGTON, expected=LAYERS,
        tolerance=0.15, because="finite width", measure=_variance,
    )  # fmt: skip
    yield Published(
        name="linear Gaussian, L = 4: largest σ²", source=_PENNINGTON,
        expected=(LAYERS + 1) ** (LAYERS + 1) / LAYERS**LAYERS, tolerance=0.8, because="finite width, N^(-2/3)",
        measure=_largest,
    )  # fmt: skip
    yield Published(
        name="orthogonal, L = 4: variance of σ²", source=_PENNINGTON, expected=0.0,
        tolerance=1e-24, because="rounding, squared", measure=_orthogonal,
    )  # fmt: skip


def _bound() -> Measured:
    grid: dict[str, Any] = {"activation": ["tanh", "sigmoid", "relu", "erf"], "width": 24, "length": [1, 30]}
    found = trials("jacobian", seed={"range": 5}, recurrent_scale=[0.3, 1.0, 3.0], **grid)
    return Measured(float(found.log10_bound_ratio.max()))


def _spectrum(column: str) -> Measured:
    grid: dict[str, Any] = {"activation": "tanh", "width": 256, "length": 1, "outputs": 1}
    return over_seeds(trials("gradients", {"steps": False}, seed={"range": 8}, **grid)[column])


def _identity() -> Measured:
    grid: dict[str, Any] = {"activation": "relu", "width": 8, "length": 100, "recurrent_init": "identity"}
    found = trials("jacobian", input_scale=0.0, bias_scale=0.0, initial_state="gaussian", **grid)
    return Measured(float(found.log10_norm.iloc[0]))


@cache
def _squares() -> np.ndarray:
    """Squared singular values (DRAWS, N) of products of independent Gaussian matrices N(0, 1/N)."""
    import numpy as np

    rng = np.random.default_rng(2017)
    return np.stack([_squares_of(rng.normal(size=(LAYERS, WIDTH, WIDTH)) / WIDTH**0.5) for _ in range(DRAWS)])


def _squares_of(matrices: np.ndarray) -> np.ndarray:
    from rnnlab.networks.jacobians import log10_singular_values

    return 10.0 ** (2.0 * log10_singular_values(matrices))


def _variance() -> Measured:
    return over_seeds(_squares().var(axis=1))


def _largest() -> Measured:
    return over_seeds(_squares().max(axis=1))


def _orthogonal() -> Measured:
    import numpy as np

    rng = np.random.default_rng(2017)
    matrices = np.stack([np.linalg.qr(rng.normal(size=(64, 64)))[0] for _ in range(LAYERS)])
    return Measured(float(_squares_of(matrices).var()))
