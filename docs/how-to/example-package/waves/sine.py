"""sine: phi(a) = sin a, as in the networks of Sitzmann et al. 2020 (NeurIPS, arXiv 2006.09661)."""

import math

import rnnlab


def _value(a):
    return math.sin(a)


def _slope(a):
    return math.cos(a)


SINE = rnnlab.Activation(value=_value, slope=_slope, largest_slope=1.0, bounded=True)
