"""A step of many columns: multiplied by slopes, and the squared norms before and after, in one pass over the memory.

What stands side by side in a panel of columns belongs to different times and samples, so that sums run down the
columns and no vector is ever summed across. LLVM gets the vectors spelt out, as in `tile`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rnnlab.kernels.tile import VECTORS, Emitter

_WORD = ir.IntType(64)
_UNROLL = 2  # rows, to hide the latency of an addition


@intrinsic
def weigh_panel(_context, N, a, at, stride, slope, slope_at, slope_stride, out, before, after, sums_at):  # type: ignore[no-untyped-def]
    """out = a ∘ slope for N rows of a panel; squared norms of the panel's columns, of a and of out, into the sums."""
    word = types.int64
    return types.void(word, a, word, word, slope, word, word, out, before, after, word), _weigh_panel


def _weigh_panel(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    inner, a, at, stride, slope, slope_at, slope_stride, out, before, after, sums_at = args
    a, slope, out, before, after = (
        context.make_array(signature.args[place])(context, builder, args[place]).data for place in (1, 4, 7, 8, 9)
    )
    emit = Emitter(builder, signature.args[1].dtype)
    zeros = ir.Constant(emit.vector, [0.0] * emit.width)
    first, second = (
        [[cgutils.alloca_once(builder, emit.vector) for _ in range(VECTORS)] for _ in range(_UNROLL)] for _ in range(2)
    )
    for cell in (cell for cells in (*first, *second) for cell in cells):
        builder.store(zeros, cell)

    def row(i: Any, u: int) -> None:
        here, there = emit.shifted(at, stride, i), emit.shifted(slope_at, slope_stride, i)
        for v in range(VECTORS):
            index = builder.add(here, _WORD(v * emit.width))
            value = emit.load(a, index)
            weighed = builder.fmul(value, emit.load(slope, builder.add(there, _WORD(v * emit.width))))
            emit.store(weighed, out, index)
            for cells, each in ((first[u], value), (second[u], weighed)):
                builder.store(emit.multiply_add(each, each, builder.load(cells[v])), cells[v])

    def rows(i: Any) -> None:
        for u in range(_UNROLL):
            row(builder.add(i, _WORD(u)), u)

    whole = builder.mul(builder.sdiv(inner, _WORD(_UNROLL)), _WORD(_UNROLL))
    emit.loop(_WORD(0), whole, _UNROLL, rows)
    emit.loop(whole, inner, 1, lambda i: row(i, 0))
    for cells, target in ((first, before), (second, after)):
        for v in range(VECTORS):
            total = builder.load(cells[0][v])
            for others in cells[1:]:
                total = builder.fadd(total, builder.load(others[v]))
            emit.store(total, target, builder.add(sums_at, _WORD(v * emit.width)))
    return context.get_dummy_value()
