"""What of a measure is not defined is null in its tables, and the status says why."""

from __future__ import annotations

from typing import Any

from rnnlab.columns import Column

STATUS = (
    Column("status", "string", "ok, or diverged: some state or output is not finite"),
    Column("diverged_at", "int64", "first step, over all sequences, with a state or output that is not finite"),
)


def status(diverged: Any) -> dict[str, Any]:
    """Return the columns of STATUS, given the first step that is not finite, (G,), 0 where there is none."""
    import numpy as np

    lost = diverged > 0
    return {
        "status": np.where(lost, "diverged", "ok").astype(object),
        "diverged_at": nullable(diverged.copy(), ~lost),
    }


def nullable(values: Any, missing: Any) -> Any:
    """Return the values, masked where they are missing: null in the table, which nan is not."""
    import numpy as np

    return np.ma.masked_array(values, missing | np.ma.getmaskarray(values)) if np.any(missing) else values
