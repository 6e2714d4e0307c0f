"""What is there already: an experiment's results, a trial's own arrays."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab import experiment as experiments
from rnnlab import store as stores
from rnnlab.api.own import OwnResults
from rnnlab.api.results import Results
from rnnlab.api.verifying import no_results, refuse_damaged
from rnnlab.errors import StoreDamaged, UsageError, did_you_mean

if TYPE_CHECKING:
    from rnnlab.draws import Problem


def load(name: str, store: str | PathLike[str] = "results", *, verify: bool = False) -> Results:
    """Return the results of the experiment of this name; raises UsageError where the store has none.

    verify: hash every file first, as `rnnlab.verify` does; raises StoreDamaged with every problem where there are any.
    """
    known = stores.names(store)
    if "/" in name or (name.endswith(".toml") and name not in known):
        raise UsageError(f"{name!r:.80} is a path; results go by the name in it.{did_you_mean(Path(name).stem, known)}")
    if verify and name in known:
        refuse_damaged(name, store)
    manifest = stores.read_manifest(stores.layout(store, name))
    if manifest is None:
        raise UsageError(no_results(name, Path(store)))
    if not {"experiment", "measures"} <= manifest.keys():
        raise StoreDamaged(f"{Path(store, name)}: its manifest tells of no experiment. Run the experiment again.")
    kind = OwnResults if "network" in manifest["experiment"] else Results
    return kind(name, Path(store), manifest)


def draw(**values: Any) -> Problem:
    """Return the arrays of the trial with these parameters: U W V b c h0 x y.

    activation, width and length are required; all others have the defaults of an experiment file. The same parameters
    give the same arrays as in any experiment. Raises ExperimentError with everything that is wrong with them.

    >>> problem = draw(activation="tanh", width=4, length=3, seed=0)
    >>> problem.U.shape, problem.x.shape, problem.trial.recurrent_scale
    ((4, 4), (3, 1, 4), 1.0)
    """
    from rnnlab import draws

    return draws.problem(experiments.trial(values, "draw"))
