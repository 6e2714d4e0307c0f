"""Missing work -> blocks -> rows -> store. Prints nothing: progress goes to a callback, the rest into the summary."""

from rnnlab.runner.collecting import Collected, collect
from rnnlab.runner.computing import BlockResult, arrow, compute, measured
from rnnlab.runner.jobs import Job, Paused
from rnnlab.runner.labels import Label, label_of, settings_hash
from rnnlab.runner.means import Options
from rnnlab.runner.own import OwnNetwork, own_key, own_parameters, run_own
from rnnlab.runner.planning import Plan, plan
from rnnlab.runner.repairing import Repaired, set_damage_aside
from rnnlab.runner.running import Summary, run
from rnnlab.runner.signals import Interrupted
from rnnlab.runner.tending import Compacted, compact

__all__ = [
    "BlockResult",
    "Collected",
    "Compacted",
    "Interrupted",
    "Job",
    "Label",
    "Options",
    "OwnNetwork",
    "Paused",
    "Plan",
    "Repaired",
    "Summary",
    "arrow",
    "collect",
    "compact",
    "compute",
    "label_of",
    "measured",
    "own_key",
    "own_parameters",
    "plan",
    "run",
    "run_own",
    "set_damage_aside",
    "settings_hash",
]
