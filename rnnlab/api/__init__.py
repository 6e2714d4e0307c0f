"""What `import rnnlab` offers; whatever is heavy is imported on use."""

from rnnlab.api.available import Available, available
from rnnlab.api.comparing import Reproduction, diff, reproduce
from rnnlab.api.drafting import Drafted, new, path_for, refuse_existing
from rnnlab.api.exporting import Exported, export
from rnnlab.api.listing import Entry, listing
from rnnlab.api.loading import draw, load
from rnnlab.api.measuring import Measurement, measure
from rnnlab.api.own import OwnResults, measure_files
from rnnlab.api.results import Results
from rnnlab.api.running import plan, read, run
from rnnlab.api.tending import compact, gc, repair
from rnnlab.api.verifying import known, said, verify

__all__ = [
    "Available",
    "Drafted",
    "Entry",
    "Exported",
    "Measurement",
    "OwnResults",
    "Reproduction",
    "Results",
    "available",
    "compact",
    "diff",
    "draw",
    "export",
    "gc",
    "known",
    "listing",
    "load",
    "measure",
    "measure_files",
    "new",
    "path_for",
    "plan",
    "read",
    "refuse_existing",
    "repair",
    "reproduce",
    "run",
    "said",
    "verify",
]
