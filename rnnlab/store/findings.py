"""What `verify` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["manifest", "journal", "environment", "damaged", "gone", "unlisted", "rows", "twice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an experiment's files, and the trials that it costs.

    kind: `manifest`, `journal` and `environment` of those records; `damaged`, a file of a table is not what was
    written; `gone`, it is not there; `unlisted`, the manifest does not know it; `rows`, its rows do not belong
    together; `twice`, the same trials stand in two files with different results.
    """

    kind: Kind
    files: tuple[str, ...]  #: in the folder of the experiment
    message: str
    keys: tuple[str, ...] = ()

    @property
    def table(self) -> str | None:
        """The table that it is of."""
        first, _, rest = self.files[0].partition("/") if self.files else ("", "", "")
        return first if rest and not first.startswith(".") else None


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found in the folder of one experiment: problems, and notes of what is harmless."""

    name: str
    files: int  #: that were hashed
    bytes: int
    trials: int  #: that have results
    problems: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
