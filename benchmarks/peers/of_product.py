"""The machine's own speed: a 2048³ matrix product by NumPy as it comes, in a process that never imports rnnlab."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.peers import Statistics

SIZE = 2048
FLOPS = 2 * SIZE**3


def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
    """Return the product of two matrices of these arrays' dtype into a third."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((SIZE, SIZE)).astype(arrays["U"].dtype) for _ in range(2))
    out = np.empty_like(a)

    def compute() -> Statistics:
        np.matmul(a, b, out=out)
        return {}

    return compute


def about() -> str:
    """Return NumPy's BLAS, the kernels it chose for this processor, and its threads."""
    import threadpoolctl

    blas = [lib for lib in threadpoolctl.threadpool_info() if lib.get("user_api") == "blas"]
    return ", ".join(
        f"{b['internal_api']} {b['version']} ({b.get('architecture')}, {b['num_threads']} threads)" for b in blas
    )


VARIANTS = {"matmul": prepare}
