"""Singular values of products of Jacobians J_t … J_{k+1} = dh_t/dh_k, however far apart they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from rnnlab.errors import RnnlabError
from rnnlab.kernels import graded
from rnnlab.kernels.hestenes import singular_values
from rnnlab.kernels.linalg import packed_size
from rnnlab.networks.trajectory import Trajectory

PIECE = 256  # steps that are read at a time


class Product:
    """A product of matrices that grows on the left, in graded form."""

    def __init__(self, width: int) -> None:
        square, line = (width, width), (width,)
        room = packed_size(*square, np.dtype(np.float64))
        self._chain = graded.Chain(
            rank=np.empty(1, np.int64), frame=np.empty(square), exponent=np.empty(line, np.int64), Y=np.empty(square),
            panels=np.empty(room), norms=np.empty(line), raw=np.empty(square), pushed=np.empty(square),
            shift=np.empty(line, np.int64), left=np.empty(line), tau=np.empty(line), size=np.empty(line),
            order=np.empty(line, np.int64), next=np.empty(square),
        )  # fmt: skip
        graded.start(self._chain)

    def multiply(self, turned: np.ndarray, slope: np.ndarray) -> None:
        """Multiply by diag(slope_t) A_t, slope (n, N), for each row in turn; turned (1 or n, N, N) holds the A_tᵀ."""
        graded.advance(self._chain, turned, slope)

    def log10_singular_values(self) -> np.ndarray:
        """Return log10 of the N singular values, the largest first; -inf where one is zero."""
        chain = self._chain
        rank = int(chain.rank[0])
        found = np.empty(chain.norms.size)
        if not singular_values(chain.Y[:rank].copy(), chain.exponent[:rank].copy(), np.empty(rank), found):
            raise RnnlabError("the singular values of a product of Jacobians did not converge")
        return found


class Blocks:
    """The product of matrices that share a pattern of zeros: a Product for each group of units that no other reaches.

    What does not mix at all, such as the units of U = I, may outgrow what once was larger by any factor; the rounding
    of a common frame would mix it.
    """

    def __init__(self, linked: np.ndarray) -> None:
        self._units = _groups(linked)
        self._products = [Product(len(units)) for units in self._units]

    def multiply(self, turned: np.ndarray, slope: np.ndarray) -> None:
        """Multiply as a Product does."""
        for units, product in zip(self._units, self._products, strict=True):
            if len(units) == slope.shape[1]:
                product.multiply(turned, slope)
            else:
                product.multiply(
                    np.ascontiguousarray(turned[:, units[:, None], units]), np.ascontiguousarray(slope[:, units])
                )

    def log10_singular_values(self) -> np.ndarray:
        """Return them as a Product does."""
        return np.sort(np.concatenate([each.log10_singular_values() for each in self._products]))[::-1]


def _groups(linked: np.ndarray) -> list[np.ndarray]:
    """Return the units of each group that a pattern of entries (N, N) holds together."""
    linked, free, found = linked | linked.T, np.ones(len(linked), bool), []
    while free.any():
        group = np.arange(len(linked)) == np.argmax(free)
        while not np.array_equal(group, wider := group | linked[group].any(axis=0)):
            group = wider
        free &= ~group
        found.append(np.flatnonzero(group))
    return found


def log10_singular_values(jacobians: np.ndarray) -> np.ndarray:
    """Return log10 of the singular values of J_n … J_1, given (n, N, N) with J_1 first: of any matrices at all."""
    jacobians = np.asarray(jacobians, np.float64)
    product = Blocks(np.asarray(jacobians.any(axis=0)))
    turned = np.ascontiguousarray(jacobians.swapaxes(1, 2))
    product.multiply(turned, np.ones(jacobians.shape[:2]))
    return product.log10_singular_values()


def spectra_of_products(
    trajectory: Trajectory, g: int, sample: int, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], np.ndarray]:
    """Return log10 of the singular values (N,) of dh_t/dh_k of one sample of network g, for pairs (k, t), k < t.

    Pairs behind a divergence, or beyond the end, are left out.
    """
    n = trajectory.networks
    wanted: dict[int, list[int]] = {}
    for k, t in sorted(pairs):
        wanted.setdefault(k, []).append(t)
    products = {k: Blocks(n.U[g] != 0) for k in wanted}
    turned = np.ascontiguousarray(n.U[g].T, np.float64)[None]
    found = {}
    for start, slope in _slopes(trajectory, g, sample):
        stop = start + len(slope)
        for k, ends in wanted.items():
            for first, last, asked in _parts(max(k, start), min(ends[-1], stop), ends):
                products[k].multiply(turned, slope[first - start : last - start])
                if asked:
                    found[k, last] = products[k].log10_singular_values()
        if all(ends[-1] <= stop for ends in wanted.values()):
            break
    if not found:  # of a network that is shorter than its pairs, as the one is that has all kernels compiled
        log10_singular_values(np.ones((1, 1, 1)))
    return found


def _slopes(trajectory: Trajectory, g: int, sample: int) -> Iterator[tuple[int, np.ndarray]]:
    for start, _h, slope in trajectory.steps(g, PIECE):
        yield start, np.ascontiguousarray(slope[:, sample], np.float64)


def _parts(start: int, stop: int, ends: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Cut start..stop at the ends in it; say whether a part stops at one."""
    for end in ends:
        if start < end <= stop:
            yield start, end, True
            start = end
    if start < stop:
        yield start, stop, False
