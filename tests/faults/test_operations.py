"""Rows 5 and 6: the n-th operation on files fails, for every n of a run, with every error; the same command goes on.

Two runs are told of: a first one, and one that lengthens a finished experiment, exchanges failures and compacts.
"""

from __future__ import annotations

import errno
import itertools
import os

import pytest

from rnnlab import runner, store
from rnnlab.errors import StoreIOError
from rnnlab.store import files
from tests.faults.fakes import install
from tests.faults.runs import LONG, keys, made, results, small_blocks, unreadable

ERRORS = (errno.ENOSPC, errno.EIO, errno.EMFILE)


def grid(seeds: int):
    return made(measure={"fake": {}}, activation="tanh", length=3, recurrent_scale=[0.5, 2.0], seed={"range": seeds})


def refuse_one(trials) -> None:
    if any(trial.seed == 1 and trial.recurrent_scale == 2.0 for trial in trials):
        raise ValueError("not this one")


def fails_at(monkeypatch, number: int, code: int) -> None:
    counter = itertools.count(1)

    def wrapped(original):
        def operation(*args):
            if next(counter) == number:
                raise OSError(code, os.strerror(code))
            return original(*args)

        return operation

    for name in files.CHANGES:
        monkeypatch.setattr(files, name, wrapped(getattr(files, name)))


@pytest.mark.parametrize("code", ERRORS, ids=["no space", "I/O", "too many files"])
def test_whatever_operation_fails_nothing_old_is_lost_and_the_same_command_ends_the_same(tmp_path, monkeypatch, code):
    def fresh(check=lambda trials: None) -> None:
        monkeypatch.undo()
        small_blocks(monkeypatch, 1)
        install(monkeypatch, check)

    fresh()
    runner.run(grid(3), store=tmp_path / "whole", workers=1)
    undisturbed = results(tmp_path / "whole")
    met = 0
    for number in itertools.count(1, 1 if LONG else 17):
        folder = tmp_path / f"{number}"
        fresh(refuse_one)
        runner.run(grid(2), store=folder, workers=1)
        before = keys(folder / "e", "fake")
        manifest = (folder / "e" / "manifest.json").read_bytes()
        fresh()
        with monkeypatch.context() as patch:
            fails_at(patch, number, code)
            try:
                runner.run(grid(3), store=folder, workers=1)
            except (StoreIOError, OSError):
                failed = True
            else:
                failed = False
        assert before <= keys(folder / "e", "fake")
        assert unreadable(folder / "e") == []
        now = store.read_manifest(store.layout(folder, "e"))
        assert (folder / "e" / "manifest.json").read_bytes() == manifest or now["started"]
        assert runner.run(grid(3), store=folder, workers=1).failed == 0
        assert results(folder) == undisturbed
        if not failed and number > 60:
            break
        met += failed
    print(f"\n{errno.errorcode[code]}: {met} of {number} operations made to fail")
    assert met > 5
