"""What an exception means on the command line: a message on stderr and one of the documented exit codes."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import sys
import traceback
from typing import IO, Any

import click

from rnnlab.errors import ExperimentError, RnnlabError, StoreIOError, typed

_INTERRUPTED = 130
_REMEDIES = {
    errno.ENOSPC: " Make room; see where there is none with: rnnlab doctor",
    errno.EDQUOT: " Make room; see where there is none with: rnnlab doctor",
    errno.EACCES: " Name another place, or allow writing.",
    errno.EROFS: " Name another place: this one is read-only.",
    errno.EMFILE: " Allow more open files; see how many there may be with: rnnlab doctor",
    errno.ENOENT: " Name a folder that is there.",
    errno.ENOTDIR: " Name a folder that is there.",
    errno.EISDIR: " Name a file in it.",
}


class Failure(click.ClickException):
    """A message that is shown as it stands, and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click means it as a class variable

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to stderr."""
        color = False if os.environ.get("NO_COLOR") else None  # click's context, which knows, is gone by now
        click.secho("Error: ", fg="red", bold=True, nl=False, err=True, color=color)
        click.echo(self.format_message(), err=True)


def explained(error: BaseException, *, debug: bool) -> click.exceptions.Exit | click.ClickException:
    """Return what click is to raise in place of an exception; with `debug` the traceback is printed first."""
    if isinstance(error, BrokenPipeError):
        return _reader_left()
    if debug:
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt):
        return _interrupted(error)
    if isinstance(error, ExperimentError) and len(error.problems) > 1:
        return Failure(f"{len(error.problems)} problems, nothing was run.\n{error}", error.exit_code)
    if isinstance(error, RnnlabError):
        return Failure(str(error), error.exit_code)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Failure(
            f"{place}{error.strerror or error}.{_REMEDIES.get(error.errno or 0, '')}", StoreIOError.exit_code
        )
    again = "The traceback is above." if debug else "Run the same command with --debug and report what it prints."
    return Failure(f"this is a bug in rnnlab: {type(error).__name__}: {error}. {again}", 1)


_LISTS = {"experiment": "run", "name": "ls", "names": "ls", "a": "ls", "b": "ls"}  # by argument: the command that lists
_EXAMPLES = {  # by command and argument, where nothing lists it
    ("new", "name"): "For example: rnnlab new mine",
    ("extract", "key"): "Keys stand in the column `key` of its tables: rnnlab export {name} -o {name}.csv",
    ("export", "output"): "For example: rnnlab export {name} -o {name}.csv",
}


def completed(error: click.MissingParameter) -> click.UsageError:
    """Return the error with the command that tells what could have been given."""
    if error.ctx is None or error.param is None:
        return error
    parameter, given = str(error.param.name), shlex.quote(error.ctx.params.get("name") or "NAME")
    advice = _EXAMPLES.get((str(error.ctx.command.name), parameter), "").format(name=given)
    if not advice and parameter in _LISTS:
        advice = f"See what there is with: {typed(_LISTS[parameter])}"
    return click.UsageError(f"{error.format_message()} {advice}", error.ctx) if advice else error


def _interrupted(error: KeyboardInterrupt) -> Failure:
    for number in (signal.SIGINT, signal.SIGTERM):  # one more while Python ends would take the exit code away
        signal.signal(number, signal.SIG_IGN)
    failure = Failure(str(error) or "interrupted.", getattr(error, "exit_code", _INTERRUPTED))
    if getattr(error, "at_once", False):  # threads may still compute, and Python would wait for them
        failure.show()
        sys.stdout.flush()
        os._exit(failure.exit_code)
    return failure


def _reader_left() -> click.exceptions.Exit:
    """Whoever read stdout had enough (`rnnlab show x | head`): leave quietly, also when Python flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return click.exceptions.Exit(0)
