"""The innermost loop of a matrix product: a tile of a few rows and two vectors of columns, kept in registers.

BLAS packs its operands at every call. Here the right operand is mostly a weight matrix that stays the same for all T
steps: it is packed once (`linalg.pack`), and a product of a few rows costs its arithmetic and little else. LLVM gets
the vectors spelt out: what its loop vectoriser makes of three nested loops is several times slower.
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
_IN_FLIGHT = 8  # sums, to hide the latency of an addition
_WORD = ir.IntType(64)


def lanes(dtype: Any) -> int:
    """Return the columns of a tile, for one dtype."""
    return VECTORS * VECTOR_BYTES // np.dtype(dtype).itemsize


class Emitter:
    """The instructions of a tile for one dtype; indices count entries."""

    def __init__(self, builder: ir.IRBuilder, element: Any) -> None:
        self.builder = builder
        self.bytes = 8 if element == types.float64 else 4
        self.scalar = ir.DoubleType() if self.bytes == 8 else ir.FloatType()
        self.width = VECTOR_BYTES // self.bytes
        self.vector = ir.VectorType(self.scalar, self.width)
        name = f"llvm.fmuladd.v{self.width}f{8 * self.bytes}"
        known = builder.module.globals.get(name)
        self._fuse = known or ir.Function(builder.module, ir.FunctionType(self.vector, [self.vector] * 3), name)

    def shifted(self, start: Any, step: Any, times: Any) -> Any:
        """start + step · times."""
        return self.builder.add(start, self.builder.mul(step, times if isinstance(times, ir.Value) else _WORD(times)))

    def cells(self, count: int) -> list[Any]:
        """Vectors of zeros, which will live in registers."""
        made = [self.builder.alloca(self.vector) for _ in range(count)]
        for cell in made:
            self.builder.store(ir.Constant(self.vector, [0.0] * self.width), cell)
        return made

    def at(self, array: Any, index: Any) -> Any:
        """The address of the vector that begins at this entry."""
        return self.builder.bitcast(self.builder.gep(array, [index]), self.vector.as_pointer())

    def load(self, array: Any, index: Any) -> Any:
        """The vector that begins at this entry."""
        return self.builder.load(self.at(array, index), align=self.bytes)

    def store(self, value: Any, array: Any, index: Any) -> None:
        """Put a vector where this entry begins."""
        self.builder.store(value, self.at(array, index), align=self.bytes)

    def spread(self, number: Any) -> Any:
        """A vector of the same number."""
        nothing = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(nothing, number, ir.IntType(32)(0))
        first = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.builder.shuffle_vector(one, nothing, first)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a b + c, in one rounding where the processor can."""
        return self.builder.call(self._fuse, [a, b, c])

    def loop(self, start: Any, stop: Any, step: int, body: Callable[[Any], None]) -> None:
        """`for k in range(start, stop, step): body(k)`."""
        builder = self.builder
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


def _generate(rows: int, context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    """Emit out = alpha Σ_k a[:, k] b[k, :] + beta out for a tile of this many rows."""
    inner, a, a_at, a_row, a_step, b, b_at, b_step, alpha, beta, out, out_at, out_row = args
    a, b, out = (
        context.make_array(signature.args[place])(context, builder, value).data
        for place, value in ((1, a), (5, b), (10, out))
    )
    emit = Emitter(builder, signature.args[1].dtype)
    unroll = max(1, _IN_FLIGHT // (rows * VECTORS))
    sums = [emit.cells(rows * VECTORS) for _ in range(unroll)]

    def add(k: Any, cells: list[Any]) -> None:
        right_at, left_at = emit.shifted(b_at, b_step, k), emit.shifted(a_at, a_step, k)
        right = [emit.load(b, builder.add(right_at, _WORD(v * emit.width))) for v in range(VECTORS)]
        for i in range(rows):
            left = emit.spread(builder.load(builder.gep(a, [emit.shifted(left_at, a_row, i)])))
            for v in range(VECTORS):
                cell = cells[i * VECTORS + v]
                builder.store(emit.multiply_add(left, right[v], builder.load(cell)), cell)

    def add_several(k: Any) -> None:
        for u in range(unroll):
            add(builder.add(k, _WORD(u)), sums[u])

    whole = builder.mul(builder.sdiv(inner, _WORD(unroll)), _WORD(unroll))
    emit.loop(_WORD(0), whole, unroll, add_several)
    emit.loop(whole, inner, 1, lambda k: add(k, sums[0]))
    for others in sums[1:]:
        for total, cell in zip(sums[0], others, strict=True):
            builder.store(builder.fadd(builder.load(total), builder.load(cell)), total)
    _write(emit, rows, sums[0], alpha, beta, (out, out_at, out_row))
    return context.get_dummy_value()


def _write(emit: Emitter, rows: int, sums: list[Any], alpha: Any, beta: Any, target: tuple[Any, Any, Any]) -> None:
    builder, (out, out_at, out_row) = emit.builder, target
    alphas, betas = emit.spread(alpha), emit.spread(beta)
    fresh = builder.fcmp_ordered("==", beta, ir.Constant(emit.scalar, 0.0))
    for i in range(rows):
        for v in range(VECTORS):
            index = builder.add(emit.shifted(out_at, out_row, i), _WORD(v * emit.width))
            value = builder.fmul(alphas, builder.load(sums[i * VECTORS + v]))
            with builder.if_else(fresh) as (overwrite, add):
                with overwrite:
                    emit.store(value, out, index)
                with add:
                    emit.store(emit.multiply_add(betas, emit.load(out, index), value), out, index)


def _tile(rows: int) -> Any:
    generate = partial(_generate, rows)

    def tile(_context, inner, a, a_at, a_row, a_step, b, b_at, b_step, alpha, beta, out, out_at, out_row):  # type: ignore[no-untyped-def]
        word, number = types.int64, a.dtype
        return types.void(word, a, word, word, word, b, word, word, number, number, out, word, word), generate

    tile.__name__ = tile.__qualname__ = f"tile{rows}"
    return intrinsic(tile)


tile1, tile2, tile4, tile8 = (_tile(rows) for rows in (1, 2, 4, 8))
