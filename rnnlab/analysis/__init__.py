"""What the tables say: summaries, verdicts and turning points. Results or a DataFrame in, DataFrame out.

The frames are those of `Results.trials`: one row per trial, parameters and statistics as columns. Means and intervals
are over seeds. A seed without a growth rate (its gradient is exactly zero, or it diverged) is left out of the means
and counted in the shares.
"""

from rnnlab.analysis.choosing import (
    PARAMETERS,
    apart,
    as_printed,
    axes,
    companion,
    densest,
    in_order,
    main_axis,
    other_axes,
    pick,
    spaced,
    zipped,
)
from rnnlab.analysis.curves import checked_axis
from rnnlab.analysis.main_columns import main_columns
from rnnlab.analysis.planes import Plane, plane
from rnnlab.analysis.successes import success_rates, wilson
from rnnlab.analysis.summarising import summary
from rnnlab.analysis.survival import survival
from rnnlab.analysis.tally import verdicts
from rnnlab.analysis.tuning import tuned
from rnnlab.analysis.turning import can_turn, seed_turning_points, turning_points
from rnnlab.analysis.wording import can_be_off, in_lines, in_words, worth_telling

__all__ = [
    "PARAMETERS",
    "Plane",
    "apart",
    "as_printed",
    "axes",
    "can_be_off",
    "can_turn",
    "checked_axis",
    "companion",
    "densest",
    "in_lines",
    "in_order",
    "in_words",
    "main_axis",
    "main_columns",
    "other_axes",
    "pick",
    "plane",
    "seed_turning_points",
    "spaced",
    "success_rates",
    "summary",
    "survival",
    "tuned",
    "turning_points",
    "verdicts",
    "wilson",
    "worth_telling",
    "zipped",
]
