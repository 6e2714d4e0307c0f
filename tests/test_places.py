"""Places of trials in a grid, against the trials themselves, one by one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab import experiment, grid
from rnnlab.columns import schema
from rnnlab.experiment import ranges
from rnnlab.grid.places import Places
from rnnlab.trial import parameters, trial_of


def described(*grids, zips=()):
    data = {"schema": 1, "name": "e", "grid": list(grids), "measure": {"gradients": {}}}
    return experiment.parse(data | ({"zip": [list(z) for z in zips]} if zips else {}))


def table(trials):
    """Rows as a measure's table has them."""
    rows = [{each.column.name: getattr(trial, name) for name, each in parameters().items()} for trial in trials]
    return pa.Table.from_pylist(rows, schema(each.column for each in parameters().values()))


BASE = {"activation": "tanh", "width": 4, "length": 5}
EXPERIMENTS = {
    "constants": described(BASE),
    "axes": described(
        BASE | {"activation": ["tanh", "relu"], "recurrent_scale": [1, 0.5], "seed": {"range": [3, 9, 2]}}
    ),
    "follows": described(BASE | {"width": [4, 3], "inputs": 2, "seed": [5, 1]}),
    "zip": described(BASE | {"width": [4, 3, 4], "batch": [1, 1, 2], "seed": [0, 1]}, zips=[("width", "batch")]),
    "zip of repeated values": described(
        BASE | {"length": [4, 4, 3, 3], "batch": [1, 2, 1, 2], "recurrent_scale": [1.0, 1.0, 1.0, 2.0]},
        zips=[("length", "batch", "recurrent_scale")],
    ),
    "long ranges": described(BASE | {"seed": {"range": 5000}, "length": [3, 2]}),
    "falling": described(BASE | {"seed": {"range": [3000, 0, -2]}}),
    "long scales": described(
        BASE | {"recurrent_scale": {"start": 4.0, "stop": 0.1, "num": 1500, "spacing": "log"}, "seed": [0, 1]}
    ),
    "overlap": described(
        BASE | {"length": [5, 6], "seed": {"range": 4}},
        BASE | {"length": [6, 7], "seed": {"range": [2, 6]}, "recurrent_scale": [1.0, 2.0]},
        BASE | {"length": [7], "seed": 3},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_trial_has_its_place_in_grid_order(name):
    one, trials = EXPERIMENTS[name], list(grid.trials(EXPERIMENTS[name]))
    places = Places(one)
    built = [(place, trial) for at, chunk in places.trials() for place, trial in zip(at, chunk, strict=True)]
    assert [trial for _, trial in built] == trials
    at = np.array([place for place, _ in built])
    assert (np.diff(at) > 0).all()
    assert places.all().tolist() == at.tolist()
    shuffled = np.random.default_rng(0).permutation(len(trials))
    assert places.find(table([trials[i] for i in shuffled])).tolist() == at[shuffled].tolist()
    assert {name: each.to_pylist() for name, each in places.columns(at).items()} == table(trials).to_pydict()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_other_trials_have_none(name):
    one = EXPERIMENTS[name]
    known = set(grid.trials(one))
    changes = {
        "activation": "relu",
        "width": 3,
        "length": 6,
        "batch": 2,
        "recurrent_scale": 0.75,
        "seed": 4,
        "dtype": "float32",
    }
    others = [trial_of(trial.values() | {key: value}) for trial in list(known)[:20] for key, value in changes.items()]
    found = Places(one).find(table(others))
    assert [place >= 0 for place in found] == [trial in known for trial in others]


def test_rows_without_parameters_have_no_place():
    places = Places(EXPERIMENTS["long ranges"])
    row = table(list(grid.trials(EXPERIMENTS["long ranges"]))[:1]).to_pylist()[0]
    rows = pa.Table.from_pylist([row, row | {"seed": None}, row | {"activation": None}], table([]).schema)
    assert places.find(rows).tolist() == [0, -1, -1]


numbers = st.lists(st.integers(1, 6), min_size=1, max_size=4)


@given(st.lists(st.tuples(numbers, numbers, numbers, st.booleans()), min_size=1, max_size=3))
@settings(max_examples=50)
def test_any_union_of_grids(tables):
    grids = [BASE | {"length": lengths, "batch": batches, "seed": seeds} for lengths, batches, seeds, _ in tables]
    one = described(*grids)
    trials = list(grid.trials(one))
    found = Places(one).find(table(trials))
    assert found.tolist() == Places(one).all().tolist()
    assert len(set(found.tolist())) == len(trials) == grid.count(one)


def test_long_scales_are_the_floats_of_the_range(monkeypatch):
    column = ranges.Spaced(0.1, 3.0, 2000, "log")
    one = described(BASE | {"recurrent_scale": {"start": 0.1, "stop": 3.0, "num": 2000, "spacing": "log"}})
    [(_, trials)] = Places(one).trials()
    assert [trial.recurrent_scale for trial in trials] == list(column)
