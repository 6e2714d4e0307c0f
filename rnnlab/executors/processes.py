"""Worker processes behind the standard Executor interface: each thread here has one process of its own.

The process that dies is known, and with it the block that it had; the others go on. (The standard process pool breaks
as a whole.) Processes are spawned: forking a process that has threads and a BLAS is not safe.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any

from rnnlab.executors.failures import BlockFailed, WorkerLeft, WorkerLost, WorkersCannotStart

_spawn = multiprocessing.get_context("spawn")
_starting = threading.Lock()
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
        return super().submit(self._elsewhere, function, args, options)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers: after what they have to do, or with wait=False at once."""
        if not wait:
            for child in self._children:
                child.kill()
        super().shutdown(wait, cancel_futures=cancel_futures)
        for child in self._children:
            child.close()

    def _elsewhere(self, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        task = function, args, options
        try:
            return self._child().call(task, self._timeout)
        except WorkerLeft:  # between two tasks, when it was told to end
            return self._child().call(task, self._timeout)

    def _child(self) -> Child:
        child: Child | None = getattr(self._own, "child", None)
        if child is None or child.gone:
            child = self._own.child = Child()
            self._children.append(child)
        return child


class Child:
    """One worker process and the pipe to it."""

    def __init__(self) -> None:
        self._connection, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=serve, args=(theirs,), daemon=True)
        self._killed = False
        try:
            with _starting, _signals_held():
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
                raise WorkerLost(f"the worker gave no answer within {timeout:g} s")
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
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _terminate(self, *_: Any) -> None:
        self.asked = True
        if self._idle:
            raise SystemExit(0)

    def __enter__(self) -> None:
        self._idle = True

    def __exit__(self, *_: object) -> None:
        self._idle = False


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let what is started here be born deaf to Ctrl-C and SIGTERM: until it has its handlers it would die of them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
