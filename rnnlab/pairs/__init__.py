"""What every step contributes to the gradient of every later loss."""

from rnnlab.pairs.norms import TermNorms, pairs, term_norms

__all__ = ["TermNorms", "pairs", "term_norms"]
