"""Blocks of work on threads or processes: a bounded number in flight, results as they come, and never a hang."""

from rnnlab.executors.failures import BlockFailed, WorkerLost, WorkersCannotStart
from rnnlab.executors.running import EXECUTORS, check, run

__all__ = ["EXECUTORS", "BlockFailed", "WorkerLost", "WorkersCannotStart", "check", "run"]
