"""Passes over a panel, the columns of one tile: Gram-Schmidt on as many columns as two vectors hold.

A panel (N, width) lies as `linalg.pack` lays it, its rows in vectors, so that a pass over the rows serves all columns
at once and sums over the rows need no reduction across a vector.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rnnlab.kernels.tile import VECTORS, Emitter

_UNROLL = 4  # rows whose sums stand in registers of their own
_WORD = ir.IntType(64)


def _data(context: Any, builder: ir.IRBuilder, signature: Any, args: Any, place: int) -> Any:
    return context.make_array(signature.args[place])(context, builder, args[place]).data


def _rows(emit: Emitter, rows: Any, body: Callable[[Any, int], None]) -> None:
    """Emit body(row, sums) for every row; `sums` says which registers take its sums."""
    builder = emit.builder
    whole = builder.mul(builder.sdiv(rows, _WORD(_UNROLL)), _WORD(_UNROLL))

    def several(k: Any) -> None:
        for u in range(_UNROLL):
            body(builder.add(k, _WORD(u)), u)

    emit.loop(_WORD(0), whole, _UNROLL, several)
    emit.loop(whole, rows, 1, lambda k: body(k, 0))


def _gathered(emit: Emitter, sums: list[list[Any]], v: int) -> Any:
    """Add the registers of one vector of columns."""
    loaded = [emit.builder.load(cells[v]) for cells in sums]
    while len(loaded) > 1:
        loaded = [emit.builder.fadd(a, b) for a, b in zip(loaded[::2], loaded[1::2], strict=True)]
    return loaded[0]


def _sweep(first: int, context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    rows, _panel, at, column, following, inverse, _sums = args
    panel, totals = (_data(context, builder, signature, args, place) for place in (1, 6))
    emit = Emitter(builder, signature.args[1].dtype)
    vectors, width = range(first, VECTORS), emit.width * VECTORS
    factor = emit.spread(builder.fneg(inverse))
    limit = emit.spread(builder.sitofp(column, emit.scalar))
    coefficients = []
    for v in vectors:
        numbers = ir.Constant(emit.vector, [float(v * emit.width + i) for i in range(emit.width)])
        later = builder.fcmp_ordered(">", numbers, limit)
        value = builder.fmul(factor, emit.load(totals, _WORD(v * emit.width)))
        coefficients.append(builder.select(later, value, ir.Constant(emit.vector, [0.0] * emit.width)))
    onto = builder.fmul(factor, emit.spread(builder.load(builder.gep(totals, [following]))))
    sums = [emit.cells(len(vectors)) for _ in range(_UNROLL)]

    def body(k: Any, turn: int) -> None:
        row = emit.shifted(at, k, width)
        taken = emit.spread(builder.load(builder.gep(panel, [builder.add(row, column)])))
        before = emit.spread(builder.load(builder.gep(panel, [builder.add(row, following)])))
        weight = emit.multiply_add(taken, onto, before)  # what stands in the following column after this pass
        for place, v in enumerate(vectors):
            index = builder.add(row, _WORD(v * emit.width))
            value = emit.multiply_add(taken, coefficients[place], emit.load(panel, index))
            emit.store(value, panel, index)
            cell = sums[turn][place]
            builder.store(emit.multiply_add(weight, value, builder.load(cell)), cell)

    _rows(emit, rows, body)
    for place, v in enumerate(vectors):
        emit.store(_gathered(emit, sums, place), totals, _WORD(v * emit.width))
    return context.get_dummy_value()


def _sweeping(first: int) -> Any:
    generate = partial(_sweep, first)

    def sweep(_context, rows, panel, at, column, following, inverse, sums):  # type: ignore[no-untyped-def]
        word = types.int64
        return types.void(word, panel, word, word, word, panel.dtype, sums), generate

    sweep.__name__ = sweep.__qualname__ = f"sweep{first}"
    return intrinsic(sweep)


# Take `column` out of the columns after it: a_j -= a_column · sums[j] · inverse; then sums[j] = a_following · a_j for
# all j. The second does so for the second half of the columns alone.
sweep, sweep_half = _sweeping(0), _sweeping(1)


@intrinsic
def weigh(
    _context: Any, rows: Any, panel: Any, at: Any, gain: Any, gain_at: Any, factor: Any, sums: Any, sums_at: Any
) -> Any:
    """Multiply row k by gain[k] · factor; sums[j] becomes the sum of squares of column j."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        emit = Emitter(builder, signature.args[1].dtype)
        data, gains, totals = (_data(context, builder, signature, args, place) for place in (1, 3, 6))
        sums = [emit.cells(VECTORS) for _ in range(_UNROLL)]

        def body(k: Any, turn: int) -> None:
            row = emit.shifted(args[2], k, emit.width * VECTORS)
            scale = emit.spread(builder.fmul(args[5], builder.load(builder.gep(gains, [builder.add(args[4], k)]))))
            for v in range(VECTORS):
                index = builder.add(row, _WORD(v * emit.width))
                value = builder.fmul(scale, emit.load(data, index))
                emit.store(value, data, index)
                builder.store(emit.multiply_add(value, value, builder.load(sums[turn][v])), sums[turn][v])

        _rows(emit, args[0], body)
        for v in range(VECTORS):
            emit.store(_gathered(emit, sums, v), totals, builder.add(args[7], _WORD(v * emit.width)))
        return context.get_dummy_value()

    word = types.int64
    return types.void(word, panel, word, gain, word, panel.dtype, sums, word), generate


@intrinsic
def stretch(_context: Any, rows: Any, panel: Any, at: Any, factors: Any) -> Any:
    """Multiply column j by factors[j]."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        emit = Emitter(builder, signature.args[1].dtype)
        data, factors = (_data(context, builder, signature, args, place) for place in (1, 3))
        by = [emit.load(factors, _WORD(v * emit.width)) for v in range(VECTORS)]

        def body(k: Any, _turn: int) -> None:
            row = emit.shifted(args[2], k, emit.width * VECTORS)
            for v in range(VECTORS):
                index = builder.add(row, _WORD(v * emit.width))
                emit.store(builder.fmul(by[v], emit.load(data, index)), data, index)

        _rows(emit, args[0], body)
        return context.get_dummy_value()

    word = types.int64
    return types.void(word, panel, word, factors), generate


def _folded(emit: Emitter, rows: list[Any]) -> Any:
    """Return the vector of the sums across each of these vectors."""
    builder, width = emit.builder, emit.width
    while len(rows) > 1:
        even, odd = (
            ir.Constant(ir.VectorType(ir.IntType(32), width), [2 * i + parity for i in range(width)])
            for parity in (0, 1)
        )
        pairs = zip(rows[::2], rows[1::2], strict=True)
        rows = [builder.fadd(builder.shuffle_vector(a, b, even), builder.shuffle_vector(a, b, odd)) for a, b in pairs]
    return rows[0]


@intrinsic
def reduce(_context: Any, rows: Any, line: Any, panel: Any, at: Any, coefficients: Any) -> Any:
    """line[k] -= Σ_j coefficients[j] panel[k, j]."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        emit = Emitter(builder, signature.args[1].dtype)
        out, data, factors = (_data(context, builder, signature, args, place) for place in (1, 2, 4))
        by = [emit.load(factors, _WORD(v * emit.width)) for v in range(VECTORS)]
        nothing = ir.Constant(emit.vector, [0.0] * emit.width)

        def products(k: Any) -> Any:
            row, total = emit.shifted(args[3], k, emit.width * VECTORS), nothing
            for v in range(VECTORS):
                total = emit.multiply_add(by[v], emit.load(data, builder.add(row, _WORD(v * emit.width))), total)
            return total

        def several(k: Any) -> None:
            taken = _folded(emit, [products(builder.add(k, _WORD(u))) for u in range(emit.width)])
            emit.store(builder.fsub(emit.load(out, k), taken), out, k)

        def one(k: Any) -> None:
            taken = _folded(emit, [products(k)] + [nothing] * (emit.width - 1))
            place = builder.gep(out, [k])
            first = builder.extract_element(taken, ir.IntType(32)(0))
            builder.store(builder.fsub(builder.load(place), first), place)

        whole = builder.mul(builder.sdiv(args[0], _WORD(emit.width)), _WORD(emit.width))
        emit.loop(_WORD(0), whole, emit.width, several)
        emit.loop(whole, args[0], 1, one)
        return context.get_dummy_value()

    word = types.int64
    return types.void(word, line, panel, word, coefficients), generate
