"""Errors that a user can meet: each names the place, the value and the remedy, and carries its exit code."""

from __future__ import annotations

import difflib
import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar


class RnnlabError(Exception):
    """Base of all errors that rnnlab raises on purpose; `exit_code` is that of the command line."""

    exit_code: ClassVar[int] = 1


class UsageError(RnnlabError):
    """A name, option or array that cannot be used as it is."""

    exit_code = 2


class TrialsFailed(RnnlabError):
    """The run finished, but some trials raised; they are rows of the table `failures`, `results` has the others."""

    exit_code = 3

    def __init__(self, message: str, results: Any = None) -> None:
        super().__init__(message)
        self.results = results


class StoreDamaged(RnnlabError):
    """A published file of the store is not what was written."""

    exit_code = 4


class StoreBusy(RnnlabError):
    """Another run holds the store of this experiment."""

    exit_code = 5


class StoreIOError(RnnlabError):
    """The store cannot be read or written: no space, read-only, no permission."""

    exit_code = 6


class ExecutorLost(RnnlabError):
    """What hands the work to the workers cannot be reached, or is gone: the scheduler of a cluster, a broken pool."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an experiment file: where, and what to do about it."""

    place: str  # "vanish.toml: grid.recurent_scale"
    message: str  # "is unknown. Did you mean recurrent_scale?"

    def __str__(self) -> str:
        return f"{self.place} {self.message}"


class ExperimentError(UsageError):
    """An experiment file that cannot be run, with every problem it has."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ExperimentError], tuple[tuple[Problem, ...]]]:
        return ExperimentError, (self.problems,)


def typed(*words: str, store: str | os.PathLike[str] = "results") -> str:
    """Return the command of rnnlab that helps, as one types it; the store is named where it is not the default."""
    flags = [] if os.fspath(store) == "results" else ["--store", os.fspath(store)]
    return shlex.join(["rnnlab", *words, *flags])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean X?" for the nearest known name, or what there is to choose from, if there is anything."""
    names = sorted(known)
    if not names:
        return ""
    near = difflib.get_close_matches(str(name)[:100], names, n=1)
    return f" Did you mean {near[0]}?" if near else f" Known: {', '.join(names)}."
