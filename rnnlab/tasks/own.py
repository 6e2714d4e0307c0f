"""A task of a package: held to the contract when it is loaded, and every draw of it to its shapes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.errors import UsageError
from rnnlab.plugins import Entry, Refused, find
from rnnlab.tasks.contract import Form
from rnnlab.trial import Trial, parameters, trial_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = ("FORM_OF", "DRAWN_BY", "SUCCESS", "TOLERANCE")
_CALLS = ("form", "draw", "baseline", "scored")
_GENERATORS = 2


class OwnTask:
    """A task like those of this folder, whose every answer is looked at before anybody relies on it."""

    def __init__(self, entry: Entry) -> None:
        self._entry, self._task = entry, entry.load()
        lacking = [name for name in (*_WORDS, *_CALLS) if not hasattr(self._task, name)]
        if lacking:
            raise self._error(f"has no {', '.join(lacking)}: docs/how-to/own-package.md says what a task has")
        self.NAME = entry.full
        self.FORM_OF: tuple[str, ...] = tuple(self._task.FORM_OF)
        self.DRAWN_BY: tuple[str, ...] = tuple(self._task.DRAWN_BY)
        self.SUCCESS: Mapping[str, tuple[str, float]] = self._task.SUCCESS
        self.TOLERANCE = float(self._task.TOLERANCE)
        if not set(self.FORM_OF) <= {"length"}:
            raise self._error(f"has FORM_OF = {self.FORM_OF}: its form may depend on length alone")
        strange = [name for name in self.DRAWN_BY if name not in parameters()]
        if strange or "seed" not in self.DRAWN_BY:
            raise self._error(f"has DRAWN_BY = {self.DRAWN_BY}: it names parameters of a trial, seed among them")
        self._try()

    def form(self, length: int, data: str) -> Form:
        """Return what a trial of this length may look like."""
        form = self._task.form(length, data)
        if not isinstance(form, Form):
            raise self._error(f"has a form() that returns {type(form).__name__}: it must be an rnnlab.Form")
        lacking = [loss for loss in form.losses if loss not in self.SUCCESS]
        if lacking:
            raise self._error(f"has no SUCCESS for the loss {lacking[0]}")
        return form

    def draw(
        self, trial: Trial, first: np.random.Generator, second: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return x (T, B, D) and y (T, B, O), or classes (T, B); raises UsageError for any other."""
        x, y = (np.asarray(each) for each in self._task.draw(trial, first, second))
        t, classes = trial, trial.loss == "cross_entropy"
        self._check("x", x, (t.length, t.batch, t.inputs), "f")
        steps = (t.length, t.batch)
        self._check("y", y, steps if classes else (*steps, t.outputs), "iu" if classes else "f")
        if classes and not ((y >= 0) & (y < t.outputs)).all():
            raise self._error(f"has classes {y.min()} to {y.max()} for {t.outputs} outputs: they are 0..outputs-1")
        return x, y

    def baseline(self, trial: Trial) -> float:
        """Return the loss of the best predictor that sees nothing but the time step and the input of that step."""
        found = float(self._task.baseline(trial))
        if not 0.0 <= found < np.inf:
            raise self._error(f"has a baseline of {found}: it must be a finite number, 0 or more")
        return found

    def scored(self, trial: Trial) -> int:
        """Return the trailing steps at which answers are counted."""
        found = int(self._task.scored(trial))
        if not 1 <= found <= trial.length:
            raise self._error(f"has {found} scored steps of {trial.length}: at least 1, at most all")
        return found

    def __getattr__(self, name: str) -> Any:
        if name == "INPUT_VARIANCE":  # of tasks that know it
            return getattr(self._task, name)
        raise AttributeError(name)

    def _check(self, name: str, array: np.ndarray, shape: tuple[int, ...], kinds: str) -> None:
        if array.shape != shape or array.dtype.kind not in kinds:
            wanted = "integers" if kinds == "iu" else "floats"
            raise self._error(f"draws {name} {array.dtype}{array.shape}: it must be {wanted} {shape}")
        if not np.isfinite(array).all():
            raise self._error(f"draws {name} with numbers that are not finite")

    def _try(self) -> None:
        """Draw one small trial twice, so that what is wrong is told before anything runs."""
        form = self.form(2, "")
        length = form.lengths[0] if form.lengths else max(2, form.shortest)
        form = self.form(length, "")
        for loss in form.losses:
            own = {"task": self.NAME, "loss": loss, "loss_at": form.loss_at[0], "length": length, "batch": 2}
            sizes = {"width": 3, "inputs": form.inputs or 3, "outputs": form.outputs or 3}
            trial = trial_of({"activation": "tanh", **own, **sizes})
            draws = [self.draw(trial, *map(np.random.default_rng, range(_GENERATORS))) for _ in range(2)]
            if not all(np.array_equal(one, other) for one, other in zip(*draws, strict=True)):
                raise self._error("draws other numbers from the same generators: use no randomness but theirs")
            self.baseline(trial)
            self.scored(trial)

    def _error(self, why: str) -> UsageError:
        return UsageError(f"{self._entry.words} {why}.")


@cache
def own_task(name: str) -> OwnTask:
    """Return the task of this full name; raises UsageError where it is not installed, or cannot be used."""
    try:
        entry = find("task", name, ())
    except Refused as error:
        raise UsageError(f"the task {error}") from None
    return OwnTask(entry)
