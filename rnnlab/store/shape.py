"""What a manifest looks like: a record can be whole, its digest right, and still be none that rnnlab wrote."""

from __future__ import annotations

from typing import Any

# A type, several of them, [what each item is], {name: what stands there}; "name?" may be absent, "*" is any name.
_FILE = {"path": str, "sha256": str, "rows": int, "bytes": int}
_COUNTS = {"trials": int, "new": int, "done": int, "failed": int, "diverged": int}
_NETWORK = {"files": {"*": {"file": str, "sha256": str}}, "activation": object, "loss": object, "loss_at": object}
_MANIFEST = {
    "experiment?": {"title?": str, "network?": _NETWORK},
    "measures?": {"*": {"settings": str, "version": int}},
    "environments?": dict,
    "files?": [_FILE],
    "started?": str,
    "finished?": (str, type(None)),
    "summary?": (_COUNTS, type(None)),
}


def misfit(record: dict[str, Any]) -> str | None:
    """Return the name of an entry that is not what a manifest has under it, None where all are."""
    names = (name.removesuffix("?") for name in _MANIFEST)
    return next((name for name in names if name in record and not _fits(record[name], _MANIFEST[f"{name}?"])), None)


def _fits(value: Any, shape: Any) -> bool:
    if isinstance(shape, tuple):
        return any(_fits(value, each) for each in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(each, shape[0]) for each in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(_stands(value, name, each) for name, each in shape.items())
    return shape is object or type(value) is shape


def _stands(value: dict[str, Any], name: str, shape: Any) -> bool:
    if name == "*":
        return all(_fits(each, shape) for each in value.values())
    plain = name.removesuffix("?")
    return _fits(value[plain], shape) if plain in value else name.endswith("?")
