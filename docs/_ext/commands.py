"""The page of commands without a paragraph for each environment variable: one rule says what they are called."""

from __future__ import annotations

from typing import Any

_VARIABLES = "sphinx-click-process-envars"  # as sphinx-click calls it when it asks


def setup(app: Any) -> dict[str, bool]:
    """Leave out what sphinx-click says of environment variables."""
    app.add_event(_VARIABLES)
    app.connect(_VARIABLES, lambda _app, _ctx, lines: lines.clear())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
