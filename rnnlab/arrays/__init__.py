"""Networks that are given as arrays: checked first, then at the speed of the kernels."""

from rnnlab.arrays.given import networks_of
from rnnlab.arrays.gradients import Gradients, gradients
from rnnlab.arrays.lyapunov import lyapunov_exponents
from rnnlab.arrays.statistics import GradientStatistics, gradient_statistics
from rnnlab.arrays.terms import Terms, terms
from rnnlab.arrays.training import Trained, train

__all__ = [
    "GradientStatistics",
    "Gradients",
    "Terms",
    "Trained",
    "gradient_statistics",
    "gradients",
    "lyapunov_exponents",
    "networks_of",
    "terms",
    "train",
]
