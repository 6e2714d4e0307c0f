"""Maps whose exponents are known, and products of independent Gaussian matrices: Gram-Schmidt on any Jacobians."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from rnnlab.published.result import Measured, Published

if TYPE_CHECKING:
    import numpy as np

    from rnnlab.networks.growth import Growth

STEPS, BURN_IN = 200_000, 1_000


def results() -> Iterator[Published]:
    """Yield the exponents of maps and of Gaussian products."""
    sampling = "time average over 2·10^5 steps"
    for i, (expected, index) in enumerate(((0.4193, 0), (-1.6233, 1))):
        yield Published(
            name=f"Hénon map (1.4, 0.3): λ_{i + 1}", source="folklore; printed to four digits", expected=expected,
            tolerance=0.002, because=sampling, measure=lambda index=index: Measured(float(_henon().exponents[index])),  # type: ignore[misc]
        )  # fmt: skip
    yield Published(
        name="Hénon map: Σλ", source="ln|det| = ln 0.3", expected=math.log(0.3), tolerance=1e-12, because="rounding",
        measure=lambda: Measured(float(_henon().exponents.sum())),
    )  # fmt: skip
    yield Published(
        name="logistic map, r = 4: λ", source="closed form: ln 2", expected=math.log(2.0), tolerance=0.002,
        because=sampling, measure=lambda: Measured(float(_logistic().exponents[0])),
    )  # fmt: skip
    yield Published(
        name="cat map: λ_1", source="closed form: ln (3 + √5)/2", expected=0.9624236, tolerance=1e-7,
        because="all printed digits", measure=lambda: Measured(float(_cat().exponents[0])),
    )  # fmt: skip
    yield Published(
        name="Gaussian products, N = 10: largest |λ_i - Newman| / se", source="Newman 1986", expected=0.0,
        tolerance=4.0, because="standard errors", measure=_newman,
    )  # fmt: skip


def _grown(jacobians: np.ndarray, burn_in: int) -> Growth:
    import numpy as np

    from rnnlab.networks.growth import Growth

    growth = Growth(jacobians, len(jacobians), jacobians.shape[1], burn_in=burn_in)
    growth.carry(0, np.ones(jacobians.shape[:2]))
    return growth


@cache
def _henon() -> Growth:
    import numpy as np

    jacobians, x, y = np.zeros((STEPS, 2, 2)), 0.1, 0.1
    for t in range(STEPS):
        jacobians[t] = ((-2.8 * x, 1.0), (0.3, 0.0))
        x, y = 1.0 - 1.4 * x * x + y, 0.3 * x
    return _grown(jacobians, BURN_IN)


def _logistic() -> Growth:
    import numpy as np

    slopes, x = np.empty((STEPS, 1, 1)), 0.3
    for t in range(STEPS):
        slopes[t] = 4.0 - 8.0 * x
        x = 4.0 * x * (1.0 - x)
    return _grown(slopes, BURN_IN)


def _cat() -> Growth:
    import numpy as np

    return _grown(np.tile(np.array([[2.0, 1.0], [1.0, 1.0]]), (200, 1, 1)), 100)


def _newman() -> Measured:
    import numpy as np

    from rnnlab.theory import gaussian_product_exponents

    matrices = np.random.default_rng(0).standard_normal((STEPS // 10, 10, 10)) / math.sqrt(10)
    growth = _grown(matrices, 100)
    exact = np.asarray(gaussian_product_exponents(10, weight_variance=1.0))
    return Measured(float(np.max(np.abs(growth.exponents - exact) / growth.errors)))
