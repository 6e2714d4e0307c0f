"""JSON records that carry their own digest, so that a damaged one is never taken for a whole one."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def seal(record: dict[str, Any]) -> bytes:
    """Return the record as indented JSON, with the sha256 of the rest under `digest`."""
    text = json.dumps({**record, "digest": _digest(record)}, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def unseal(data: bytes) -> dict[str, Any]:
    """Return the record without its digest; raises ValueError where the data is not what was sealed."""
    try:
        record = json.loads(data)
        found = record.pop("digest")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError("it is not a record of rnnlab") from error
    if found != _digest(record) or seal(record) != data:
        raise ValueError("its digest does not fit")
    return record


def _digest(record: dict[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
