"""Tasks: where inputs and targets come from. One file a task: NAME, inputs() and targets() piece by piece, draw()."""

from __future__ import annotations

from types import ModuleType

from rnnlab.tasks import noise

TASKS: dict[str, ModuleType] = {task.NAME: task for task in (noise,)}
