"""The table of a new experiment: small enough for seconds, with what the user has already chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rnnlab import plugins
from rnnlab.errors import ExperimentError, UsageError
from rnnlab.experiment import overrides
from rnnlab.experiment.model import SCHEMA, Experiment
from rnnlab.experiment.parsing import parse, resolve
from rnnlab.experiment.problems import Problems
from rnnlab.tasks import TASKS

_QUADRATIC = ("terms", "lags", "horizon")  # they look at all pairs of steps
_TRAINED_ON = "temporal_order"  # where training is asked for, and no task
_OF_TRAINING = {"batch": 16, "optimizer": "adam", "learning_rate": 0.01, "clip_norm": 1.0}
_EXPECTED = "Write here what you expect, before you run it."
_FOUND = "Write here what came out."


@dataclass(frozen=True, slots=True)
class Draft:
    """A new experiment: its file's table, what that means, and the three lines of its header."""

    data: dict[str, Any]
    experiment: Experiment
    question: str
    expectation: str = _EXPECTED
    finding: str = _FOUND


def draft(
    name: str, sets: Iterable[str] = (), *, title: str = "", measures: Iterable[str] = (), place: str = "new"
) -> Draft:
    """Return a new experiment of this name, checked; `sets` are KEY=VALUE[,VALUE...] as those of a run.

    What is not chosen depends on task and measures. Raises ExperimentError with all that is wrong, under `place`.
    """
    wanted, chosen = list(measures) or ["gradients"], list(sets)
    task = _task(chosen, wanted, place)
    question = title or _question(task, wanted)
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "name": name,
        "title": question,
        "grid": _grid(task, wanted),
        "measure": {each: {"updates": 400} if each == "training" else {} for each in wanted},
    }
    problems = Problems(place)
    overrides.apply(data, chosen, problems)
    problems.overridden.clear()  # the file will hold them: they are named as they stand there
    return Draft(data, resolve(data, problems), data["title"])


def fits(drafted: Draft, changed: Mapping[str, Any]) -> bool:
    """Tell whether an experiment file stays sound with these tables in place of its own."""
    try:
        parse({**drafted.data, **changed}, "draft")
    except ExperimentError:
        return False
    return True


def _task(chosen: list[str], measures: list[str], place: str) -> str:
    """Return the task that is chosen, where there is one choice of those that there are."""
    data: dict[str, Any] = {"grid": {}}
    overrides.apply(data, [each for each in chosen if each.split("=")[0].strip() == "task"], Problems(place))
    task = data["grid"].get("task", _TRAINED_ON if "training" in measures else "noise")
    if not isinstance(task, str):
        return "noise"
    try:
        return task if task in TASKS else plugins.resolve("task", task, tuple(TASKS))
    except UsageError:  # it is told with all else that is wrong
        return "noise"


def _question(task: str, measures: list[str]) -> str:
    if "training" in measures:
        return f"Which networks learn {task.partition('@')[0].replace('_', ' ')}, and over how many steps?"
    return "Does the gradient vanish or explode as the recurrent weights grow?"


def _grid(task: str, measures: list[str]) -> dict[str, Any]:
    """Return the grid in the order in which it is written, without what has to be as it is for this task."""
    training = "training" in measures
    scales = [0.5, 1.0, 1.5] if training else {"start": 0.5, "stop": 4.0, "num": 9, "spacing": "log"}
    return {
        **({"task": task} if task != "noise" else {}),
        "activation": ["tanh", "relu"],
        "recurrent_scale": scales,
        "length": _lengths(task, measures),
        "width": 16 if training else 32,
        **(_OF_TRAINING if training else {}),
        **({"loss_at": "last"} if task == "noise" else {}),
        "seed": {"range": 4},
    }


def _lengths(task: str, measures: list[str]) -> list[int]:
    try:
        form = TASKS[task].form(0, "")
    except UsageError:  # of arrays, the file's own
        return [50]
    if form.lengths:
        return [min(form.lengths)]
    few = task != "noise" or set(measures) & set(_QUADRATIC)
    first = 10 if "training" in measures else 20 if few else 50  # 10 is learnt in a few hundred updates
    return [max(first, form.shortest), 2 * max(first, form.shortest)]
