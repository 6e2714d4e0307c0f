"""The folder of an experiment brought into order: repair, compact, gc."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from rnnlab.api.running import Source, read, run
from rnnlab.api.verifying import known, refuse_damaged
from rnnlab.errors import StoreDamaged, UsageError

if TYPE_CHECKING:
    from rnnlab.runner import Collected, Compacted, Repaired


def repair(
    name: str,
    store: str | PathLike[str] = "results",
    *,
    experiment: Source | None = None,
    workers: int | None = None,
    executor: str = "threads",
    wait: bool | float = False,
    progress: Callable[[float, int], None] | None = None,
) -> Repaired:
    """Set aside whatever `verify` finds wrong with an experiment, and compute its trials anew.

    Damaged files go to the folder `.damaged` with their whole block, as do both of two that tell different things of a
    trial; what else they tell is kept. experiment: what was run, needed where the manifest itself is damaged. The
    tables are what they were before the damage, bit for bit, on the machine that computed them.

    Raises UsageError where that experiment is needed, StoreDamaged for a network of your own: measure it again.
    """
    from rnnlab import runner

    known(name, store)
    meant = None if experiment is None else read(experiment, store=store)
    if meant is not None and meant.name != name:
        raise UsageError(f"the experiment file is of {meant.name}, not of {name}.")
    source: dict[str, Any] = {}

    def check(manifest: Mapping[str, Any]) -> None:
        source.update(manifest.get("experiment", {}))
        if not source and meant is None:
            raise UsageError(
                f"the manifest of {name} is damaged, so nothing tells what was run: name the experiment file, "
                f"`rnnlab repair {name} --experiment FILE`. Nothing was touched."
            )

    done = runner.set_damage_aside(name, store=store, check=check, wait=wait)
    if done.nothing:
        return done
    if "network" in source:
        file = source["network"]["files"]["network"]["file"]
        again = f"{name} is a network of your own: measure it again, rnnlab measure {file} --name {name}"
        raise StoreDamaged("\n".join([*done.notes, again]))
    described = meant if meant is not None else source
    results = run(described, store=store, workers=workers, executor=executor, wait=wait, progress=progress)
    refuse_damaged(name, store)
    summary = results.summary
    new, seconds = (summary.new, summary.seconds) if summary is not None else (0, 0.0)
    return replace(done, notes=(*done.notes, *(summary.notes if summary is not None else ())), new=new, seconds=seconds)


def compact(name: str, store: str | PathLike[str] = "results", *, wait: bool | float = False) -> Compacted:
    """Merge the small files of an experiment, as every run does at its end; readers see old or new ones.

    Raises UsageError for an unknown name, StoreBusy, StoreIOError; StoreDamaged where a file is damaged.
    """
    from rnnlab import runner

    return runner.compact(known(name, store), store=store, wait=wait)


def gc(
    name: str, store: str | PathLike[str] = "results", *, dry_run: bool = False, wait: bool | float = False
) -> Collected:
    """Remove what no longer counts: rows that the manifest's grid, settings and versions do not name, files set aside.

    Never a row of the manifest's grid. With dry_run nothing is touched, and what would go is returned. Raises
    UsageError for an unknown name, StoreBusy, StoreIOError; StoreDamaged where the manifest or a file is damaged.
    """
    from rnnlab import runner

    return runner.collect(known(name, store), store=store, dry_run=dry_run, wait=wait)
