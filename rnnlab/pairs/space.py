"""Room for adjoints that travel as columns; every size follows from the shape of one network alone."""

from __future__ import annotations

import numpy as np

from rnnlab.kernels.contributions import Mates, Room
from rnnlab.kernels.pairs import Columns
from rnnlab.kernels.terms import Launch, Plan
from rnnlab.kernels.tile import lanes
from rnnlab.networks import Networks
from rnnlab.networks.workspace import workspace

COLUMNS = 192  # of a block: enough to be efficient, few enough to stay in the cache
PRODUCTS_BYTES = 2**28  # beyond this the products of the mates are not kept, and contributions are formed
LIMIT = {"float64": 1e-6, "float32": 1e-2}


def whole(columns: int, n: Networks) -> int:
    """Return the columns up to whole panels."""
    width = lanes(n.dtype)
    return -(-columns // width) * width


def plan(n: Networks) -> Plan:
    """Return the division into blocks of times, and how far the rows of a matrix lie apart."""
    _G, T, B, *_ = n.shape
    steps = 1 if n.loss_at == "last" else min(T, max(1, COLUMNS // B))
    half = lanes(n.dtype) // 2  # an odd number of cache lines, or entries of a column fight for the same places
    return Plan(steps, whole(steps * B, n) + half, whole(T * B, n) + 2 * lanes(n.dtype) + half, LIMIT[n.dtype.name])


def columns(n: Networks, p: Plan, name: str, blocks: int | None = None) -> Columns:
    """Return room for the columns of a block, or of several."""
    _G, _T, B, N, *_ = n.shape
    lead = () if blocks is None else (blocks,)
    used = whole(p.steps * B, n)
    room = (N * p.stride + lanes(n.dtype),)

    def take(part: str, shape: tuple[int, ...], dtype: object) -> np.ndarray:
        return workspace.take(f"{name}_{part}", lead + shape, dtype)

    return Columns(
        take("adjoint", room, n.dtype), take("weighed", room, n.dtype), take("exponent", (used,), np.int64),
        take("weighed_exponent", (used,), np.int64), take("size", (used,), n.dtype),
        take("weighed_size", (used,), n.dtype),
    )  # fmt: skip


def slopes(n: Networks, p: Plan) -> np.ndarray:
    """Return room for the slopes as columns."""
    return workspace.take("turned_slopes", (n.shape[3] * p.slope_stride,), n.dtype)


def launch(n: Networks, p: Plan) -> Launch:
    """Return room for the adjoints with which a block begins."""
    _G, _T, B, N, _D, O = n.shape
    R, take = p.steps * B, workspace.take
    return Launch(
        take("sent_cotangent", (R, O), n.dtype), take("sent_exponent", (R,), np.int64), take("sent", (R, N), n.dtype),
        np.empty(p.steps), np.empty(p.steps, np.int64), take("column", (2, N), n.dtype),
    )  # fmt: skip


def room(n: Networks, p: Plan) -> Room:
    """Return room for the contributions of a pair, and for the mates of a block."""
    _G, _T, B, N, D, _O = n.shape
    M, stride, take = max(N, D), whole(B, n), workspace.take
    return Room(
        take("gram", (B * stride,), n.dtype), take("weights", (B,), np.float64), take("pair_exponent", (B,), np.int64),
        take("pair_mate", (p.steps * B * M,), n.dtype), take("turned", (M * stride + lanes(n.dtype),), n.dtype),
        take("term", (N * M,), n.dtype),
    )  # fmt: skip


def products_bytes(T: int, B: int, N: int, D: int) -> int:
    """Return the bytes of the products of all mates; 0 where contributions are formed instead."""
    each = 2 * T * B * (-(-B // 32) * 32) * 8
    return 0 if each > PRODUCTS_BYTES or B > 2 * (N + D) else each


def mates(n: Networks, name: str, steps: int) -> Mates:
    """Return room for the products of the mates of so many steps."""
    _G, T, B, N, D, _O = n.shape
    K = steps if products_bytes(T, B, N, D) else 0
    return Mates(
        workspace.take(f"{name}_products", (K, B * whole(B, n)), np.float64),
        workspace.take(f"{name}_exponent", (K, B), np.int64),
    )
