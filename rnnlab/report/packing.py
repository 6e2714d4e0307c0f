"""Arrays in few bytes: like bytes beside one another, gzip, base64. `data.js` unpacks them."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MANTISSA = 24  # bits that a float keeps: 7 decimal digits, over the whole range of float64
_LOST = 53 - MANTISSA
_FITS_FLOAT32 = (1e-30, 1e30)  # magnitudes


@dataclass
class Packer:
    """Appends arrays to one run of bytes, and says where each of them stands."""

    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, array: np.ndarray) -> dict[str, Any]:
        """Append the array; return what unpacks it: {"at", "type", "n"}, `type` being NumPy's name, as in "uint16"."""
        array = np.ascontiguousarray(array)
        data = array.view(np.uint8).reshape(len(array), array.itemsize).T.tobytes() if len(array) else b""
        place = {"at": self.size, "type": array.dtype.name, "n": len(array)}
        self.parts.append(data)
        self.size += len(data)
        return place

    def packed(self) -> str:
        """Return all of it as text."""
        return pack(b"".join(self.parts))


def pack(data: bytes) -> str:
    """Return the bytes compressed, as text: the same bytes give the same text."""
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode("ascii")


def rounded(values: np.ndarray) -> np.ndarray:
    """Return floats with 24 bits of mantissa, which compress; infinities, nan and magnitudes are kept."""
    bits = values.astype(np.float64).view(np.uint64)
    near = ((bits + np.uint64(1 << (_LOST - 1))) & ~np.uint64((1 << _LOST) - 1)).view(np.float64)
    return np.where(np.isfinite(values) & np.isfinite(near), near, values)


def compact(values: np.ndarray) -> np.ndarray:
    """Return floats as float32 where that holds all of them to 24 bits, else `rounded`."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    fits = not len(sizes) or (sizes.min() > _FITS_FLOAT32[0] and sizes.max() < _FITS_FLOAT32[1])
    return values.astype(np.float32) if fits else rounded(values)


def codes(places: Iterable[int], count: int) -> np.ndarray:
    """Return numbers 0..count in as few bytes as hold them."""
    dtype = np.uint8 if count < 2**8 else np.uint16 if count < 2**16 else np.uint32
    return places.astype(dtype) if isinstance(places, np.ndarray) else np.fromiter(places, dtype)
