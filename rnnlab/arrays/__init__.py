"""Networks that are given as arrays: checked first, then at the speed of the kernels."""

from rnnlab.arrays.given import networks_of
from rnnlab.arrays.gradients import Gradients, gradients
from rnnlab.arrays.statistics import GradientStatistics, gradient_statistics

__all__ = ["GradientStatistics", "Gradients", "gradient_statistics", "gradients", "networks_of"]
