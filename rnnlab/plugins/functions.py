"""Activations by name, rnnlab's own and those of packages: what kernels call them by, and what is known of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rnnlab.errors import UsageError
from rnnlab.kernels.activation_table import BOUNDED, CODES, LARGEST_SLOPE
from rnnlab.plugins.activation import Activation
from rnnlab.plugins.entries import Entry, Refused, Unknown, find

if TYPE_CHECKING:
    import numpy as np

_lock = threading.RLock()
_loaded: dict[str, tuple[Activation, dict[str, Any]]] = {}  # by full name, and compiled by dtype: held for good


def activation_named(name: Any, said: str = "activation ") -> str:
    """Return the name that numbers have an activation under: its own, or the full one of a package's.

    Raises UsageError where there is none, or where it cannot be used; `said` stands before its name there.
    """
    if isinstance(name, str) and name in CODES:
        return name
    entry = _found(name, said)
    _own(entry.full)
    return entry.full


def code_of(name: str, dtype: np.dtype[Any]) -> int:
    """Return the kernels' code of an activation: of a package's, an address in this process, never to be kept."""
    if name in CODES:
        return CODES[name]
    return int(_own(name)[1][dtype.name].address)


def apply(name: str, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return phi(a) and phi'(a) of an array of any shape, as the kernels compute them."""
    import numpy as np

    from rnnlab.kernels.activations import activate

    slope = np.array(a, order="C")
    value = np.empty_like(slope)
    activate(code_of(name, slope.dtype), slope.reshape(-1), value.reshape(-1))
    return value, slope


def largest_slope(name: str) -> float:
    """Return the largest |phi'| of an activation."""
    return LARGEST_SLOPE[name] if name in CODES else float(_own(name)[0].largest_slope)


def is_bounded(name: str) -> bool:
    """Say whether phi is bounded."""
    return name in BOUNDED if name in CODES else bool(_own(name)[0].bounded)


def _own(name: str) -> tuple[Activation, dict[str, Any]]:
    """Return the activation of this full name and its C functions by dtype, checked when it is first asked for."""
    with _lock:
        if name not in _loaded:
            from rnnlab.plugins.checking import checked

            _loaded[name] = checked(_found(name, "activation "))
        return _loaded[name]


def _found(name: Any, said: str) -> Entry:
    try:
        return find("activation", str(name), CODES)
    except Unknown as error:
        raise UsageError(f"{said}{name!r} {error}") from None
    except Refused as error:
        raise UsageError(f"activation {error}") from None
