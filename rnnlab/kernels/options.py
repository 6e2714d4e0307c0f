"""Every Numba option: all in this one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, is_jitted
from numba.np import arrayobj

from rnnlab.kernels.folder import cache_folder
from rnnlab.kernels.linking import keep_apart

# No flag here lets the compiler assume that nan or inf do not occur; `reassoc` stays out of the forward pass.
_EXACT = {"contract", "nsz"}
_REDUCTION = {"contract", "nsz", "reassoc", "arcp"}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a loop whose operations keep their order."""
    return _compiled(function, _EXACT)


def reduction(function: Callable[..., Any]) -> Any:
    """Compile a loop whose sums may be reordered, so that they vectorise."""
    return _compiled(function, _REDUCTION)


def c_function(value: Callable[[float], float], slope: Callable[[float], float], dtype: Any) -> Any:
    """Compile phi and phi' of scalars to void(T *a, T *h, int64 n), which does h = phi(a), a = phi'(a).

    Its `address` is good as long as what is returned is held, in this process alone. Numba raises what it has against
    functions that it cannot compile.
    """
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": _EXACT}
    phi, gain = (each if is_jitted(each) else numba.njit(nogil=True, **options)(each) for each in (value, slope))

    def loop(a, h, n):  # type: ignore[no-untyped-def]
        before, after = carray(a, n), carray(h, n)
        for i in range(n):
            x = before[i]
            after[i] = phi(x)
            before[i] = gain(x)

    entries = types.CPointer(numba.from_dtype(dtype))
    return numba.cfunc(types.void(entries, entries, types.int64), **options)(loop)


def _compiled(function: Callable[..., Any], fastmath: set[str]) -> Any:
    keep_apart(function.__qualname__)
    # Python's error model puts a test into every division, which prevents vectorisation.
    options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath, "no_cfunc_wrapper": True}
    if function.__name__.startswith("_"):  # only kernels call it: no way in from Python, nothing to load
        return numba.njit(no_cpython_wrapper=True, **options)(function)
    folder = cache_folder()
    kept = None if folder is None else _kept(function, options, str(folder))
    return kept or numba.njit(**options)(function)


def _kept(function: Callable[..., Any], options: dict[str, Any], folder: str) -> Any:
    """Decorate a kernel that is kept in the folder; None where Numba cannot write there and would go elsewhere."""
    # The locator reads CACHE_DIR when a function is decorated, so that other users of Numba keep their own folder.
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, folder
    try:
        kept = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere at all
        return None
    finally:
        numba.config.CACHE_DIR = before
    return kept if kept.stats.cache_path.startswith(folder) else None


@intrinsic
def inside(_context: Any) -> Any:
    """Copy the kernel that calls this into its callers: for small steps of a loop over time."""

    def generate(context: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        builder.function.attributes.add("alwaysinline")
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def apart(_context: Any) -> Any:
    """Keep the kernel that calls this out of its callers: what is copied everywhere is compiled everywhere."""

    def generate(context: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def borrowed(_context: Any, array: Any) -> Any:
    """Return the array without an owner: views of it count no references, which would be half the time of a small step.

    Whoever called into compiled code holds the array, and outlives the call.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        view.parent = cgutils.get_null_value(view.parent.type)
        return view._getvalue()

    return array(array), generate


@intrinsic
def call(_context: Any, address: Any, a: Any, h: Any) -> Any:
    """Call the C function void(T *a, T *h, int64 n) at an address, with the n entries of two arrays."""
    if a.layout != "C" or h != a:
        raise TypingError(f"a function of two like arrays in the order C, not {a} and {h}")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first, second = (context.make_array(signature.args[i])(context, builder, args[i]) for i in (1, 2))
        kind = ir.FunctionType(ir.VoidType(), [first.data.type, second.data.type, first.nitems.type])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [first.data, second.data, first.nitems])
        return context.get_dummy_value()

    return types.void(types.int64, a, h), generate


@intrinsic
def flat(_context: Any, array: Any) -> Any:
    """Return the entries of a C-ordered array in one dimension, as `borrowed`; reshape(-1) is a call into C.

    An array of another order would be read in a wrong one: it is not even compiled.
    """
    if array.layout != "C":
        raise TypingError(f"the entries of an array in the order {array.layout}, not C")
    line = types.Array(array.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source = context.make_array(signature.args[0])(context, builder, args[0])
        target = context.make_array(signature.return_type)(context, builder)
        arrayobj.populate_array(
            target, data=source.data, shape=[source.nitems], strides=[source.itemsize], itemsize=source.itemsize,
            meminfo=None, parent=None,
        )  # fmt: skip
        return target._getvalue()

    return line(array), generate
