"""training: updates of the weights on fresh batches, success, and the gradient along the way.

    V ← V - η dL/dV,        U_{i+1} ← U_i - η dL⁽ⁱ⁾/dU_i,        W likewise

and what optimisers and remedies make of it (parameters of the grid). On a schedule the network as it then is goes
through other measures: growth_rate of gradients, truncation_length of lags, lyapunov_max of lyapunov.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rnnlab.errors import UsageError
from rnnlab.measures.training.cost import work
from rnnlab.measures.training.described import TABLES
from rnnlab.measures.training.settings import Settings, misfits

if TYPE_CHECKING:
    import numpy as np

    from rnnlab.networks import Networks, Training, Trajectory

__all__ = [
    "LEAKY", "NAME", "NEEDS_TASK", "TABLES", "VERSION", "Settings", "advance", "done", "measure", "misfits", "progress",
    "tables", "work",
]  # fmt: skip

NAME = "training"
VERSION = 1
LEAKY = True  # whether it knows leaky units
NEEDS_TASK = "needs a task that draws fresh batches: run an experiment, or train arrays with rnnlab.train"

State = dict[str, "np.ndarray"]


def measure(networks: Networks, trajectory: Trajectory, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the tables of these networks, trained from their draws to the end; null where masked."""
    states: Sequence[State | None] = [None] * networks.shape[0]
    return tables(networks, settings, advance(networks, settings, states, float("inf")))


def advance(networks: Networks, settings: Settings, states: Sequence[State | None], seconds: float) -> list[State]:
    """Train for about so many seconds and return the states, one a network; less where all are done before.

    states: as they were returned, or None for a network that is not trained yet. However few the seconds, every network
    that is not done gets further. The numbers depend neither on where it paused nor on what trains side by side.
    """
    from rnnlab.measures.training.course import Course

    course = Course(networks, _training_of(networks), settings, states)
    course.run(seconds)
    return course.states()


def done(state: State) -> bool:
    """Return whether nothing is left to do for the network of this state."""
    return bool(state["done"])


def progress(state: State) -> float:
    """Return how much of the training is done, from 0 to 1."""
    return 1.0 if done(state) else float(state["share"])


def tables(networks: Networks, settings: Settings, states: Sequence[State]) -> dict[str, dict[str, Any]]:
    """Return the tables of networks that are done, column by column; null where masked."""
    from rnnlab.measures.training.told import by_update, summary

    return {"training": summary(states, _training_of(networks).baseline), "training_by_update": by_update(states)}


def _training_of(networks: Networks) -> Training:
    if networks.training is None:
        raise UsageError(f"the measure {NAME} {NEEDS_TASK}")
    return networks.training
