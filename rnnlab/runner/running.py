"""Run an experiment: compute what is missing, publish it block by block, and leave a manifest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from os import PathLike

from rnnlab import environment, executors, plugins
from rnnlab import store as stores
from rnnlab.errors import ExecutorLost, StoreDamaged, StoreIOError
from rnnlab.experiment import Experiment
from rnnlab.machine import processors
from rnnlab.runner.books import Books
from rnnlab.runner.checkpoints import Checkpoints
from rnnlab.runner.computing import BlockResult
from rnnlab.runner.differences import differences
from rnnlab.runner.jobs import Paused
from rnnlab.runner.manifest import Record, finished, now, record
from rnnlab.runner.means import Means, Options, Progress
from rnnlab.runner.missing import Missing, missing
from rnnlab.runner.packages import check_packages, packages_of
from rnnlab.runner.planning import warn_of_memory
from rnnlab.runner.signals import Patience
from rnnlab.runner.warming import tiny_blocks, warm
from rnnlab.runner.working import Compute, Queue


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    trials: of the experiment; done: those that the store had; new: the others, computed now, of which some failed.
    diverged: of all trials. notes: what a user should know, a line each. left: trials that were not begun, since too
    many had failed; they count as new.
    """

    name: str
    trials: int
    new: int
    done: int
    failed: int
    diverged: int
    seconds: float
    notes: tuple[str, ...] = ()
    left: int = 0


_NO_OPTIONS = Options()


def run(
    experiment: Experiment,
    *,
    store: str | PathLike[str] = "results",
    workers: int | None = None,
    executor: str | Executor = "threads",
    scheduler: str | None = None,
    options: Options = _NO_OPTIONS,
    wait: bool | float = False,
    progress: Progress | None = None,
    interrupted: Callable[[], None] | None = None,
) -> Summary:
    """Compute what the store has not got of the experiment, and return what was done.

    A finished experiment is left alone: nothing is locked or written. progress is called with the trials done (a
    fraction counts what is done of those that are paused) and their number, the first time before anything is computed;
    interrupted at the first Ctrl-C or SIGTERM, while what runs is brought to its end or its next pause, as it is where
    more trials failed than the options allow: the summary tells what is left, and the manifest is that of a run that
    did not finish. An Executor that is given is not shut down.

    Raises StoreBusy where another run holds the store (`wait` waits for it), StoreIOError where it cannot be written,
    Interrupted after Ctrl-C or SIGTERM, ExecutorLost where the scheduler cannot be reached or is lost.
    """
    options.check()
    executors.check(executor, workers, scheduler=scheduler, timeout=options.timeout)
    place = stores.layout(store, experiment.name)
    if summary := _finished(place, experiment):
        return summary
    check_packages(experiment)
    with ExitStack() as stack:
        try:
            stack.enter_context(stores.writing(place, wait=wait))
        except StoreIOError as error:
            if summary := _read_only(place, experiment, error):
                return summary
            raise
        patience = stack.enter_context(Patience(interrupted))
        if summary := _finished(place, experiment):  # by the run that was waited for
            return summary
        means = Means(executor, workers, scheduler, options, progress or (lambda done, total: None), patience)
        notes: list[str] = []
        while True:
            try:
                return _write(place, experiment, means, notes)
            except stores.DamagedFile as error:
                notes += stores.set_aside(place, error.path)


def _finished(place: stores.Layout, experiment: Experiment) -> Summary | None:
    """Return the summary of an experiment that has nothing left to do, None where it has or may have."""
    manifest, _ = _manifest(place)
    if not finished(place, experiment, manifest):
        return None
    was = manifest["summary"]
    return Summary(experiment.name, was["trials"], 0, was["trials"], 0, was["diverged"], 0.0)


def _read_only(place: stores.Layout, experiment: Experiment, error: StoreIOError) -> Summary | None:
    """Return the summary of an experiment of which nothing is missing in a store that cannot be written, else None."""
    if not stores.refused(error):
        return None
    stores.refuse_gone(place, _manifest(place)[0])
    work = missing(place, experiment)
    if work.new:
        return None
    note = f"{place.manifest}: could not be rewritten, the store is read-only; it tells of an earlier run"
    return Summary(experiment.name, work.total, 0, work.done, 0, work.diverged, 0.0, (note,))


def _manifest(place: stores.Layout) -> tuple[Record, list[str]]:
    """Return the manifest, empty where there is none that can be trusted, and what is to be said of it."""
    try:
        return stores.read_manifest(place) or {}, []
    except StoreDamaged:
        return {}, [f"{place.manifest}: was damaged, and has been written anew"]


def _write(place: stores.Layout, experiment: Experiment, means: Means, notes: list[str]) -> Summary:
    begin, started = time.perf_counter(), now()
    previous, said = _manifest(place)
    notes += [*said, *stores.recover(place), *stores.set_incomplete_aside(place, previous)]
    work = missing(place, experiment)
    means.progress(work.done, work.total)
    description = environment.with_packages(environment.describe(), plugins.codes(packages_of(experiment)))
    here = environment.fingerprint(description)
    books, checkpoints = Books(place, here), Checkpoints(place, here)
    notes += differences(previous, experiment, description, here)
    stores.note_environment(place, here, description)
    about: Record = {
        "started": started,
        "executor": means.name,
        "workers": processors() if means.workers is None else means.workers,
        "git": environment.git(),
        "environment": here,
    }
    if work.new:
        warn_of_memory(work, about["workers"], means.name)
        with ExitStack() as stack:
            with means.patience.hasty():
                engine = stack.enter_context(executors.opened(means.executor, means.workers, scheduler=means.scheduler))
            about["workers"] = engine.workers()
            # Whatever ends the run: what it has published by then can be read.
            stores.write_manifest(place, record(place, experiment, previous, about=about))
            _compute_missing(place, work, means, engine, books, checkpoints)
    books.close()
    notes += checkpoints.notes()
    checkpoints.clear()
    means.patience.check()
    diverged = work.diverged + books.diverged
    if books.in_parts or len(work.begun) > work.done:  # then a trial may be among both
        diverged = missing(place, experiment).diverged
    summary = Summary(
        name=experiment.name,
        trials=work.total,
        new=work.new,
        done=work.done,
        failed=books.failed,
        diverged=diverged,
        seconds=time.perf_counter() - begin,
        notes=tuple(dict.fromkeys(notes)),
        left=work.new - books.processed,
    )
    if not summary.left:
        stores.compact(place)
        counts = {name: value for name, value in asdict(summary).items() if name not in ("name", "notes", "left")}
        stores.write_manifest(place, record(place, experiment, previous, about=about, summary=counts))
    return summary


def _compute_missing(
    place: stores.Layout, work: Missing, means: Means, engine: executors.Engine, books: Books, checkpoints: Checkpoints
) -> None:
    # pandas takes a second to import: let it, while kernels are compiled and the first blocks run.
    threading.Thread(target=import_module, args=("pandas",), daemon=True).start()
    with means.patience.hasty():
        warm(work.experiment)
    queue = Queue(work.jobs(books.environment), checkpoints.resumed)

    def stop() -> bool:
        return means.patience.asked() or means.options.too_many(books.failed)

    tiny, packages = tuple(tiny_blocks(work.experiment)), tuple(packages_of(work.experiment))
    compute = Compute(tiny, check=means.elsewhere, pause=means.pause(), packages=packages)
    results = executors.run(compute, queue, executor=engine, limits=means.limits(), stop=stop)
    with closing(results), _kept(books, checkpoints):
        for job, result in results:
            if isinstance(result, BlockResult):
                stores.publish(place, result.tables)
                checkpoints.drop(job)
                books.done(job, result)
            elif isinstance(result, Paused):
                queue.again.append(job.further(result))
                checkpoints.keep(queue.again[-1])
                books.paused(job, result)
            elif stop() and isinstance(result, executors.WorkerLost):
                continue  # by the signal that stops the run, as like as not: the next one finds out
            elif parts := list(job.parts()):
                queue.again.extend(parts)  # to find the trials that fail, and keep the others
            else:
                books.fail(job, result)
                if not isinstance(result, executors.WorkerLost | executors.TooLarge):  # else no state is to blame
                    checkpoints.drop(job)
            means.progress(work.done + books.so_far, work.total)
    checkpoints.write()


@contextmanager
def _kept(books: Books, checkpoints: Checkpoints) -> Iterator[None]:
    """Keep what there is of a run that its executor leaves in the lurch."""
    try:
        yield
    except ExecutorLost:
        books.close()
        checkpoints.write()
        raise
