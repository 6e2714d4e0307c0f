"""Arrays that a worker uses again."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from rnnlab.kernels.tile import VECTOR_BYTES

KEPT_BYTES = 2**26  # beyond this, fresh pages cost little beside the work, and keeping them costs others


class Workspace(threading.local):
    """Arrays that a worker uses again: fresh pages for every network would cost as much as its products."""

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Return an array of this shape with any content, valid until the next call with the same name."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size > KEPT_BYTES:
            return np.empty(shape, dtype)
        held = self._arrays.get(name)
        if held is None or held.nbytes < size:
            room = np.empty(size + VECTOR_BYTES, np.uint8)
            held = self._arrays[name] = room[-room.ctypes.data % VECTOR_BYTES :]
        return held[:size].view(dtype).reshape(shape)


workspace = Workspace()
