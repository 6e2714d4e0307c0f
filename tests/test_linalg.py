"""The matrix products of the kernels against NumPy's, at every shape that a tile can be cut to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.kernels import linalg, vanilla
from tests.cases import DTYPES

SIZES = st.integers(1, 70)
FACTORS = st.sampled_from([0.0, 1.0, -0.5])


def packed(matrix):
    panels = np.full(linalg.packed_size(*matrix.shape, matrix.dtype), np.nan, matrix.dtype)
    linalg.pack(matrix, panels)
    return panels


def matrices(seed, dtype, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def agree(ours, left, right, alpha, beta, before):
    """Within the rounding of a sum of that length."""
    exact = alpha * (left.astype(np.float64) @ right.astype(np.float64))
    exact = exact + beta * before.astype(np.float64) if beta else exact
    size = abs(alpha) * (np.abs(left).astype(np.float64) @ np.abs(right).astype(np.float64)) + np.abs(before)
    assert np.all(np.abs(ours - exact) <= (left.shape[1] + 4) * np.finfo(ours.dtype).eps * size)


@given(SIZES, SIZES, SIZES, FACTORS, FACTORS, st.sampled_from(DTYPES))
def test_product(rows, inner, columns, alpha, beta, dtype):
    a, b, c = matrices(0, dtype, (rows, inner), (inner, columns), (rows, columns))
    ours = np.full_like(c, np.nan) if beta == 0 else c.copy()
    linalg.product(alpha, a, packed(b), beta, ours)
    agree(ours, a, b, alpha, beta, c)


@given(SIZES, SIZES, SIZES, FACTORS, FACTORS, st.sampled_from(DTYPES))
def test_outer(rows, inner, columns, alpha, beta, dtype):
    a, b, c = matrices(1, dtype, (inner, rows), (inner, columns), (rows, columns))
    ours = np.full_like(c, np.nan) if beta == 0 else c.copy()
    linalg.outer(alpha, a, b, beta, ours)
    agree(ours, a.T, b, alpha, beta, c)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("inner", [255, 256, 257, 600])
@pytest.mark.parametrize("columns", [256, 300])
def test_long_sums_and_distant_rows(inner, columns, dtype):
    a, b, c = matrices(2, dtype, (9, inner), (inner, columns), (9, columns))
    ours = c.copy()
    linalg.product(1.0, a, packed(b), 1.0, ours)
    agree(ours, a, b, 1.0, 1.0, c)
    ours = c.copy()
    linalg.outer(1.0, np.ascontiguousarray(a.T), b, 1.0, ours)
    agree(ours, a, b, 1.0, 1.0, c)


@given(SIZES, SIZES, st.sampled_from(DTYPES))
def test_packing_a_transpose(rows, columns, dtype):
    (a,) = matrices(3, dtype, (rows, columns))
    panels = np.full(linalg.packed_size(columns, rows, a.dtype), np.nan, dtype)
    linalg.pack_transposed(a, panels)
    np.testing.assert_array_equal(panels, packed(np.ascontiguousarray(a.T)))


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_a_tamed_matrix_is_the_same_but_for_a_power_of_two(scale):
    (a,) = matrices(4, "float64", (5, 7))
    panels = np.empty(linalg.packed_size(5, 7, a.dtype))
    e = linalg.pack_tamed(scale * a, panels)
    assert (e == 0) == (scale == 1.0)
    assert 1e-13 < np.abs(panels).max() < 1e13
    np.testing.assert_array_equal(np.ldexp(panels, e), packed(scale * a))


@given(st.integers(1, 20), st.integers(1, 5), st.integers(1, 6), st.sampled_from(DTYPES))
def test_the_adjoint_identity(width, batch, count, dtype):
    """<v, J w> = <Jᵀ v, w>: the two kernels share no product."""
    U, v, slope = matrices(5, dtype, (width, width), (batch, width), (batch, width))
    frame = matrices(6, dtype, (batch, width, count))[0]
    forward = np.empty_like(frame)
    vanilla.jvp(np.ascontiguousarray(U.T), np.abs(slope), frame, forward)
    back, zeros = np.empty_like(v), np.zeros(batch, np.int64)
    adjoint, exponents = v.copy(), zeros.copy()
    vanilla.weigh_slopes(adjoint, np.abs(slope), exponents)
    vanilla.vjp(packed(U), 0, adjoint, exponents, back, np.full(batch, -(2**62)), np.empty_like(v))
    back = np.ldexp(back, exponents[:, None].astype(np.int32))
    left = np.einsum("bi,bik->k", v.astype(np.float64), forward)
    right = np.einsum("bi,bik->k", back.astype(np.float64), frame)
    size = np.einsum("bi,bij,bjk->k", np.abs(v), np.abs(U)[None].repeat(batch, 0), np.abs(frame)) * np.abs(slope).max()
    assert np.all(np.abs(left - right) <= 50 * width * np.finfo(dtype).eps * size)
