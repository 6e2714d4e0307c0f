"""What every step contributes to the gradient of every later loss."""

from rnnlab.pairs.lags import LagStatistics, lag_sweep
from rnnlab.pairs.launching import launched
from rnnlab.pairs.norms import TermNorms, log10_sum, pairs, term_norms

__all__ = ["LagStatistics", "TermNorms", "lag_sweep", "launched", "log10_sum", "pairs", "term_norms"]
