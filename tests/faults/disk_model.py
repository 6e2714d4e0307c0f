"""A disk that loses power, as weak as POSIX allows; in the manner of ALICE and CrashMonkey.

A trace is the list of what was done to the files. A file is an inode: its bytes are safe once it was synced, and until
then the disk may hold none of them, some, or rubbish. A name in a folder is an entry that points to an inode; what was
done to the entries of a folder (make, link, rename, remove) is safe once that folder was synced, and until then any of
it may be missing, in any combination: later changes may be there without earlier ones. A rename is one change: it is
there wholly or not at all, and safe when either of its folders is. A crash may come after any operation.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rnnlab.store import files

STAGING = ".staging"
RUBBISH = b"\xa5"
TORN = (lambda data: b"", lambda data: data[: len(data) // 2], lambda data: RUBBISH * len(data), lambda data: data)


@dataclass(frozen=True)
class Step:
    """One operation: its kind, the paths (under the root) it concerns, the bytes of a write, what was acknowledged."""

    kind: str
    paths: tuple[str, ...] = ()
    data: bytes = b""


@dataclass
class Recorder:
    """Wraps every change of files, notes those that succeed, and what the run was told to be done: `acknowledge`."""

    root: Path
    trace: list[Step] = field(default_factory=list)

    def install(self, monkeypatch) -> None:
        for kind in ("make_folder", "write", "sync", "link", "rename", "remove"):
            monkeypatch.setattr(files, kind, self._wrapped(kind, getattr(files, kind)))

    def acknowledge(self, *keys: str) -> None:
        self.trace.append(Step("acknowledge", keys))

    def _wrapped(self, kind, original):
        def operation(*args):
            paths = [arg for arg in args if isinstance(arg, Path)]
            there = kind != "remove" or files.kind(paths[0]) == "file"
            answer = original(*args)
            if there and answer is not False:  # a folder that was there already
                data = bytes(args[1]) if kind == "write" else b""
                self.trace.append(Step(kind, tuple(self._name(path) for path in paths), data))
            return answer

        return operation

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path != self.root else ""


@dataclass(frozen=True)
class Change:
    """What one operation does to entries: `sets` points a path to an inode (-1: a folder), `clears` takes one away."""

    sets: tuple[tuple[str, int], ...]
    clears: tuple[str, ...] = ()

    @property
    def folders(self) -> set[str]:
        return {_parent(path) for path in (*(path for path, _ in self.sets), *self.clears)}


@dataclass
class Disk:
    """What is safe, and what is not yet, after some steps of a trace."""

    safe: dict[str, int] = field(default_factory=dict)  # path -> inode
    unsafe: list[Change] = field(default_factory=list)
    now: dict[str, int] = field(default_factory=dict)  # as the running system sees it
    contents: list[bytes] = field(default_factory=list)  # by inode
    synced: set[int] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)

    def do(self, step: Step) -> None:
        getattr(self, f"_{step.kind}")(step)

    def _acknowledge(self, step: Step) -> None:
        self.acknowledged.update(step.paths)

    def _make_folder(self, step: Step) -> None:
        self._change(Change(((step.paths[0], -1),)))

    def _write(self, step: Step) -> None:
        self.contents.append(step.data)
        self._change(Change(((step.paths[0], len(self.contents) - 1),)))

    def _link(self, step: Step) -> None:
        self._change(Change(((step.paths[1], self.now[step.paths[0]]),)))

    def _rename(self, step: Step) -> None:
        self._change(Change(((step.paths[1], self.now[step.paths[0]]),), (step.paths[0],)))

    def _remove(self, step: Step) -> None:
        self._change(Change((), (step.paths[0],)))

    def _sync(self, step: Step) -> None:
        (path,) = step.paths
        if self.now.get(path, -1) >= 0:
            self.synced.add(self.now[path])
            return
        for change in [each for each in self.unsafe if path in each.folders]:
            _apply(change, self.safe)
            self.unsafe.remove(change)

    def _change(self, change: Change) -> None:
        _apply(change, self.now)
        if all(folder.endswith(STAGING) for folder in change.folders):
            _apply(change, self.safe)
        else:
            self.unsafe.append(change)

    def crashes(self) -> Iterator[dict[str, bytes | None]]:
        """Yield every state that power loss can leave here: path to bytes, None for a folder."""
        for kept in itertools.product((True, False), repeat=len(self.unsafe)):
            entries = dict(self.safe)
            for change in itertools.compress(self.unsafe, kept):
                _apply(change, entries)
            reachable = {path: inode for path, inode in sorted(entries.items()) if _reachable(path, entries)}
            loose = sorted({inode for inode in reachable.values() if inode >= 0} - self.synced)
            for torn in itertools.product(TORN, repeat=len(loose)):
                told = dict(zip(loose, torn, strict=True))
                yield {path: self._bytes(inode, told) for path, inode in reachable.items()}

    def _bytes(self, inode: int, torn: dict) -> bytes | None:
        if inode < 0:
            return None
        return torn[inode](self.contents[inode]) if inode in torn else self.contents[inode]


def states(trace: list[Step]) -> Iterator[tuple[int, set[str], dict[str, bytes | None]]]:
    """Yield (after which step, what was acknowledged by then, what is on the disk) of every crash, each state once."""
    disk, seen = Disk(), set()
    for number, step in enumerate(trace):
        disk.do(step)
        for state in disk.crashes():
            mark = hash((frozenset(disk.acknowledged), frozenset(state.items())))
            if mark not in seen:
                seen.add(mark)
                yield number, set(disk.acknowledged), state


def sample(trace: list[Step], number: int, seed: int) -> list[tuple[int, set[str], dict[str, bytes | None]]]:
    """Return some of the states, the same ones for the same seed."""
    found = list(states(trace))
    return random.Random(seed).sample(found, min(number, len(found)))


def materialise(state: dict[str, bytes | None], root: Path) -> None:
    """Write a state down as files."""
    root.mkdir(parents=True)
    for path, data in state.items():
        if data is None:
            (root / path).mkdir(exist_ok=True)
        else:
            (root / path).write_bytes(data)


def _apply(change: Change, entries: dict[str, int]) -> None:
    for path in change.clears:
        entries.pop(path, None)
    entries.update(change.sets)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _reachable(path: str, entries: dict[str, int]) -> bool:
    parent = _parent(path)
    return not parent or (entries.get(parent) == -1 and _reachable(parent, entries))
