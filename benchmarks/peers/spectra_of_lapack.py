"""Numba with LAPACK: the loop that one would write, one BLAS thread and half of the networks in each thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import threadpoolctl

from benchmarks.peers import Statistics
from benchmarks.peers.frames import descending, start


@numba.njit(nogil=True, error_model="numpy")
def spectra(U, W, x, frame, exponents):  # type: ignore[no-untyped-def]
    """Fill exponents (G, N) of tanh networks, one QR in each step."""
    for g in range(len(U)):
        h, Q, total = np.zeros(U.shape[1]), np.asfortranarray(frame), np.zeros(U.shape[1])
        for t in range(x.shape[1]):
            h = np.tanh(np.dot(U[g], h) + np.dot(W[g], x[g, t, 0]))
            Q, R = np.linalg.qr(np.dot(U[g], Q) * (1.0 - h * h).reshape(-1, 1))
            total += np.log(np.abs(np.diag(R)))
        exponents[g] = total / x.shape[1]


def prepare(arrays: dict[str, np.ndarray]) -> Callable[[], Statistics]:
    """Return the computation over networks in threads."""
    U, W, x = (arrays[name] for name in "UWx")
    frame, G = start(U.shape[1]), len(U)
    workers = min(G, os.cpu_count() or 1)
    cuts = np.linspace(0, G, workers + 1).astype(int)
    pool = ThreadPoolExecutor(workers)
    spectra(U[:1], W[:1], x[:1, :1], frame, np.empty((1, U.shape[1])))  # loads SciPy's BLAS, which is then limited
    threadpoolctl.threadpool_limits(1)

    def compute() -> Statistics:
        found = np.empty(U.shape[:2])
        list(pool.map(lambda a, b: spectra(U[a:b], W[a:b], x[a:b], frame, found[a:b]), cuts[:-1], cuts[1:]))
        return {"exponents": descending(found)}

    return compute


VARIANTS = {"np.linalg.qr": prepare}
