"""Tasks: where inputs and targets come from. One file a task: NAME and draw(trial, inputs, targets) -> (x, y)."""

from __future__ import annotations

from types import ModuleType

from rnnlab.tasks import noise

TASKS: dict[str, ModuleType] = {task.NAME: task for task in (noise,)}
