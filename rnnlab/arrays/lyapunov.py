"""Lyapunov exponents of any system whose Jacobians are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnnlab.checks import arrays, finite, shaped, work_dtype
from rnnlab.errors import UsageError
from rnnlab.networks.growth import Growth

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def lyapunov_exponents(jacobians: ArrayLike, *, count: int | None = None, burn_in: int = 0) -> np.ndarray:
    """Return the `count` largest exponents (K,) of J_T … J_1, in nats per step; -inf for directions that die.

    jacobians (T, N, N), those of a map along its orbit, first step first; worked on in float64, with a QR at each step.
    The first `burn_in` steps turn the frame and are not counted. Raises UsageError where an argument cannot be used.

    >>> import numpy as np
    >>> lyapunov_exponents(np.stack([np.diag([2.0, 0.5])] * 100), burn_in=50).round(6).tolist()  # ± ln 2
    [0.693147, -0.693147]
    """
    given = arrays({"jacobians": jacobians}, optional=())["jacobians"]
    T, N, _ = shaped("jacobians", given, ("T", "N", "N"), {}, 0)
    work_dtype({"jacobians": given})  # raises for what is no number
    matrices = finite("jacobians", given, np.dtype(np.float64), 0)
    columns = N if count is None else count
    if not 1 <= columns <= N:
        raise UsageError(f"count = {count}: N = {N} Jacobians have 1 to {N} exponents")
    if not 0 <= burn_in < T:
        raise UsageError(f"burn_in = {burn_in} leaves nothing of T = {T} steps: give 0 to {T - 1}")
    growth = Growth(matrices, T, columns, burn_in=burn_in, interval=1)
    growth.carry(0, np.ones((T, N)))
    return growth.exponents
