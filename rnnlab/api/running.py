"""Run an experiment, or say what a run would do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rnnlab import experiment as experiments
from rnnlab import grid as grids
from rnnlab import places
from rnnlab import store as stores
from rnnlab.api.results import Results
from rnnlab.api.showing import progress_of
from rnnlab.errors import StoreDamaged, TrialsFailed, UsageError, typed

if TYPE_CHECKING:
    from rnnlab.experiment import Experiment
    from rnnlab.runner import Plan, Summary

Source: TypeAlias = "str | PathLike[str] | Mapping[str, Any] | Experiment"


def run(
    experiment: Source,
    *,
    store: str | PathLike[str] = "results",
    sets: Iterable[str] = (),
    workers: int | None = None,
    executor: str | Executor = "threads",
    scheduler: str | None = None,
    retries: int = 0,
    timeout: float | None = None,
    fail_fast: bool = False,
    max_failures: int | None = None,
    wait: bool | float = False,
    progress: Callable[[float, int], None] | bool | None = None,
    interrupted: Callable[[], None] | None = None,
    max_trials: int = grids.MAX_TRIALS,
) -> Results:
    """Compute what the store has not got of an experiment, and return its results.

    experiment: path of a TOML file or a manifest.json, a bare name, or what such a file holds. sets: overrides of the
    grid, KEY=VALUE[,VALUE...]. executor: threads, processes or dask, of which `workers` (default: one a core) compute,
    or any concurrent.futures.Executor, which is used and not shut down. scheduler: address of a Dask cluster that runs.
    wait: for another run of the same experiment. progress: called with the trials done (a fraction is of trials that
    are paused), and of how many; None shows a bar in a notebook and nothing elsewhere, True shows it everywhere, False
    nowhere. interrupted: called at the first Ctrl-C or SIGTERM, while what runs is brought to its
    end or its next pause.

    retries: how often a single trial that raised, took too long or lost its worker is tried again before it counts as
    failed; one whose worker died gets a second attempt in any case. timeout: seconds that a trial may take, with
    processes and dask; a block of n trials may take n times that, and one that pauses so much each time. max_failures:
    stop when more trials than that have failed; fail_fast: after the first, as max_failures=0.

    Raises ExperimentError, UsageError (more than max_trials), StoreBusy, StoreIOError, ExecutorLost; TrialsFailed where
    trials raised: all others are in the store then, but for those that a run which stopped early left, and in the
    exception's `results`.
    """
    from rnnlab import runner

    options = runner.Options(retries, timeout, 0 if fail_fast else max_failures)
    executor = "dask" if scheduler is not None and executor == "threads" else executor
    described = read(experiment, sets=sets, store=store)
    grids.check(described, max_trials)
    _refuse_own_network(described.name, store)
    summary = runner.run(
        described, store=store, workers=workers, executor=executor, scheduler=scheduler, options=options, wait=wait,
        progress=progress_of(progress), interrupted=interrupted,
    )  # fmt: skip
    summary = replace(summary, notes=(*grids.notes(described), *summary.notes))
    manifest = stores.read_manifest(stores.layout(store, described.name)) or {}
    results = Results(described.name, Path(store), manifest, summary)
    if summary.failed:
        raise TrialsFailed(_failure(results, summary), results)
    return results


def plan(
    experiment: Source,
    *,
    store: str | PathLike[str] = "results",
    sets: Iterable[str] = (),
    workers: int | None = None,
    executor: str = "threads",
    max_trials: int = grids.MAX_TRIALS,
) -> Plan:
    """Return what `run` would do with the same arguments, why, and what it would cost; runs and writes nothing."""
    from rnnlab import runner

    described = read(experiment, sets=sets, store=store)
    grids.check(described, max_trials)
    return runner.plan(described, store=store, workers=workers, executor=executor)


def read(source: Source, *, sets: Iterable[str] = (), store: str | PathLike[str] = "results") -> Experiment:
    """Return the experiment that is meant: by a path, a bare name (of a file, else of the store), or itself.

    The files that a bare name stands for: NAME.toml in experiments/, here, and among those that come with rnnlab.
    """
    if isinstance(source, experiments.Experiment | Mapping):
        if tuple(sets):
            raise UsageError("sets go with a file or a name; change the grid itself instead.")
        return source if isinstance(source, experiments.Experiment) else experiments.parse(source)
    name = os.fspath(source)
    recorded = Path(store, name, "manifest.json")
    here = places.is_file(Path(name)) or places.named(name) is not None
    if Path(name).name == name and not here and places.is_file(recorded):
        _refuse_own_network(name, store)
        return experiments.read(recorded, sets)
    return experiments.read(name, sets)


def _refuse_own_network(name: str, store: str | PathLike[str]) -> None:
    """Raise UsageError where the name is that of a network of the user's own: its manifest would be overwritten."""
    with suppress(StoreDamaged):
        if "network" in (stores.read_manifest(stores.layout(store, name)) or {}).get("experiment", {}):
            where = Path(store, name)
            raise UsageError(
                f"{where} holds a network that `rnnlab measure` measured, no experiment: run one of another name."
            )


def _failure(results: Results, summary: Summary) -> str:
    """Return what the first failed trial said, where all of them are, and what to do."""
    failures = results.table("failures", columns=["key", "message"])
    first, see = failures.iloc[0], typed("show", results.name, "--failed", store=results.store)
    said = f"The first, {first['key']}: {first['message']}. See them all with: {see}"
    if summary.left:
        return (
            f"stopped after {summary.failed:,} failed of {summary.trials:,} trials, {summary.left:,} are left. {said}. "
            "What is done is kept: the same command goes on, and tries them again; with a higher max_failures it "
            "goes on past them."
        )
    count = f"{summary.failed:,} of {summary.trials:,} trials failed, the others are done."
    return f"{count} {said}; the next run tries them again."
