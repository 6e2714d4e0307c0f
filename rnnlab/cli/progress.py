"""Progress on stderr: a bar on a terminal, else a plain line every few seconds."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

from rnnlab.cli.output import console, duration, message

if TYPE_CHECKING:
    from rich.progress import Progress

_EVERY = 5.0  # s between plain lines
_PATIENCE = 5.0  # s without a trial after which a reason is looked for
_WINDOW = 10.0  # s over which the speed is measured
_LEAST = 0.5  # s before which it says nothing
_SLOW = 0.1  # trials a second below which only the time that is left is told


class Reporter:
    """Shows how far a run is; call it with the trials done, of how many, whenever that changes."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Progress | None = None
        self._begun = False
        self._speed = Speed()
        self._said = -_EVERY  # the first line comes at once
        self._waiting: threading.Timer | None = None

    def __call__(self, done: float, total: int) -> None:
        """Take note that `done` of `total` trials are done; a fraction is of trials that are begun."""
        if self._quiet:
            return
        if not self._begun:
            self._begun = True
            self._explain_a_slow_beginning()
        else:
            self._wait_no_more()
        self._speed.note(done)
        if sys.stderr.isatty():
            self._draw(done, total)
        elif time.monotonic() - self._said >= _EVERY:
            self._said = time.monotonic()
            message(f"{_shown(done)} of {total:,} trials{self._pace(done, total)}")

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait_no_more()
        if self._bar is not None:
            self._bar.stop()

    def _explain_a_slow_beginning(self) -> None:
        """Say that kernels compile: at once where there are none, else as soon as they are seen to be made."""
        from rnnlab.kernels.folder import is_compiled

        if not is_compiled():
            message("Compiling the kernels: once for this version of rnnlab, half a minute, two where networks train.")
            return
        self._waiting = threading.Timer(_PATIENCE, self._say_that_kernels_compile, [_kernels()])
        self._waiting.daemon = True
        self._waiting.start()

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()

    def _say_that_kernels_compile(self, before: int) -> None:
        if _kernels() > before:
            say = message if self._bar is None else self._bar.console.print
            say("Compiling the kernels that are new to this experiment: once for this version of rnnlab.")

    def _pace(self, done: float, total: int) -> str:
        rate = self._speed.rate
        if not rate or done >= total:
            return ""
        left = f", {duration(max(1.0, (total - done) / rate))} left"
        return f", {rate:,.{0 if rate >= 10 else 1}f} a second{left}" if rate >= _SLOW else left

    def _draw(self, done: float, total: int) -> None:
        if self._bar is None:
            self._bar = _bar()
            self._bar.add_task("", total=total, pace="", shown="")
            self._bar.start()
        self._bar.update(
            self._bar.task_ids[0], completed=done, total=total, pace=self._pace(done, total).removeprefix(", "),
            shown=_shown(done),
        )  # fmt: skip


class Speed:
    """Trials per second over the last seconds; the clock starts with the first that is done, for kernels compile."""

    def __init__(self) -> None:
        self._before: float | None = None  # trials that were done before this run
        self._marks: list[tuple[float, float]] = []

    def note(self, done: float) -> None:
        """Remember when so many trials were done."""
        now = time.monotonic()
        if self._before is None:
            self._before = done
        kept = [mark for mark in self._marks if now - mark[0] < _WINDOW] or self._marks[-1:]
        self._marks = [*(mark for mark in kept if mark[1] > self._before), (now, done)]

    @property
    def rate(self) -> float:
        """Trials per second, 0 as long as it is not known."""
        (begin, before), (end, after) = self._marks[0], self._marks[-1]
        return (after - before) / (end - begin) if end - begin >= _LEAST else 0.0


def _shown(done: float) -> str:
    """Return the trials done: whole ones, or where some are paused with what is done of those."""
    return f"{done:,}" if isinstance(done, int) else f"{done:,.2f}"


def _bar() -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn

    number = TextColumn("[progress.download]{task.fields[shown]}/{task.total:,} trials")
    columns = (BarColumn(), number, TextColumn("{task.fields[pace]}", style="dim"))
    return Progress(*columns, console=console(stderr=True), transient=True)


def _kernels() -> int:
    """Return how many kernels are compiled and kept."""
    from rnnlab.kernels.folder import cache_folder

    folder = cache_folder()
    return 0 if folder is None else sum(1 for _ in folder.rglob("*.nbc"))
