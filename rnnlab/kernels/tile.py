"""The innermost loop of a matrix product: a tile of a few rows and two vectors of columns, kept in registers.

BLAS packs its operands at every call. Here the right operand is a weight matrix that stays the same for all T steps,
so it is packed once (`linalg.pack`) and a product of a few rows costs its arithmetic and nothing else. LLVM gets the
vectors spelt out: what a loop vectoriser makes of three nested loops is five times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_features = llvmlite.binding.get_host_cpu_features()
_wide = bool(_features.get("avx512f"))
VECTOR_BYTES = 64 if _wide else 32 if _features.get("avx") else 16
VECTORS = 2  # of columns in a tile
TALL = 8 if _wide or _features.get("neon") else 4  # rows of the tallest tile: what the registers hold
_WORD = ir.IntType(64)


def lanes(dtype: Any) -> int:
    """Return the columns of a tile, for one dtype."""
    return VECTORS * VECTOR_BYTES // np.dtype(dtype).itemsize


def _type_of(element: Any) -> ir.VectorType:
    scalar = ir.DoubleType() if element == types.float64 else ir.FloatType()
    return ir.VectorType(scalar, VECTOR_BYTES // (8 if element == types.float64 else 4))


def _generate(rows: int, context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    """Emit out = alpha Σ_k a[:, k] panel[k, :] + beta out for a tile of this many rows."""
    inner, a, a_at, a_row, a_step, panel, panel_at, panel_step, alpha, beta, out, out_at, out_row = args
    a, panel, out = (
        context.make_array(signature.args[place])(context, builder, value).data
        for place, value in ((1, a), (5, panel), (10, out))
    )
    vector = _type_of(signature.args[1].dtype)
    scalar, width = vector.element, vector.count
    unroll = max(1, 8 // (rows * VECTORS))  # enough sums in flight to hide the latency of an addition
    fuse = _fused(builder.module, vector)
    sums = [[builder.alloca(vector) for _ in range(rows * VECTORS)] for _ in range(unroll)]
    zero = ir.Constant(vector, [0.0] * width)
    for cell in sum(sums, []):
        builder.store(zero, cell)

    def load(pointer: Any, index: Any) -> Any:
        address = builder.gep(pointer, [index])
        return builder.load(builder.bitcast(address, vector.as_pointer()), align=scalar_bytes)

    def spread(value: Any) -> Any:
        one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
        return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), mask)

    scalar_bytes = 8 if isinstance(scalar, ir.DoubleType) else 4

    def step(k: Any, cells: list[Any]) -> None:
        at = builder.add(panel_at, builder.mul(k, panel_step))
        right = [load(panel, builder.add(at, _WORD(v * width))) for v in range(VECTORS)]
        left_at = builder.add(a_at, builder.mul(k, a_step))
        for i in range(rows):
            left = spread(builder.load(builder.gep(a, [builder.add(left_at, builder.mul(a_row, _WORD(i)))])))
            for v in range(VECTORS):
                cell = cells[i * VECTORS + v]
                builder.store(builder.call(fuse, [left, right[v], builder.load(cell)]), cell)

    whole = builder.mul(builder.sdiv(inner, _WORD(unroll)), _WORD(unroll))
    _loop(builder, _WORD(0), whole, unroll, lambda k: [step(builder.add(k, _WORD(u)), sums[u]) for u in range(unroll)])
    _loop(builder, whole, inner, 1, lambda k: step(k, sums[0]))
    for u in range(1, unroll):
        for total, cell in zip(sums[0], sums[u], strict=True):
            builder.store(builder.fadd(builder.load(total), builder.load(cell)), total)
    alphas, betas = spread(alpha), spread(beta)
    fresh = builder.fcmp_ordered("==", beta, ir.Constant(scalar, 0.0))
    for i in range(rows):
        row_at = builder.add(out_at, builder.mul(out_row, _WORD(i)))
        for v in range(VECTORS):
            index = builder.add(row_at, _WORD(v * width))
            target = builder.bitcast(builder.gep(out, [index]), vector.as_pointer())
            value = builder.fmul(alphas, builder.load(sums[0][i * VECTORS + v]))
            with builder.if_else(fresh) as (overwrite, add):
                with overwrite:
                    builder.store(value, target, align=scalar_bytes)
                with add:
                    builder.store(builder.call(fuse, [betas, load(out, index), value]), target, align=scalar_bytes)
    return context.get_dummy_value()


def _fused(module: ir.Module, vector: ir.VectorType) -> ir.Function:
    name = f"llvm.fmuladd.v{vector.count}f{64 if isinstance(vector.element, ir.DoubleType) else 32}"
    known = module.globals.get(name)
    return known or ir.Function(module, ir.FunctionType(vector, [vector] * 3), name)


def _loop(builder: ir.IRBuilder, start: Any, stop: Any, step: int, body: Callable[[Any], Any]) -> None:
    """Emit `for k in range(start, stop, step): body(k)`."""
    head, inside, after = (builder.append_basic_block(name) for name in ("head", "inside", "after"))
    entry = builder.block
    builder.branch(head)
    builder.position_at_end(head)
    k = builder.phi(_WORD)
    k.add_incoming(start, entry)
    builder.cbranch(builder.icmp_signed("<", k, stop), inside, after)
    builder.position_at_end(inside)
    body(k)
    k.add_incoming(builder.add(k, _WORD(step)), builder.block)
    builder.branch(head)
    builder.position_at_end(after)


def _tile(rows: int) -> Any:
    generate = partial(_generate, rows)

    def tile(_context, inner, a, a_at, a_row, a_step, panel, panel_at, panel_step, alpha, beta, out, out_at, out_row):  # type: ignore[no-untyped-def]
        word, number = types.int64, a.dtype
        return types.void(word, a, word, word, word, panel, word, word, number, number, out, word, word), generate

    tile.__name__ = tile.__qualname__ = f"tile{rows}"
    return intrinsic(tile)


tile1, tile2, tile4, tile8 = (_tile(rows) for rows in (1, 2, 4, 8))
