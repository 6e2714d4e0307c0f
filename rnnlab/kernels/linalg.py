"""Matrix products into place: alpha and beta let gradients add up over time without a temporary."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rnnlab.kernels.options import kernel, load_blas

load_blas()


def _gemm(transposed: bool) -> Any:
    """Make a call of BLAS gemm on C-ordered matrices; BLAS is column-major, so it is asked for the transpose of all."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        element, char, word = signature.args[1].dtype, ir.IntType(8), ir.IntType(64)
        pointer = char.as_pointer()
        alpha, a, b, beta, c = args
        a, b, c = (
            context.make_array(kind)(context, builder, value)
            for kind, value in zip((signature.args[1], signature.args[2], signature.args[4]), (a, b, c), strict=True)
        )

        def data(array: Any) -> Any:
            return builder.bitcast(array.data, pointer)

        def number(value: Any) -> Any:
            return builder.bitcast(cgutils.alloca_once_value(builder, value), pointer)

        inner, columns = cgutils.unpack_tuple(builder, b.shape)
        rows = cgutils.unpack_tuple(builder, c.shape)[0]
        leading = cgutils.unpack_tuple(builder, a.shape)[1]
        shape = ir.FunctionType(
            ir.IntType(32),
            [char, char, char, word, word, word, pointer, pointer, word, pointer, word, pointer, pointer, word],
        )
        function = cgutils.get_or_insert_function(builder.module, shape, "numba_xxgemm")
        kind = ir.Constant(char, ord("d" if element == types.float64 else "s"))
        plain = ir.Constant(char, ord("n"))
        turned = ir.Constant(char, ord("t" if transposed else "n"))
        return builder.call(
            function,
            [kind, plain, turned, columns, rows, inner, number(alpha), data(b), columns, data(a), leading]
            + [number(beta), data(c), columns],
        )

    return generate


_code_product = _gemm(transposed=False)
_code_outer = _gemm(transposed=True)


@intrinsic
def _product(_context: Any, alpha: Any, a: Any, b: Any, beta: Any, c: Any) -> Any:
    return types.int32(a.dtype, a, b, a.dtype, c), _code_product


@intrinsic
def _outer(_context: Any, alpha: Any, a: Any, b: Any, beta: Any, c: Any) -> Any:
    return types.int32(a.dtype, a, b, a.dtype, c), _code_outer


@kernel
def product(alpha, a, b, beta, c):  # type: ignore[no-untyped-def]
    """c = alpha a b + beta c for a (M, K), b (K, N), c (M, N); beta = 0 overwrites whatever stands in c."""
    _product(c.dtype.type(alpha), a, b, c.dtype.type(beta), c)


@kernel
def outer(alpha, a, b, beta, c):  # type: ignore[no-untyped-def]
    """c = alpha aᵀ b + beta c for a (K, M), b (K, N), c (M, N): a sum of outer products over the rows."""
    _outer(c.dtype.type(alpha), a, b, c.dtype.type(beta), c)


@kernel
def transpose(a, out):  # type: ignore[no-untyped-def]
    """out = aᵀ: the recurrent product wants its operand laid out as it reads it."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[j, i] = a[i, j]
