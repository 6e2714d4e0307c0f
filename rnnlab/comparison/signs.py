"""The test that decides where bits cannot: two runs must not differ by more than their exchange could explain.

Chaotic networks amplify rounding until two runs of one trial are two draws from one distribution. If nothing else
distinguishes the runs, a seed's whole outcome could as well have come from the other run: the sign of all its paired
differences, at every grid point and of every statistic, is that of a fair coin, independent from seed to seed. So the
signs of whole seeds are flipped, all 2^(n-1) ways (one of the two global signs says nothing new) or, above 14 seeds,
9,999 at random, the same every time. That is exact whatever the distribution, and however grid points, steps and
statistics hang together.

A statistic's differences d are divided at each grid point by the root of their sum of squares over seeds, which no
flip changes. Of z (points, seeds) two sums are looked at, each a quadratic form εᵀKε of the signs: over points of the
squared sum over seeds (K = zᵀz: shifts of any sign at any point), and the squared sum of everything (a shift of one
sign); each less its mean and over its standard deviation under the flips; the larger counts. The correction for the
number of comparisons is that of Westfall and Young (1993): a corrected p is the share of flips under which the
largest of all statistics reaches the observed one. Beside Holm's it needs no more seeds for more columns.

The smallest p of n seeds is 2^-(n-1): 8 seeds reach the level 0.01 if no other flip looks like it, fewer cannot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TEST = "sign-flip permutation test, paired by seed, whole seeds flipped; p corrected by Westfall and Young's max-T"
LEVEL = 0.01  # share of honest reproductions that are called different
_EXACT = 14  # seeds up to which all flips are looked at
_DRAWN = 9_999
_POINTS = 2**16  # grid points held at a time
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Flips:
    """Signs of the seeds: (flips, seeds), the first of them as observed."""

    signs: np.ndarray

    @classmethod
    def of(cls, seeds: int) -> Flips:
        """Return the flips of so many seeds."""
        if seeds <= _EXACT:
            patterns = np.arange(2 ** max(seeds - 1, 0))[:, None] >> np.arange(seeds) & 1
        else:
            drawn = np.random.default_rng(0).integers(0, 2, (_DRAWN, seeds))
            patterns = np.concatenate([np.zeros((1, seeds), np.int64), drawn])
        return cls(1.0 - 2.0 * patterns)

    def statistic(self, differences: np.ndarray, point: np.ndarray, seed: np.ndarray) -> np.ndarray:
        """Return the statistic under every flip, given the differences that are not zero, where and of which seed."""
        z, point = _standardized(differences, point)
        total = np.bincount(seed, z, self.signs.shape[1])
        gram = np.zeros((self.signs.shape[1],) * 2)
        order = np.argsort(point, kind="stable")
        point, seed, z = point[order], seed[order], z[order]
        for first in range(0, int(point[-1]) + 1, _POINTS):
            here = slice(*np.searchsorted(point, [first, first + _POINTS]))
            block = np.zeros((min(_POINTS, int(point[-1]) + 1 - first), len(gram)))
            np.add.at(block, (point[here] - first, seed[here]), z[here])
            gram += block.T @ block
        return np.maximum(self._form(gram), self._form(np.outer(total, total)))

    def _form(self, gram: np.ndarray) -> np.ndarray:
        """Return εᵀKε under every flip, less its mean and over its standard deviation."""
        off = gram - np.diag(np.diag(gram))
        deviation = np.sqrt(2 * (off**2).sum())
        if deviation <= _ROUNDING * np.trace(gram):
            return np.zeros(len(self.signs))
        return ((self.signs @ off) * self.signs).sum(axis=1) / deviation


def p_values(statistics: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the p value of each statistic, given under every flip, and the one corrected for their number."""
    under = np.array(statistics)
    reached = under[:, :1] - _ROUNDING
    return (under >= reached).mean(axis=1), (under.max(axis=0) >= reached).mean(axis=1)


def smallest_p(seeds: int) -> float:
    """Return the smallest p value that so many seeds can give."""
    return 0.5 ** max(seeds - 1, 0) if seeds <= _EXACT else 1 / (_DRAWN + 1)


def seeds_needed(level: float) -> int:
    """Return how many seeds can give a p value of this level."""
    return next((seeds for seeds in range(1, _EXACT + 1) if smallest_p(seeds) <= level), _EXACT + 1)


def _standardized(differences: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the differences over the root of the sum of their squares at each point, and the points from 0 on."""
    points, point = np.unique(point, return_inverse=True)
    largest = np.zeros(len(points))
    np.maximum.at(largest, point, np.abs(differences))
    scaled = differences / largest[point]
    return scaled / np.sqrt(np.bincount(point, scaled**2))[point], point
