"""`gc` against its promise: what the grid names stays, to the bit, and the rest goes when it was asked for."""

from __future__ import annotations

import contextlib
import gc as garbage
import json

import pandas as pd
import pytest
from click.testing import CliRunner

import rnnlab
from rnnlab import api, runner, store
from rnnlab.cli import main
from rnnlab.store import files, staging
from tests.small_stores import made, tables, written


def gc(there, *arguments, answer=None):
    done = CliRunner().invoke(main, ["gc", "e", "--store", str(there), *arguments], input=answer)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def littered(folder):
    """More seeds, other settings and another measure than the manifest names, and leftovers."""
    place = store.layout(folder, "e")
    runner.run(made(("gradients", "lags", "gain"), seed={"range": 6}), store=folder, workers=1)
    wide = made(("gradients",))
    runner.run(_with_steps(wide), store=folder, workers=1)
    runner.run(made(), store=folder, workers=1)
    staging.folder(place.damaged)
    (place.damaged / "gradients-x.damaged").write_bytes(b"x" * 100)
    staging.stage(place, b"half")
    return folder


def _with_steps(described):
    resolved = described.resolved()
    return api.read({**resolved, "measure": {"gradients": {"steps": 2}}})


def test_what_goes_is_told_and_nothing_is_touched(littered):
    before = {path: path.read_bytes() for path in written(littered)}
    code, out, _ = gc(littered, "--dry-run")
    assert code == 0
    for line in (
        "e/gradients: 4 rows of 4 trials not in the grid",
        "e/gradients: 8 rows of 8 trials of other settings",
        "e/gain: 12 rows of 12 trials of a measure that the manifest does not name",
        "e: 2 files, 104 B, set aside or left by killed runs",
    ):
        assert line in out
    assert {path: path.read_bytes() for path in written(littered)} == before


def test_only_what_the_grid_names_is_left_to_the_bit(littered, finished):
    shown = api.load("e", littered).trials
    code, out, _ = gc(littered, "--yes", "--json")
    assert code == 0
    assert json.loads(out)[0]["removed"] is True
    assert tables(littered) == tables(finished)
    pd.testing.assert_frame_equal(api.load("e", littered).trials, shown)
    assert rnnlab.verify("e", littered).ok
    assert rnnlab.verify("e", littered).notes == ()
    assert runner.run(made(), store=littered, workers=1).new == 0
    assert gc(littered, "--yes")[1] == "e: everything counts\n"


def test_results_are_not_removed_without_a_word(littered):
    before = tables(littered)
    code, _, err = gc(littered)
    assert code == 2
    assert "--yes" in err
    assert tables(littered) == before


def test_rows_of_the_grid_stay_whatever_operation_fails(littered, finished, monkeypatch):
    wanted = api.load("e", finished).trials
    originals = {name: getattr(files, name) for name in files.CHANGES}
    for number in range(1, 60, 4):
        calls = iter(range(1, 10**6))

        def failing(name, number=number, calls=calls):
            def operation(*args):
                if next(calls) >= number:
                    raise OSError(5, "Input/output error")
                return originals[name](*args)

            return operation

        for name in files.CHANGES:
            monkeypatch.setattr(files, name, failing(name))
        with contextlib.suppress(OSError, rnnlab.StoreIOError, rnnlab.StoreBusy):
            api.gc("e", littered)
        garbage.collect()  # a lock whose release failed goes with its object, which a traceback may still hold
        for name in files.CHANGES:
            monkeypatch.setattr(files, name, originals[name])
        found = api.load("e", littered).trials
        pd.testing.assert_frame_equal(found.drop(columns=["environment"]), wanted.drop(columns=["environment"]))
    api.gc("e", littered)
    assert tables(littered) == tables(finished)


def test_damage_is_not_built_upon(littered):
    [victim, *_] = (littered / "e" / "gradients").iterdir()
    data = victim.read_bytes()
    victim.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
    assert gc(littered, "--yes")[0] == 4
    assert victim.exists()
