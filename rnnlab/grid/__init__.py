"""From an experiment to its trials, and from trials to blocks of equal shape."""

from rnnlab.grid.combining import MAX_TRIALS, check, count, notes, trials
from rnnlab.grid.dividing import MAX_BLOCK, SHAPE, Block, block_size, blocks
from rnnlab.grid.varying import axes

__all__ = [
    "MAX_BLOCK",
    "MAX_TRIALS",
    "SHAPE",
    "Block",
    "axes",
    "block_size",
    "blocks",
    "check",
    "count",
    "notes",
    "trials",
]
