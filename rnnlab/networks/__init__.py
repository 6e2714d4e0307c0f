"""Networks of equal shape, their trajectory, and the gradients that flow back along it."""

from rnnlab.networks.backpropagation import (
    Backpropagation,
    adjoint_of_last,
    backpropagate,
    diverged_by_the_end,
    split_adjoint_of_last,
)
from rnnlab.networks.networks import Networks
from rnnlab.networks.segments import Sweep, flow_back, sweep
from rnnlab.networks.sequences import Sequences
from rnnlab.networks.slopes import SlopeStatistics, slope_statistics
from rnnlab.networks.training import Lessons, Training
from rnnlab.networks.trajectory import Trajectory

__all__ = [
    "Backpropagation",
    "Lessons",
    "Networks",
    "Sequences",
    "SlopeStatistics",
    "Sweep",
    "Training",
    "Trajectory",
    "adjoint_of_last",
    "backpropagate",
    "diverged_by_the_end",
    "flow_back",
    "slope_statistics",
    "split_adjoint_of_last",
    "sweep",
]
