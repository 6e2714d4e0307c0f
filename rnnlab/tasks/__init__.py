"""Tasks: where inputs and targets come from. One file a task, as `contract.Task` says, imported when it is wanted.

Those of installed packages go by their full name, `name@package-version`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import cast, get_args

from rnnlab.plugins import is_full
from rnnlab.tasks.contract import Form, Task
from rnnlab.trial import parameters


class _Registry(Mapping[str, Task]):
    """Tasks by name; to list the names imports nothing, and lists rnnlab's own alone."""

    def __getitem__(self, name: str) -> Task:
        if is_full(name):
            from rnnlab.tasks.own import own_task

            return own_task(name)
        if name not in list(self):
            raise KeyError(name)
        return cast(Task, import_module(f"rnnlab.tasks.{name}"))

    def __iter__(self) -> Iterator[str]:
        return iter(get_args(parameters()["task"].type))

    def __len__(self) -> int:
        return len(get_args(parameters()["task"].type))


TASKS: Mapping[str, Task] = _Registry()

__all__ = ["TASKS", "Form", "Task"]
