"""What a check of this machine found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, how it stands, and where it does not stand well what to do."""

    name: str
    level: Level
    message: str
    remedy: str = ""


Check: TypeAlias = Callable[[Path], Iterator[Finding]]  # of the store's folder, which need not be there
