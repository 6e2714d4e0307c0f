"""The measures that somebody wants of networks of one shape, outside any file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from rnnlab import measures
from rnnlab.errors import UsageError
from rnnlab.experiment.problems import Problems, show
from rnnlab.experiment.settings import check_sizes, measures_of


def wanted(asked: Any, sizes: Mapping[str, int], place: str) -> dict[str, BaseModel]:
    """Return the settings of measures by name; `asked` is names, or settings by name.

    sizes: width, length, batch, inputs and outputs of the networks, which the settings must fit. Raises
    ExperimentError with all that is wrong, under `place`.
    """
    problems = Problems(place)
    settings = measures_of(_by_name(asked), problems)
    for name in settings:
        if lacks := getattr(measures.registry()[name], "NEEDS_TASK", None):
            problems.add(f"measure.{name}", f"{lacks}.")
    check_sizes(settings, sizes, problems)
    problems.raise_any()
    return settings


def _by_name(asked: Any) -> Mapping[str, Any]:
    if isinstance(asked, str):
        return {asked: {}}
    if isinstance(asked, Mapping):
        return asked
    if isinstance(asked, Iterable):
        return {str(name): {} for name in asked}
    raise UsageError(f"measures is {show(asked)}: give names, or a dict of name to settings")
