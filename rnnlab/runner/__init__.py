"""Missing work -> blocks -> rows -> store. Prints nothing: progress goes to a callback, the rest into the summary."""

from rnnlab.runner.computing import BlockResult, Job, compute
from rnnlab.runner.labels import Label, label_of, settings_hash
from rnnlab.runner.running import Summary, run
from rnnlab.runner.signals import Interrupted

__all__ = [
    "BlockResult",
    "Interrupted",
    "Job",
    "Label",
    "Summary",
    "compute",
    "label_of",
    "run",
    "settings_hash",
]
