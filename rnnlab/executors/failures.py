"""What can become of a block instead of a result, and of a run instead of an end."""

from __future__ import annotations

import signal
import traceback

from rnnlab.errors import RnnlabError, UsageError


class BlockFailed(Exception):
    """A block raised; carries words, not the exception itself, which may not survive the way from a worker."""

    def __init__(self, message: str, details: str = "") -> None:
        self.message, self.details = message, details
        super().__init__(message)

    def __reduce__(self) -> tuple[type[BlockFailed], tuple[str, str]]:
        return type(self), (self.message, self.details)

    @classmethod
    def of(cls, error: BaseException) -> BlockFailed:
        """Return the failure that this exception is."""
        text = "".join(traceback.format_exception(error))
        return cls(f"{type(error).__name__}: {error}".strip(": "), text)


class WorkerLost(BlockFailed):
    """The worker died, or did not answer in time, while it computed this block."""

    @classmethod
    def exited(cls, code: int | None) -> WorkerLost:
        """Return the loss of a process that ended with this exit code; negative: a signal."""
        if code is not None and code < 0:
            hint = " (out of memory?)" if -code == getattr(signal, "SIGKILL", 9) else ""
            return cls(f"the worker was killed by {signal.Signals(-code).name}{hint}")
        return cls(f"the worker ended with exit code {code}")


class TimedOut(WorkerLost):
    """The worker took longer than it was given, and was ended."""

    @classmethod
    def after(cls, seconds: float) -> TimedOut:
        """Return the loss of a worker that was given these seconds."""
        return cls(f"the worker gave no answer within {seconds:g} s")


class TooLarge(BlockFailed):
    """The block was not begun, for it takes more memory than there is."""

    @classmethod
    def to_fit(cls, needed: int, there: int) -> TooLarge:
        """Return the failure of a block that needs these bytes where there are those."""
        return cls(f"needs about {needed / 2**30:.2g} GiB, there are {there / 2**30:.2g} GiB")


class WorkerLeft(WorkerLost):
    """The worker ended of its own accord and without an answer."""


class WorkersCannotStart(RnnlabError):
    """No worker process came up at all."""

    def __init__(self, code: int | None) -> None:
        self.code = code
        end = "" if code is None else f" (exit code {code})"
        super().__init__(
            f"worker processes cannot start{end}. In a script, call rnnlab.run under "
            "`if __name__ == '__main__':`, since a worker imports the script; or use executor='threads'."
        )


class WorkersDiffer(UsageError):
    """Workers that would not compute what the driver says they do."""
