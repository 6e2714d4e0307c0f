"""Roots of a function of one variance q > 0: found on the way up or down from a start, then closed in on."""

from __future__ import annotations

from collections.abc import Callable

_STEPS = 100
_ENOUGH = 4e-16  # relative


def first_sign_change(f: Callable[[float], float], start: float, factor: float, end: float) -> tuple[float, float]:
    """Return two variances between which f leaves the sign that it has at the start, or (end, end) where it keeps it.

    Each step goes `factor` further, up or down; steps far from 1 are longer, for nothing but powers lives there.
    """
    q, here = start, f(start) > 0
    while (q < end) if factor > 1 else (q > end):
        following = q * (factor if 1e-3 < q < 1e3 else factor**4)
        if (f(following) > 0) != here:
            return q, following
        q = following
    return end, end


def root(f: Callable[[float], float], a: float, b: float) -> float:
    """Return a root of f between a and b, where its signs differ (Chandrupatla 1997, Adv. Eng. Software 28)."""
    fa, fb = f(a), f(b)
    c, fc = a, fa
    share = 0.5
    for _ in range(_STEPS):
        x = a + share * (b - a)
        fx = f(x)
        if (fx > 0) == (fa > 0):
            c, fc = a, fa
        else:
            c, b, fc, fb = b, a, fb, fa
        a, fa = x, fx
        best, least = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        width = abs(b - a)
        if least == 0 or width <= _ENOUGH * abs(best):
            return best
        share = _share(a, b, c, fa, fb, fc)
        margin = 0.5 * _ENOUGH * abs(best) / width
        share = min(max(share, margin), 1.0 - margin)
    return best


def _share(a: float, b: float, c: float, fa: float, fb: float, fc: float) -> float:
    """Where to look next between a and b: by inverse quadratic interpolation where it can be trusted, else half-way."""
    xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
    if not (phi * phi < xi and (1.0 - phi) ** 2 < 1.0 - xi):
        return 0.5
    return fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
