"""Dask behind the standard Executor interface: a cluster of this machine's own, or one that runs already.

A task whose worker dies is an error here at once, and the loop that all engines share decides what becomes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from weakref import WeakKeyDictionary

from rnnlab.errors import ExecutorLost, UsageError
from rnnlab.executors import sameness
from rnnlab.executors.engines import Engine
from rnnlab.executors.failures import BlockFailed, TimedOut, WorkerLost, WorkersCannotStart
from rnnlab.executors.signals import signals_held

_PATIENCE = 5  # s for a scheduler to answer
_CLOSING = 20  # s for a cluster of our own to end
_LOOK = 1.0  # s between looks at the number of workers
_LATE = "rnnlab-late"  # the topic under which workers tell what took too long
_FAREWELL = 1.0  # s that they take to tell it
_prepared: set[str] = set()
_RULES = {"distributed.scheduler.allowed-failures": 0, "distributed.scheduler.worker-saturation": 1.0}
_LOCAL = {
    "processes": True,
    "threads_per_worker": 1,
    "memory_limit": 0,  # the runner begins no more than fits
    "dashboard_address": "127.0.0.1:0",  # a port for the scheduler's own pages is taken in any case
    "scheduler_kwargs": {"dashboard": False},
    "silence_logs": logging.CRITICAL,
}


def check() -> None:
    """Raise UsageError where Dask is not installed."""
    if find_spec("distributed") is None:
        raise UsageError("the executor dask needs the package distributed: pip install 'rnnlab[dask]'")


class Cluster(Engine):
    """The workers of a Dask scheduler, as many as there are at the time.

    local: the cluster, where it is of this machine and ours: the workers that it does not restart are made anew.
    """

    def __init__(self, client: Any, address: str, local: Any = None) -> None:
        super().__init__(client.get_executor(pure=False, retries=0), 0)
        self._client, self._address = client, address
        self._submit: Callable[..., Future[Any]] = self._pool.submit  # which takes a key, unlike others
        self._local, self._looked = local, -_LOOK
        self._keys: WeakKeyDictionary[Future[Any], str] = WeakKeyDictionary()

    def workers(self, *, now: bool = False) -> int:
        """Return the number of threads of the cluster, at least 1: blocks wait for workers that are to come."""
        if now or time.monotonic() - self._looked > _LOOK:
            with self._losses():
                self._workers, self._looked = sum(self._client.nthreads().values()), time.monotonic()
                if self._local and self._workers < (wanted := len(self._local.worker_spec)):
                    self._local.scale(wanted)  # a worker that died while it started is left dead by Dask's nanny
        return max(1, self._workers)

    def submit(self, function: Callable[..., Any], block: Any, seconds: float | None) -> Future[Any]:
        """Have a worker call the function; one that takes longer than `seconds` ends itself."""
        key = f"rnnlab-{uuid.uuid4().hex}"
        with self._losses():
            future = self._submit(there, function, block, seconds, key, key=key)
        self._keys[future] = key
        return future

    def cancel(self, futures: Iterable[Future[Any]]) -> None:
        """Cancel what no worker has: a Dask future would let itself be cancelled while it is computed."""
        with self._losses():
            begun = {key for keys in self._client.processing().values() for key in keys}
        for future in futures:
            if self._keys.get(future) not in begun:
                future.cancel()

    def failure(self, error: Exception, future: Future[Any], seconds: float | None) -> BlockFailed:
        """Return the failure that this exception is; a worker that died is told from one whose time was over."""
        if type(error).__name__ != "KilledWorker" and not _overtaken(error):
            return super().failure(error, future, seconds)
        if seconds is not None and self._keys[future] in self._late():
            return TimedOut.after(seconds)
        return WorkerLost("the worker was lost while it computed this (killed, out of memory, or its machine is gone)")

    def _late(self) -> set[str]:
        """Return the keys of what took too long, as the workers told before they ended."""
        with self._losses():
            return {key for _, key in self._client.get_events(_LATE)}

    def check(self) -> None:
        """Raise ExecutorLost where the scheduler is gone."""
        if self._client.status != "running":
            raise self.lost()

    def lost(self, error: BaseException | None = None) -> ExecutorLost:
        """Return the error that ends a run whose scheduler is gone."""
        return ExecutorLost(
            f"the scheduler {self._address} is gone. What is done is kept: the same command goes on from there, "
            "as soon as there is a scheduler again."
        )

    @contextmanager
    def _losses(self) -> Iterator[None]:
        self.check()
        try:
            yield
        except (OSError, RuntimeError, TimeoutError) as error:
            raise self.lost(error) from None


@contextmanager
def started(workers: int) -> Iterator[Engine]:
    """Start a cluster of processes on this machine, and end it."""
    import dask
    from distributed import LocalCluster

    with (
        _quiet(),
        tempfile.TemporaryDirectory(prefix="rnnlab-dask-", ignore_cleanup_errors=True) as folder,
        dask.config.set(_RULES),
        contextlib.ExitStack() as stack,
    ):
        with signals_held(signal.SIGINT):  # its threads, and the workers that they start, leave Ctrl-C to the driver
            try:
                cluster = LocalCluster(n_workers=workers, local_directory=folder, **_LOCAL)
            except (RuntimeError, OSError, TimeoutError):
                raise WorkersCannotStart(None) from None
            stack.callback(_close, cluster)
            client = stack.enter_context(_client(cluster.scheduler_address))
        yield _same(client, cluster.scheduler_address, cluster)


def _overtaken(error: Exception) -> bool:
    """Say whether this is Dask's own stumble over a worker that died between handing over its result and being asked.

    Dask then takes the result for an exception of three parts. What a block itself raises never comes this way.
    """
    return isinstance(error, TypeError) and str(error).startswith("cannot unpack")


def _close(cluster: Any) -> None:
    with contextlib.suppress(TimeoutError):  # what is left are daemons, which end with this process
        cluster.close(timeout=_CLOSING)


@contextmanager
def joined(address: str) -> Iterator[Engine]:
    """Use a cluster that runs; raises ExecutorLost where its scheduler does not answer, WorkersDiffer."""
    with _quiet(), _client(address) as client:
        yield _same(client, address)


def there(function: Callable[[Any], Any], block: Any, seconds: float | None, key: str) -> Any:
    """Return what the function returns of the block, on a worker that ends itself when its time is over."""
    from rnnlab.blas import single_threaded_blas

    with single_threaded_blas():
        if seconds is not None:
            _prepare(function)
        with _clock(seconds, key):
            return function(block)


def _prepare(function: Any) -> None:
    """Make this worker ready for the function, once."""
    if (name := repr(function)) not in _prepared and hasattr(function, "prepare"):
        function.prepare()
    _prepared.add(name)


@contextmanager
def _clock(seconds: float | None, key: str) -> Iterator[None]:
    from distributed import get_worker

    if seconds is None:
        yield
        return
    clock = threading.Timer(seconds, _end, (get_worker(), key))
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def _end(worker: Any, key: str) -> None:
    worker.loop.add_callback(worker.log_event, _LATE, key)
    time.sleep(_FAREWELL)
    os._exit(1)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    from distributed import Client

    _reach(address)
    with Client(address, timeout=_PATIENCE, set_as_default=False) as client:
        yield client


def _reach(address: str) -> None:
    """Raise UsageError for what is no address, ExecutorLost where no scheduler answers: a Client would linger."""
    from distributed.comm import connect
    from distributed.security import Security

    async def call() -> None:
        comm = await connect(address, timeout=_PATIENCE, **Security().get_connection_args("client"))
        await comm.close()

    try:
        with ThreadPoolExecutor(1) as pool:  # this thread may have an event loop that runs
            pool.submit(asyncio.run, call()).result()
    except ValueError as error:
        raise UsageError(f"{address!r:.80} is no address of a scheduler: {error}. One is tcp://host:8786.") from None
    except (OSError, TimeoutError):
        raise ExecutorLost(
            f"no scheduler answers at {address} within {_PATIENCE} s. Does it run, and is it reached from here?"
        ) from None


def _same(client: Any, address: str, local: Any = None) -> Engine:
    """Return the engine, now that every worker that there is has been asked for its environment."""
    found = client.run(sameness.here, on_error="return")
    sameness.check_all(found)
    if not found:
        warnings.warn(
            f"the cluster of {address} has no workers yet: blocks wait for them.", RuntimeWarning, stacklevel=2
        )
    return Cluster(client, address, local)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let Dask say nothing: what its words are about, a run tells in its own."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
