"""What every step contributes to the gradient of every later loss."""

from rnnlab.pairs.lags import lag_sweep
from rnnlab.pairs.norms import TermNorms, pairs, term_norms

__all__ = ["TermNorms", "lag_sweep", "pairs", "term_norms"]
