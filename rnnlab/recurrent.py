"""The recurrent weights U at scale 1, by kind, and their spectra. Everything is drawn in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnlab.streams import streams
from rnnlab.trial import Trial

WIDE = 256  # of wider U the last two are kept


class Recipe(NamedTuple):
    """What U at scale 1 is drawn from, by the names of the parameters (`recurrent_` and `eigenvalue_` left out)."""

    seed: int
    width: int
    init: str
    density: float = 1.0
    floor: float = 1.0
    rank: int = 1
    noise: float = 0.0


def recipe_of(trial: Trial) -> Recipe:
    """Return the recipe of a trial's U."""
    return Recipe(
        trial.seed, trial.width, trial.recurrent_init, trial.recurrent_density, trial.eigenvalue_floor,
        trial.recurrent_rank, trial.recurrent_noise,
    )  # fmt: skip


def unit_recurrent(recipe: Recipe) -> np.ndarray:
    """Return U (N, N) at scale 1; not to be written to."""
    if recipe.width < 32:
        return _draw(recipe)
    return (_few if recipe.width > WIDE else _many)(recipe)


def _draw(recipe: Recipe) -> np.ndarray:
    return _INITS[recipe.init](recipe)


def _kept(recipe: Recipe) -> np.ndarray:
    matrix = _draw(recipe)
    matrix.flags.writeable = False
    return matrix


_many = lru_cache(maxsize=64)(_kept)  # of at most 8 N² bytes each: 32 MiB
_few = lru_cache(maxsize=2)(_kept)  # trials that share a draw lie next to each other


def gaussian(seed: int, name: str, shape: tuple[int, int], fan_in: int) -> np.ndarray:
    """Return a matrix of N(0, 1/fan_in) from the stream of this name."""
    matrix = streams.at(seed, name).standard_normal(shape)
    matrix /= np.sqrt(fan_in)
    return matrix


def _gaussian(r: Recipe) -> np.ndarray:
    return gaussian(r.seed, "recurrent", (r.width, r.width), r.width)


def _uniform(r: Recipe) -> np.ndarray:
    """Entries of variance 1/N, uniform between ±√(3/N)."""
    return (2.0 * streams.at(r.seed, "recurrent").random((r.width, r.width)) - 1.0) * np.sqrt(3.0 / r.width)


def _sparse(r: Recipe) -> np.ndarray:
    """The Gaussian matrix with a share of its entries, enlarged to the same variance; a denser one has them too."""
    present = streams.at(r.seed, "recurrent_mask").random((r.width, r.width)) < r.density
    return np.where(present, _gaussian(r) / np.sqrt(r.density), 0.0)


def _orthogonal(r: Recipe) -> np.ndarray:
    """A Haar orthogonal matrix of a Gaussian one (Mezzadri 2007): the Q of QR, with R's diagonal positive."""
    q, triangle = np.linalg.qr(_gaussian(r))
    return q * np.sign(np.diagonal(triangle))


def _normal(r: Recipe) -> np.ndarray:
    """Q Λ Qᵀ, Q Haar, Λ of scaled rotations of pairs: moduli evenly spaced up to 1, angles uniform in 0..π.

    For odd N the last eigenvalue is 1 or -1.
    """
    pairs, q = r.width // 2, _orthogonal(r)
    moduli = np.linspace(1.0, r.floor, -(-r.width // 2))[::-1][:pairs]
    shares = streams.at(r.seed, "recurrent_angles").random(pairs + r.width % 2)
    real, turned = moduli * np.cos(np.pi * shares[:pairs]), moduli * np.sin(np.pi * shares[:pairs])
    first, second = q[:, 0 : 2 * pairs : 2], q[:, 1 : 2 * pairs : 2]
    product = np.empty_like(q)
    product[:, 0 : 2 * pairs : 2] = real * first + turned * second
    product[:, 1 : 2 * pairs : 2] = real * second - turned * first
    if r.width % 2:
        product[:, -1] = q[:, -1] * (1.0 if shares[-1] < 0.5 else -1.0)
    return product @ q.T


def _low_rank(r: Recipe) -> np.ndarray:
    """√(1-ν) A Bᵀ/√(rN) + √ν Z, A and B (N, r) of N(0, 1), Z the Gaussian matrix.

    A and B of a higher rank begin with the same columns.
    """
    factors = streams.at(r.seed, "recurrent_factors").standard_normal((r.rank, 2, r.width))
    low = factors[:, 0].T @ factors[:, 1] / np.sqrt(r.rank * r.width)
    return np.sqrt(1.0 - r.noise) * low + np.sqrt(r.noise) * _gaussian(r) if r.noise else low


_INITS: dict[str, Callable[[Recipe], np.ndarray]] = {
    "gaussian": _gaussian,
    "orthogonal": _orthogonal,
    "identity": lambda r: np.eye(r.width),
    "uniform": _uniform,
    "sparse": _sparse,
    "normal": _normal,
    "low_rank": _low_rank,
}


def spectra(trials: Sequence[Trial]) -> tuple[np.ndarray, np.ndarray]:
    """Return the spectral radius and the spectral norm of every trial's U, (G,) each.

    Both are computed once for a draw and multiplied by the scale, of which they are homogeneous.
    """
    recipes = [recipe_of(t) for t in trials]
    units = sorted(set(recipes))
    found = dict(zip(units, _unit_spectra(units), strict=True))
    pairs = np.array([found[recipe] for recipe in recipes])
    scale = np.array([t.recurrent_scale for t in trials])
    return pairs[:, 0] * scale, pairs[:, 1] * scale


def _unit_spectra(units: list[Recipe]) -> list[tuple[float, float]]:
    if units[0].width >= 32:
        return [_spectrum(unit) for unit in units]
    matrices = np.stack([unit_recurrent(unit) for unit in units])
    radii = np.abs(np.linalg.eigvals(matrices)).max(axis=-1)
    norms = np.linalg.svd(matrices, compute_uv=False)[:, 0]
    return list(zip(radii.tolist(), norms.tolist(), strict=True))


@lru_cache(maxsize=4096)
def _spectrum(recipe: Recipe) -> tuple[float, float]:
    matrix = unit_recurrent(recipe)
    return float(np.abs(np.linalg.eigvals(matrix)).max()), float(np.linalg.svd(matrix, compute_uv=False)[0])
