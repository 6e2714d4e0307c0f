"""Parameters of tasks and of training that do not fit: a message with place, value and remedy before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rnnlab
from rnnlab import draws, experiment
from rnnlab.errors import ExperimentError, UsageError
from rnnlab.grid.varying import axes
from tests import experiments
from tests.experiments import fake_measures

__all__ = ["fake_measures"]
BASE = {"activation": "tanh", "width": 8, "length": 64}
X, Y = np.random.default_rng(0).normal(size=(7, 20, 3)), np.random.default_rng(1).normal(size=(7, 20, 2))
CLASSES = np.random.default_rng(2).integers(4, size=(7, 20))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("mine.npz", x=X, y=Y)
    np.savez("classes.npz", x=X, y=CLASSES[0])
    monkeypatch.setitem(experiments.FAKES, "training", experiments.FAKES["gradients"])


def read(zips: Any = None, measures: tuple[str, ...] = ("training",), **grid: Any) -> experiment.Experiment:
    table = {"schema": 1, "name": "e", "grid": {**BASE, **grid}, "measure": {name: {} for name in measures}}
    return experiment.parse(table | ({"zip": zips} if zips else {}), "e.toml")


MISFITS = {
    "window beyond the length": ({"k1": 65, "k2": 65}, "e.toml: grid.k1 is 65, more than", "use at most 64"),
    "k1 > k2": ({"k1": 5, "k2": 4}, "grid.k1 is 5, more than k2 = 4", "Use at most 4."),
    "k2 alone": ({"k2": 5}, "grid.k2 is 5, but k1 is the whole sequence", "Give k1, at most 5."),
    "k1 beyond the shortest": ({"k1": [0, 8], "length": [5, 50]}, "grid.k1 is 8, more than the smallest length 5"),
    "a window online": ({"k1": 3, "update_rule": "online"}, 'means nothing where update_rule is "online"', '"full"'),
    "two clippings": ({"clip_norm": 1, "clip_value": [0, 2]}, "grid.clip_value is 2 where clip_norm is 1", "[[grid]]"),
    "rate nan": ({"learning_rate": float("nan")}, "grid.learning_rate is nan; it must be a number from 0 to 1e9."),
    "rate inf": ({"learning_rate": float("inf")}, "grid.learning_rate is inf; it must be a number from 0 to 1e9."),
    "rate negative": ({"learning_rate": -0.1}, "grid.learning_rate is -0.1; it must be a number from 0 to 1e9."),
    "momentum 1": ({"optimizer": "momentum", "momentum": 1}, "momentum is 1; it must be a number from 0 below 1."),
    "momentum of adam": ({"optimizer": "adam", "momentum": 0.5}, 'means nothing where optimizer is "adam"'),
    "leak 0": ({"leak": 0}, "grid.leak is 0; it must be a number above 0 to 1."),
    "wide rtrl": ({"update_rule": "rtrl", "width": [8, 65]}, "where the width is 65", 'at most 64, or "online".'),
    "large rtrl": ({"update_rule": "rtrl", "width": 64, "batch": 512}, "MiB of sensitivities", "Use a smaller batch."),
    "rtrl and flossing": ({"update_rule": "rtrl", "flossing": 1}, 'flossing is 1 where update_rule is "rtrl"'),
    "rtrl and penalty": ({"update_rule": "rtrl", "vanishing_penalty": 1}, "penalty is 1 where", "no such term"),
    "exponents alone": ({"flossing_exponents": 3}, "is 3, which means nothing without flossing", "flossing_updates."),
    "exponents beyond": ({"flossing_exponents": 9, "flossing": 1}, "is 9, more than the smallest width 8"),
    "no such task": ({"task": "addin"}, 'grid.task is "addin"', "Did you mean adding?"),
    "inputs of adding": ({"task": "adding", "inputs": 3}, "grid.inputs is 3, but the task adding has 2: leave it out."),
    "loss of adding": ({"task": "adding", "loss": "cross_entropy"}, 'is "cross_entropy", but the task adding has'),
    "steps of adding": ({"task": "adding", "loss_at": "every"}, 'is "every", but the task adding has "last" alone.'),
    "short": ({"task": "copy_memory", "length": [30, 20]}, "grid.length is 20", "have 21 or more steps."),
    "digits of another length": ({"task": "digits", "length": [8, 20]}, "length is 20", "have 64 or 8 steps."),
    "large batch": ({"task": "digits", "batch": 2000}, "batch is 2000", "use at most 1442."),
    "too long": ({"task": "adding", "length": 10**6, "batch": 32}, "are held as a whole", "732 MiB", "349525 steps"),
    "too long to train on": ({"length": 10**6, "batch": 32}, "of training are held as a whole", "Use at most"),
    "untied": ({"task": ["adding", "noise"], "width": [4, 8]}, "would follow task and width", "its own [[grid]]"),
    "no data": ({"task": "arrays"}, "grid.data is missing", 'as data = "mine.npz".'),
    "data for nothing": ({"data": "mine.npz"}, 'means nothing where task is "noise"', 'it belongs to "arrays"'),
    "data a number": ({"task": "arrays", "data": 3}, "grid.data is 3; it must be a text of at most 1000 printable"),
    "another length": ({"task": "arrays", "data": "mine.npz"}, "grid.length is 64", "have 7 steps."),
    "fewer classes": (
        {"task": "arrays", "data": "classes.npz", "length": 7, "outputs": 3}, "outputs is 3", "has 4: leave it out.",
    ),
    "one class at every step": (
        {"task": "arrays", "data": "classes.npz", "length": 7, "loss_at": "every"}, 'is "every"', '"last" alone',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_is_told_before_anything_runs(case: str) -> None:
    grid, *parts = MISFITS[case]
    with pytest.raises(ExperimentError) as caught:
        read(**grid)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "case", [name for name in MISFITS if not any(map(isinstance, MISFITS[name][0].values(), [list] * 9))]
)
def test_draw_tells_it_too(case: str) -> None:
    if case == "too long to train on":
        return
    with pytest.raises(ExperimentError, match=r"^draw: "):
        rnnlab.draw(**{**BASE, **MISFITS[case][0]})


def test_training_parameters_ask_for_the_measure() -> None:
    with pytest.raises(ExperimentError) as caught:
        read(measures=("gradients",), learning_rate=0.5, optimizer=["sgd", "adam"])
    assert str(caught.value).splitlines() == [
        f"e.toml: grid.{name} is a parameter of the measure training: add [measure.training]."
        for name in ("optimizer", "learning_rate")
    ]
    assert rnnlab.draw(**BASE, learning_rate=0.5, optimizer="adam").trial.optimizer == "adam"


def test_leaky_units_ask_for_measures_that_know_them() -> None:
    with pytest.raises(
        ExperimentError, match=r"grid\.leak is 0\.5, but the measure lags knows no leaky units: leave one"
    ):
        read(measures=("lags",), leak=[1.0, 0.5])


FITTING = [
    ({"optimizer": "momentum", "momentum": [0.5, 0.9]}, None),
    ({"k1": 5}, None),
    ({"k1": [0, 5], "k2": [0, 10]}, [["k1", "k2"]]),
    ({"optimizer": ["sgd", "momentum"], "momentum": [0.9, 0.5]}, [["optimizer", "momentum"]]),
    ({"update_rule": ["full", "online", "rtrl"], "width": 64, "batch": 4}, None),
    ({"task": ["adding", "copy_memory", "noise"], "length": [30, 60]}, None),
    ({"task": ["adding", "noise"], "width": [4, 8]}, [["task", "width"]]),
    ({"task": "digits", "length": [8, 64]}, None),
    ({"task": ["digits", "adding"], "length": [8, 50]}, [["task", "length"]]),
    ({"task": "arrays", "data": ["mine.npz", "classes.npz"], "length": 7}, None),
    ({"task": ["arrays", "noise"], "data": ["mine.npz", ""], "length": 7}, [["task", "data"]]),
    ({"task": "arrays", "data": "classes.npz", "length": 7, "outputs": [4, 6]}, None),
]


@pytest.mark.parametrize(("grid", "zips"), FITTING)
def test_what_fits_is_taken_and_resolved(grid: dict[str, Any], zips: Any) -> None:
    found = read(zips, **grid)
    assert experiment.parse(json.loads(json.dumps(found.resolved()))) == found


def test_what_follows_the_task_is_no_axis() -> None:
    found = read(task=["adding", "copy_memory"], width=[4, 8])
    assert axes(found) == ("width", "task")
    rows = {row for axis in found.grids[0].axes if "task" in axis.names for row in axis.rows()}
    assert rows == {(2, 1, "adding", "squared", "last"), (10, 9, "copy_memory", "cross_entropy", "every")}
    assert axes(read(task=["adding", "noise"], loss="squared", inputs=2, outputs=1)) == ("task",)


def savez(name: str, **arrays: Any) -> str:
    np.savez(name, **arrays)
    return name


def table(name: str = "mine.parquet", **changes: Any) -> str:
    """Write X and Y as a table, with these columns in place of its own; None: left out."""
    T, S = X.shape[:2]
    columns = {"sequence": np.tile(np.arange(S), T), "t": np.repeat(np.arange(1, T + 1), S)}
    columns |= {f"x{i + 1}": X[:, :, i].ravel() for i in range(3)} | {f"y{i + 1}": Y[:, :, i].ravel() for i in range(2)}
    columns = {key: each for key, each in (columns | changes).items() if each is not None}
    pq.write_table(pa.table(columns), name)
    return name


def odd(value: float) -> np.ndarray:
    found = X.copy()
    found[2, 3, 1] = value
    return found


FILES = {
    "missing": (lambda: "nothing.npz", "nothing.npz does not exist; a name is relative to the working directory"),
    "another kind": (lambda: "mine.csv", "is neither a .npz nor a .parquet"),
    "a folder": (lambda: Path("folder.npz").mkdir() or "folder.npz", "is no regular file"),
    "not a zip": (lambda: str(Path("a.npz").write_bytes(b"hello") and "a.npz"), "is no file of numpy.savez"),
    "half a zip": (
        lambda: str(Path("a.npz").write_bytes(Path("mine.npz").read_bytes()[:900]) and "a.npz"), "is no file of",
    ),
    "objects": (lambda: savez("a.npz", x=X, y=np.array([{}, 1], object)), "Python objects are refused"),
    "not parquet": (lambda: str(Path("a.parquet").write_bytes(b"hello") and "a.parquet"), "is no Parquet file"),
    "no y": (lambda: savez("a.npz", x=X), "has no array y; it must have x (T, S, D) and y"),
    "a typo": (lambda: savez("a.npz", x=X, y=Y, xtest=X), "holds 'xtest', which is unknown. Did you mean x_test?"),
    "half a test": (lambda: savez("a.npz", x=X, y=Y, x_test=X), "has x_test but no y_test"),
    "flat x": (lambda: savez("a.npz", x=X[:, :, 0], y=Y), "has x of shape (7, 20); it must be (T, S, D)"),
    "empty": (lambda: savez("a.npz", x=X[:, :0], y=Y[:, :0]), "has x of shape (7, 0, 3)"),
    "complex": (lambda: savez("a.npz", x=X * 1j, y=Y), "has x of dtype complex128; it must hold real numbers"),
    "texts": (lambda: savez("a.npz", x=X.astype("U5"), y=Y), "it must hold real numbers"),
    "nan": (lambda: savez("a.npz", x=odd(np.nan), y=Y), "has nan at x[2, 3, 1]; every number must be finite"),
    "inf in y": (lambda: savez("a.npz", x=X, y=np.full_like(Y, np.inf)), "has inf at y[0, 0, 0]"),
    "other steps": (lambda: savez("a.npz", x=X, y=Y[:6]), "x of shape (7, 20, 3) and y of shape (6, 20, 2)"),
    "other sequences": (lambda: savez("a.npz", x=X, y=CLASSES[0, :19]), "steps and sequences must be the same"),
    "flat y": (lambda: savez("a.npz", x=X, y=Y[0]), "has y of shape (20, 2) and dtype float64; it must be (T, S, O)"),
    "class -1": (lambda: savez("a.npz", x=X, y=CLASSES - 1), "has a class -1 in y; classes count from 0"),
    "class 10^9": (lambda: savez("a.npz", x=X, y=CLASSES + 10**9), "there are at most 1048576"),
    "another test": (lambda: savez("a.npz", x=X, y=Y, x_test=X[:, :, :2], y_test=Y), "x_test of shape (7, 20, 2)"),
    "one sequence": (lambda: savez("a.npz", x=X[:, :1], y=Y[:, :1]), "a test part needs another"),
    "no sequence": (lambda: table(sequence=None), "has no column sequence"),
    "a column too many": (lambda: table(z=Y[:, :, 0].ravel()), "has a column 'z', which is unknown"),
    "a gap": (lambda: table(x2=None), "has columns x1, x3 of x; give x alone, or x1, x2"),
    "no x at all": (lambda: table(x1=None, x2=None, x3=None), "has columns none of x"),
    "a null": (lambda: table(x1=pa.array([None] * 140, pa.float64())), "has a null in column x1"),
    "steps from 0": (lambda: table(t=np.repeat(np.arange(7), 20)), "each needs every t from 1 to"),
    "steps as floats": (lambda: table(t=np.repeat(np.arange(1.0, 8.0), 20)), "does not hold whole numbers"),
    "half a sequence for tests": (lambda: table(test=np.arange(140) % 2 == 0, sequence=np.repeat(np.arange(20), 7),
                                                t=np.tile(np.arange(1, 8), 20)), "for each sequence as a whole"),
    "all for tests": (lambda: table(test=np.ones(140, bool)), "leaves one part without a sequence"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_used(case: str) -> None:
    make, *parts = FILES[case]
    name = make()
    with pytest.raises(ExperimentError) as caught:
        read(task="arrays", data=name, length=7)
    assert str(caught.value).startswith(f'e.toml: grid.data is "{name}": {name} ')
    for part in parts:
        assert part in str(caught.value)
    with pytest.raises(ExperimentError):
        rnnlab.draw(**{**BASE, "task": "arrays", "data": name, "length": 7})


def test_the_key_is_of_the_content_and_a_changed_file_is_told() -> None:
    found = read(task="arrays", data="mine.npz", length=7)
    resolved = found.resolved()
    name = resolved["grid"]["data"]
    assert name.startswith("mine.npz#")
    old = rnnlab.draw(**{**BASE, "task": "arrays", "data": "mine.npz", "length": 7})
    assert old.trial.data == name
    np.savez("mine.npz", x=X + 1, y=Y)
    new = rnnlab.draw(**{**BASE, "task": "arrays", "data": "mine.npz", "length": 7})
    assert new.trial.key != old.trial.key
    np.testing.assert_array_equal(new.x, old.x + 1)
    with pytest.raises(
        ExperimentError, match=r"mine\.npz has changed since: its sha256 begins with .* Bring the old file"
    ):
        experiment.parse(resolved, "manifest.json")
    Path("mine.npz").unlink()
    from rnnlab.tasks import array_files

    array_files._held.cache_clear()
    with pytest.raises(UsageError, match="does not exist"):
        draws.problem(old.trial)


def test_a_table_holds_what_arrays_hold() -> None:
    table()
    values = {**BASE, "task": "arrays", "length": 7, "batch": 16}
    one, two = (rnnlab.draw(**values, data=name) for name in ("mine.npz", "mine.parquet"))
    np.testing.assert_array_equal(one.x, two.x)
    np.testing.assert_array_equal(one.y, two.y)
    assert one.x.shape == (7, 16, 3)
    np.testing.assert_array_equal(np.sort(one.x, axis=1), np.sort(X[:, :16], axis=1))
    np.testing.assert_array_equal(draws.networks([one.trial]).training.lessons.test(0, 99)[0], X[:, 16:])


def test_parts_for_tests() -> None:
    marked = np.tile(np.arange(20) % 2 == 1, 7)
    table(test=marked, y1=None, y2=None, y=CLASSES.ravel())
    np.savez("parted.npz", x=X[:, ::2], y=CLASSES[:, ::2], x_test=X[:, 1::2], y_test=CLASSES[:, 1::2])
    for name in ("mine.parquet", "parted.npz"):
        problem = rnnlab.draw(**{**BASE, "task": "arrays", "length": 7, "batch": 10, "data": name})
        x, y = draws.networks([problem.trial]).training.lessons.test(0, 99)
        np.testing.assert_array_equal(x, X[:, 1::2])
        np.testing.assert_array_equal(y, CLASSES[:, 1::2])
        assert (problem.trial.loss, problem.trial.loss_at, problem.trial.outputs) == ("cross_entropy", "every", 4)
        for b in range(10):
            (at,) = np.flatnonzero((X[:, ::2] == problem.x[:, b : b + 1]).all(axis=(0, 2)))
            np.testing.assert_array_equal(problem.y[:, b], CLASSES[:, 2 * at])
