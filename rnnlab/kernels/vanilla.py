"""The vanilla cell h_t = phi(U h_{t-1} + W x_t + b): one step forward, its Jacobian, and its transposed Jacobian.

States stand as rows, (B, N). A step keeps phi'(a_t) of every unit, all that its Jacobian diag(phi') U needs besides U.
Leaky units, h_t = (1 - α) h_{t-1} + α phi(a_t), go through the same calls: `leak` is α, and 1 leaves nothing out.
"""

from __future__ import annotations

from rnnlab.kernels.activations import activate
from rnnlab.kernels.linalg import outer, product
from rnnlab.kernels.options import flat, inside, kernel
from rnnlab.kernels.scaled import EMPTY, normalise, scale, weigh


@kernel
def forward(code, recurrent, leak, state, drive, following):  # type: ignore[no-untyped-def]
    """Take one step from `state` (B, N) to `following`; `drive` (B, N) holds W x_t + b and becomes phi'(a_t).

    `recurrent` is Uᵀ, packed.
    """
    inside()
    product(1.0, state, recurrent, 1.0, drive)
    activate(code, flat(drive), flat(following))
    if leak != 1.0:
        _leak_on(leak, flat(state), flat(following))


@kernel
def _leak_on(leak, before, after):  # type: ignore[no-untyped-def]
    kept, fresh = after.dtype.type(1.0 - leak), after.dtype.type(leak)
    for i in range(after.size):
        after[i] = kept * before[i] + fresh * after[i]


@kernel
def jvp(turned, slope, frame, out):  # type: ignore[no-untyped-def]
    """out = J_t frame for every sample: J_t = diag(phi'(a_t)) U, slope (B, N), frame and out (B, N, K).

    `turned` is Uᵀ (N, N).
    """
    for b in range(slope.shape[0]):
        outer(1.0, turned, frame[b], 0.0, out[b])
        for i in range(slope.shape[1]):
            for k in range(frame.shape[2]):
                out[b, i, k] *= slope[b, i]


@kernel
def weigh_slopes(adjoint, slope, exponents):  # type: ignore[no-untyped-def]
    """Turn adjoints of h_t, normalised rows (B, N) with exponents (B,), into adjoints of a_t."""
    inside()
    for b in range(adjoint.shape[0]):
        if exponents[b] > EMPTY:
            e = weigh(adjoint, slope, b)
            exponents[b] = exponents[b] + e if e > EMPTY else EMPTY


@kernel
def keep_past(leak, adjoint, exponents, past, past_exponents):  # type: ignore[no-untyped-def]
    """Keep (1 - α) times the adjoints of h_t, rows (B, N) with exponents (B,): what h_{t-1} has of them directly."""
    factor = past.dtype.type(1.0 - leak)
    for b in range(past.shape[0]):
        past_exponents[b] = exponents[b]
        for i in range(past.shape[1]):
            past[b, i] = factor * adjoint[b, i]


@kernel
def weigh_leak(leak, adjoint):  # type: ignore[no-untyped-def]
    """Multiply adjoints of a_t by α."""
    factor = adjoint.dtype.type(leak)
    for b in range(adjoint.shape[0]):
        for i in range(adjoint.shape[1]):
            adjoint[b, i] *= factor


@kernel
def add_past(past, past_exponents, out, out_exponents):  # type: ignore[no-untyped-def]
    """Add what `keep_past` kept to the rows of h_{t-1}."""
    for b in range(out.shape[0]):
        if past_exponents[b] > EMPTY:
            _add_row(past, past_exponents[b], out, out_exponents, b)


@kernel
def vjp(U, U_exponent, adjoint, exponents, out, out_exponents, scratch):  # type: ignore[no-untyped-def]
    """Add Uᵀ times the adjoints of a_{t+1}, rows (B, N), to the rows `out`, which hold what else reaches h_t.

    U is packed; the true one is U · 2^U_exponent, and row b stands for its entries times 2^exponents[b].
    """
    inside()
    if U_exponent == 0 and _all(exponents, 0) and _all(out_exponents, 0):
        product(1.0, adjoint, U, 1.0, out)
        return
    if _all(out_exponents, EMPTY):
        product(1.0, adjoint, U, 0.0, out)
        for b in range(out.shape[0]):
            out_exponents[b] = exponents[b] + U_exponent if exponents[b] > EMPTY else EMPTY
        return
    product(1.0, adjoint, U, 0.0, scratch)
    for b in range(out.shape[0]):
        if exponents[b] > EMPTY:
            _add_row(scratch, exponents[b] + U_exponent, out, out_exponents, b)


@kernel
def _all(exponents, value):  # type: ignore[no-untyped-def]
    inside()
    for b in range(exponents.size):
        if exponents[b] != value:
            return False
    return True


@kernel
def _add_row(source, e, out, out_exponents, row):  # type: ignore[no-untyped-def]
    f = out_exponents[row]
    if f == EMPTY:
        for i in range(out.shape[1]):
            out[row, i] = source[row, i]
        out_exponents[row] = e
        return
    top = max(e, f)
    if e < top:
        scale(source, row, e - top)
    if f < top:
        scale(out, row, f - top)
    for i in range(out.shape[1]):
        out[row, i] += source[row, i]
    out_exponents[row] = top


@kernel
def settle(rows, exponents, sizes):  # type: ignore[no-untyped-def]
    """Normalise rows; their squared norms (without the exponents) go into `sizes` (B,)."""
    inside()
    for b in range(rows.shape[0]):
        if exponents[b] == EMPTY:
            sizes[b] = 0.0
            continue
        e, sizes[b] = normalise(rows, b)
        exponents[b] = exponents[b] + e if e > EMPTY else EMPTY
