"""Linear networks: exponents and singular values that are known in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rnnlab.published.result import Measured, Published
from rnnlab.published.running import table

_GRID: dict[str, Any] = {
    "activation": "identity", "width": 24, "length": 4000, "input_scale": 0.0, "initial_state": "gaussian",
    "outputs": 1, "recurrent_scale": 0.9,
}  # fmt: skip


def results() -> Iterator[Published]:
    """Yield the claims about linear networks."""
    yield Published(
        name="tied U: |λ_i - ln|eig_i(U)||, largest", source="closed form", expected=0.0, tolerance=0.005,
        because="1/T: complex pairs turn", measure=_tied,
    )  # fmt: skip
    yield Published(
        name="orthogonal U: |λ_i|, largest", source="closed form", expected=0.0, tolerance=1e-12,
        because="rounding", measure=_orthogonal,
    )  # fmt: skip


def _tied() -> Measured:
    import numpy as np

    from rnnlab.api import draw

    found = table("lyapunov_by_index", {"burn_in": 1000}, **_GRID).lyapunov_exponent
    eigenvalues = np.sort(np.abs(np.linalg.eigvals(draw(**_GRID).U)))[::-1]
    return Measured(float(np.abs(found.to_numpy() - np.log(eigenvalues)).max()))


def _orthogonal() -> Measured:
    grid = {**_GRID, "recurrent_init": "orthogonal", "recurrent_scale": 1.0, "length": 200}
    return Measured(float(table("lyapunov_by_index", **grid).lyapunov_exponent.abs().max()))
