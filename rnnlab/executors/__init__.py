"""Blocks of work on threads, processes or a cluster: a bounded number in flight, results as they come, never a hang."""

from rnnlab.executors.engines import Engine
from rnnlab.executors.failures import (
    BlockFailed,
    TimedOut,
    TooLarge,
    WorkerLost,
    WorkersCannotStart,
    WorkersDiffer,
)
from rnnlab.executors.flight import Limits, once_if_lost
from rnnlab.executors.opening import EXECUTORS, check, opened
from rnnlab.executors.running import run

__all__ = [
    "EXECUTORS",
    "BlockFailed",
    "Engine",
    "Limits",
    "TimedOut",
    "TooLarge",
    "WorkerLost",
    "WorkersCannotStart",
    "WorkersDiffer",
    "check",
    "once_if_lost",
    "opened",
    "run",
]
