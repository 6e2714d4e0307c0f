"""The same statistics by rnnlab, NumPy, PyTorch and JAX: one small file each, all alike.

A peer has `VARIANTS`: name -> prepare(arrays) -> compute; `compute()` is what the clock sees. It returns loss (G,),
log10 norms (G,) of dL/dU .. dL/dh_0 and of the hidden gradients (G,T), as NumPy arrays: norms of the batch-mean loss
for U W V b c, and sqrt(mean_b ‖d l_b/d h‖²) for states. Layout, transfer and compilation happen in `prepare` or in a
first call: they are not timed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Statistics = dict[str, np.ndarray]
Prepare = Callable[[dict[str, np.ndarray]], Callable[[], Statistics]]
NAMES = ("rnnlab", "NumPy", "PyTorch", "JAX")
