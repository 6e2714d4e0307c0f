"""Worker processes behind the standard Executor interface: each thread here has one process of its own.

The process that dies is known, and with it the block that it had; the others go on. (The standard process pool breaks
as a whole.) Processes are spawned: forking a process that has threads and a BLAS is not safe.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any

from rnnlab.executors.failures import BlockFailed, TimedOut, WorkerLeft, WorkerLost, WorkersCannotStart
from rnnlab.executors.signals import SIGNALS, signals_held

_spawn = multiprocessing.get_context("spawn")
_PREPARATION = 300.0  # s for a new worker to import and load what it needs
_starting = threading.Lock()


class ProcessExecutor(ThreadPoolExecutor):
    """An Executor of worker processes; a call whose worker dies raises WorkerLost, and the next one gets a new worker.

    timeout: seconds that one call may take before its worker counts as lost; None: any time.
    """

    def __init__(self, workers: int, timeout: float | None = None) -> None:
        super().__init__(workers, thread_name_prefix="rnnlab-process")
        self._own = threading.local()
        self._children: list[Child] = []
        self._timeout = timeout

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """Have a worker process call the function, which must be importable there."""
        return self.submit_within(self._timeout, function, *args, **options)

    def submit_within(
        self, timeout: float | None, function: Callable[..., Any], /, *args: Any, **options: Any
    ) -> Future[Any]:
        """Submit a call that has a time limit of its own, in seconds from its start."""
        return super().submit(self._elsewhere, timeout, (function, args, options))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers: after what they have to do, or with wait=False at once."""
        if not wait:
            for child in self._children:
                child.kill()
        super().shutdown(wait, cancel_futures=cancel_futures)
        for child in self._children:
            child.close()

    def _elsewhere(self, timeout: float | None, task: Any) -> Any:
        try:
            return self._child(timeout, task).call(task, timeout)
        except WorkerLeft:  # between two tasks, when it was told to end
            return self._child(timeout, task).call(task, timeout)

    def _child(self, timeout: float | None, task: Any) -> Child:
        child: Child | None = getattr(self._own, "child", None)
        if child is None or child.gone:
            child = self._own.child = self._started()
            self._children.append(child)
            if timeout is not None and (prepare := getattr(task[0], "prepare", None)):
                child.call((prepare, (), {}), _PREPARATION)
        return child

    def _started(self) -> Child:
        try:
            return Child()
        except WorkersCannotStart as error:
            if self._children and error.code is not None and error.code < 0:  # others could: this one was killed
                raise WorkerLost.exited(error.code) from None
            raise


class Child:
    """One worker process and the pipe to it."""

    def __init__(self) -> None:
        self._connection, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=serve, args=(theirs,), daemon=True)
        self._killed = False
        try:
            with _starting, signals_held():
                self._process.start()
            theirs.close()
            self._connection.recv()
        except RuntimeError:  # this is itself a worker, which runs the script of its driver
            raise WorkersCannotStart(None) from None
        except (EOFError, OSError):
            self._process.join()
            raise WorkersCannotStart(self._process.exitcode) from None

    @property
    def gone(self) -> bool:
        """Whether the process has ended."""
        return self._killed or not self._process.is_alive()

    def call(self, task: Any, timeout: float | None) -> Any:
        """Return what the task returns there, or raise what it raises."""
        try:
            self._connection.send(task)
            if not self._connection.poll(timeout):
                self.kill()
                raise TimedOut.after(timeout or 0.0)
            fine, value = self._connection.recv()
        except (EOFError, OSError):
            self._process.join(5)
            self.kill()
            code = self._process.exitcode
            raise (WorkerLeft if code == 0 else WorkerLost).exited(code) from None
        if fine:
            return value
        raise value

    def kill(self) -> None:
        """End the process at once."""
        self._killed = True
        self._process.kill()

    def close(self) -> None:
        """Let the process end: it does when its pipe closes."""
        self._connection.close()
        self._process.join(5)
        self.kill()


def serve(connection: Connection) -> None:
    """Answer calls until the pipe closes: the life of a worker process."""
    from rnnlab.blas import single_threaded_blas

    polite = _Polite()
    _die_with_parent()
    with single_threaded_blas():
        connection.send("ready")
        while not polite.asked:
            try:
                with polite:
                    data = connection.recv_bytes()
            except (EOFError, OSError):
                return
            _answer(connection, data)


def _answer(connection: Connection, data: bytes) -> None:
    answer: tuple[bool, Any]
    try:
        function, args, options = ForkingPickler.loads(data)
        answer = True, function(*args, **options)
    except Exception as error:
        answer = False, BlockFailed.of(error)
    try:
        connection.send(answer)
    except (EOFError, BrokenPipeError):
        return
    except Exception as error:  # what cannot be pickled
        connection.send((False, BlockFailed.of(error)))


class _Polite:
    """Signals in a worker: Ctrl-C is the driver's business; SIGTERM ends it, at once only while this is entered."""

    def __init__(self) -> None:
        self.asked = self._idle = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._terminate)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _terminate(self, *_: Any) -> None:
        self.asked = True
        if self._idle:
            raise SystemExit(0)

    def __enter__(self) -> None:
        self._idle = True

    def __exit__(self, *_: object) -> None:
        self._idle = False


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
