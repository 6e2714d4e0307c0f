"""Published and closed-form results that rnnlab must reproduce: one file a subject, each a list of claims."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from rnnlab.published.result import Finding, Published

SUBJECTS = ("mean_field", "exponents", "linear", "products", "untied", "maps", "baselines")

__all__ = ["Finding", "Published", "results"]


def results(*, quick: bool = False) -> Iterator[Published]:
    """Yield every published result; quick leaves out those that take more than seconds."""
    for subject in SUBJECTS:
        for each in import_module(f"rnnlab.published.{subject}").results():
            if not (quick and each.slow):
                yield each
