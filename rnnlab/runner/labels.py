"""The label under which a measure's rows are published: its settings and its version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnnlab import measures
from rnnlab.experiment import Experiment


@dataclass(frozen=True, slots=True)
class Label:
    """A trial is done for a measure when a row with its key and this label is published."""

    settings: str
    version: int


def settings_hash(settings: Mapping[str, Any]) -> str:
    """Return 8 digits of the sha256 of the canonical JSON of resolved settings."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def label_of(measure: str, settings: Mapping[str, Any]) -> Label:
    """Return the label of a measure with these resolved settings; that of a package's is of the package as well."""
    module = measures.registry()[measure]
    whose = {"@package": module.package} if measures.is_own(measure) else {}
    return Label(settings_hash({**settings, **whose}), module.VERSION)


def settings_of(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return the resolved settings of the experiment's measures, as JSON can hold them."""
    return {name: settings.model_dump(mode="json") for name, settings in experiment.measures.items()}


def labels_of(experiment: Experiment) -> dict[str, Label]:
    """Return the label of every measure of the experiment."""
    return {name: label_of(name, settings) for name, settings in settings_of(experiment).items()}
