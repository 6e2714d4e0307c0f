"""What theory says of a network before it is run: mean field, its edge of chaos, products of Jacobians, norm bounds.

a_t = U h_{t-1} + W x_t + b with U_ij ~ N(0, σw²/N), or U = σw Q with Q Haar orthogonal; σb² is the variance of what is
added to each unit: of its bias, or of an i.i.d. Gaussian drive W x_t (Molgedey, Schuchhardt, Schuster 1992). Widths are
infinite unless a function takes one. Rates are in nats per step.
"""

from rnnlab.theory.averages import average_square, average_squared_slope
from rnnlab.theory.bounds import STEEPEST_SLOPE, norm_bound, steepest_slope
from rnnlab.theory.critical import edge_of_chaos
from rnnlab.theory.mean_field import chi, depth_scale, fixed_point, iterate, lyapunov
from rnnlab.theory.powers import gaussian_power_exponents, gaussian_power_singular_values
from rnnlab.theory.products import gaussian_product_exponents, isometry_variance

__all__ = [
    "STEEPEST_SLOPE",
    "average_square",
    "average_squared_slope",
    "chi",
    "depth_scale",
    "edge_of_chaos",
    "fixed_point",
    "gaussian_power_exponents",
    "gaussian_power_singular_values",
    "gaussian_product_exponents",
    "isometry_variance",
    "iterate",
    "lyapunov",
    "norm_bound",
    "steepest_slope",
]
