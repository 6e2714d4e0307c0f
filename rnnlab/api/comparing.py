"""Compare the results of two experiments, and run one again to see whether it comes out the same."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab import experiment as experiments
from rnnlab import plugins
from rnnlab import store as stores
from rnnlab.api.loading import load
from rnnlab.api.own import OwnResults
from rnnlab.api.results import Results
from rnnlab.api.running import run
from rnnlab.errors import TrialsFailed, UsageError, typed
from rnnlab.trial import parameters

if TYPE_CHECKING:
    import pandas as pd

    from rnnlab.comparison import Changes, Difference, Side, TableVerdict

MOST_SAMPLED = 1_000
_DRAW = 0  # the seed of samples
Source = str | PathLike[str]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What became of a second run.

    trials: compared, `of` so many with results. verdict: identical; equal but for rounding; agrees (a test found no
    difference); too few seeds to tell (no test could have found one); differs: the worst of its tables.
    """

    name: str
    verdict: str
    trials: int
    of: int
    failed: int  #: trials that raised in the second run
    same_environment: bool  #: of all trials that were compared
    test: str | None  #: name of the test, None where nothing had to be tested
    level: float
    tables: tuple[TableVerdict, ...]
    changes: Changes
    folder: Path | None  #: of the second run, None where it was not kept

    @property
    def differs(self) -> bool:
        """Say whether the second run did not reproduce the first."""
        return self.verdict == "differs"


def diff(a: Source, b: Source, *, store: Source = "results", other_store: Source | None = None) -> Difference:
    """Return what distinguishes experiment b from a: parameters, measures, versions, machine, and every number.

    a, b: names in the store (b: in other_store, where it is given), or paths of their folders or manifest.json files.
    Trials are matched by key, rows of long tables by key and coordinates; values are compared bit for bit, under the
    settings and the version that each manifest names. Raises UsageError where there are no such results.
    """
    from rnnlab import comparison

    first, second = _results(a, store), _results(b, store if other_store is None else other_store)
    return comparison.difference(_side(first), _side(second))


def reproduce(
    source: Source,
    *,
    store: Source = "results",
    into: Source | None = None,
    sample: int | None = None,
    level: float = 0.01,
    **running: Any,
) -> Reproduction:
    """Run the manifest of an experiment again, in a store that is thrown away or kept in `into`, and compare.

    source: its name in the store, or the path of its folder or manifest.json. sample: run only so many of its trials,
    drawn at random, the same every time. running: workers, executor, progress and whatever else `run` takes.

    Every table is compared bit for bit. A trial that both runs computed with one environment (versions and kind of
    machine) must be the same in every bit. Of any other, values equal but for rounding (1e-6 of their size; 1e-3 in
    float32) agree, and what is left is put to the test `comparison.TEST` at this level. Raises UsageError where there
    is nothing to compare with.
    """
    first = _results(source, store)
    if isinstance(first, OwnResults):
        first.problem("")  # says why not
    done = _computed(first)
    trials = _sampled(done, sample)
    again = _again(first, trials, sample)
    _check_level(level)
    with nullcontext(into) if into is not None else tempfile.TemporaryDirectory(prefix="rnnlab-") as folder:
        _check_apart(first, Path(folder))
        second = _run(again, store=folder, **running)
        return _reproduction(first, second, trials, len(done), level, None if into is None else Path(into, again.name))


def _run(again: experiments.Experiment, **running: Any) -> Results:
    """Return the results of the second run, whether or not some of its trials failed."""
    try:
        return run(again, **running)
    except TrialsFailed as error:
        return error.results


def _reproduction(
    first: Results, second: Results, trials: pd.DataFrame, of: int, level: float, kept: Path | None
) -> Reproduction:
    from rnnlab import comparison

    a, b = _side(first), _side(second)
    tables = comparison.judged(a, b, list(trials["key"]), level)
    tested = any(column.p is not None for table in tables for column in table.columns)
    return Reproduction(
        name=first.name,
        verdict=comparison.worst(table.verdict for table in tables),
        trials=len(trials),
        of=of,
        failed=second.summary.failed if second.summary else 0,
        same_environment=all(table.same == table.rows for table in tables),
        test=comparison.TEST if tested else None,
        level=level,
        tables=tables,
        changes=replace(comparison.changes(first.manifest, second.manifest), parameters=()),  # a sample has its own
        folder=kept,
    )


def _results(source: Source, store: Source) -> Results:
    """Return the results that are meant: by name, else by the path of their folder or manifest."""
    path = Path(source)
    bare = path.name == str(source)
    folder = path.parent if path.name == "manifest.json" else path
    if not (bare and path.name in stores.names(store)) and _has_manifest(folder):
        folder = folder.resolve()
        return load(folder.name, folder.parent)
    if bare and path.name != "manifest.json":
        return load(path.name, store)
    raise UsageError(
        f"{str(source)!r:.200}: there is no manifest.json. Name such a folder, or an experiment of the store, as in: "
        f"{typed('ls', store=store)}"
    )


def _has_manifest(folder: Path) -> bool:
    try:
        return (folder / "manifest.json").is_file()
    except (OSError, ValueError):  # too long for a name, or with a NUL in it
        return False


def _side(results: Results) -> Side:
    from rnnlab import comparison

    names = ["key", *(parameter.column.name for parameter in parameters().values())]
    trials = results.statistics(results.measured[0])[names]
    return comparison.Side(stores.layout(results.store, results.name), results.manifest, trials)


def _computed(results: Results) -> pd.DataFrame:
    """Return the trials that have results, in grid order."""
    trials = results.statistics(results.measured[0])
    trials = trials[trials["status"].notna()].reset_index(drop=True)
    if trials.empty:
        first = typed("run", results.name, store=results.store)
        raise UsageError(f"{results.name} has no results yet that could be compared. Run it first: {first}")
    return trials


def _sampled(trials: pd.DataFrame, sample: int | None) -> pd.DataFrame:
    """Return so many of the trials, in grid order."""
    import numpy as np

    if sample is None or sample >= len(trials):
        return trials
    if not 1 <= sample <= MOST_SAMPLED:
        raise UsageError(f"a sample has 1 to {MOST_SAMPLED:,} trials, not {sample:,}; without one all are run.")
    chosen = np.random.default_rng(_DRAW).choice(len(trials), sample, replace=False)
    return trials.iloc[np.sort(chosen)].reset_index(drop=True)


def _again(results: Results, trials: pd.DataFrame, sample: int | None) -> experiments.Experiment:
    """Return the experiment of the manifest; with a sample, a grid of each of these trials."""
    described = results.manifest["experiment"]
    plugins.require(results.manifest.get("plugins"))
    if sample is not None:
        grids = [{p.name: row[p.column.name] for p in parameters().values()} for row in trials.to_dict("records")]
        described = {**{key: value for key, value in described.items() if key != "zip"}, "grid": grids}
    return experiments.parse(described, f"{results.store / results.name / 'manifest.json'}: experiment")


def _check_apart(results: Results, into: Path) -> None:
    if into.resolve() == results.store.resolve():
        raise UsageError(
            f"--into {into} is the store of {results.name} itself: nothing would be run. Name another folder."
        )


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise UsageError(f"level = {level}: it is the share of false alarms, between 0 and 1, as 0.01.")
