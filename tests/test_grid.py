"""Trials: as many as counted, distinct, in order; and blocks that hold each of them once."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab import experiment, grid, measures
from rnnlab.errors import UsageError
from rnnlab.measures.work import Work
from rnnlab.trial import trial_of
from tests.experiments import GOOD, fake_measures, make, table

__all__ = ["fake_measures"]


def union(*tables: dict[str, Any], **top: Any) -> experiment.Experiment:
    return experiment.parse({**GOOD, "grid": [{**GOOD["grid"], **one} for one in tables], **top})


def test_the_order_of_the_file_the_last_axis_fastest_and_the_seed_innermost() -> None:
    found = make(seed=[5, 3], recurrent_scale=[2, 1], batch=[1, 2])
    seen = [(trial.recurrent_scale, trial.batch, trial.seed) for trial in grid.trials(found)]
    assert seen == list(itertools.product([2.0, 1.0], [1, 2], [5, 3]))


def test_trials_are_lazy() -> None:
    found = make(seed={"range": 2**62}, input_scale={"start": 1e-3, "stop": 1e3, "num": 10**8})
    first = list(itertools.islice(grid.trials(found), 3))
    assert [trial.seed for trial in first] == [0, 1, 2]


@pytest.mark.parametrize(
    ("axes", "number"),
    [
        ({"seed": {"range": 10**9}}, 10**9),
        ({"seed": {"range": 2**40}, "batch": {"range": [1, 2**10 + 1]}, "length": {"range": [1, 2**20 + 1]}}, 2**70),
    ],
)
def test_too_many_are_counted_and_refused_unless_allowed(axes: dict[str, Any], number: int) -> None:
    found = make(**axes)
    assert grid.count(found) == number
    with pytest.raises(UsageError, match=rf"good: {number:,} trials .* seed .*--max-trials {number}"):
        grid.check(found)
    assert grid.check(found, max_trials=number) == number


def test_a_limit_is_no_limit_for_what_it_holds() -> None:
    assert grid.check(make(seed={"range": 10**7})) == 10**7


def test_grids_that_overlap_are_a_union() -> None:
    found = union({"seed": {"range": 10}}, {"seed": {"range": [5, 15]}}, {"seed": 3}, {"activation": "relu", "seed": 3})
    assert grid.count(found) == 16
    assert [trial.seed for trial in grid.trials(found)] == [*range(15), 3]
    assert grid.notes(found) == ("grids overlap: 6 trials stand in more than one and are computed once",)


def test_large_grids_that_overlap_are_counted_without_being_built() -> None:
    wide = {"seed": {"range": 10**5}, "recurrent_scale": {"start": 1, "stop": 2, "num": 1000}}
    found = union(wide, {**wide, "seed": {"range": [50_000, 150_000]}}, wide)
    assert grid.count(found) == 150_000 * 1000


def test_a_thousand_grids() -> None:
    found = union(*({"seed": i // 2, "recurrent_scale": i // 2} for i in range(1000)))
    assert grid.count(found) == len(list(grid.trials(found))) == 500


def test_axes_are_the_names_that_vary() -> None:
    assert grid.axes(make()) == ()
    assert grid.axes(make(width=[8, 16], seed=[0, 1], loss=["squared"])) == ("width", "seed")
    assert grid.axes(make(width=[8, 16], inputs=[8, 16])) == ("width", "inputs")
    assert grid.axes(make(width=[8, 16], inputs=3)) == ("width",)
    assert grid.axes(union({"activation": "tanh"}, {"activation": "relu", "seed": [0, 1]})) == ("activation", "seed")
    assert grid.axes(union({"width": 8}, {"width": 16})) == ("width",)
    assert grid.axes(union({"width": 8}, {"width": 8, "inputs": 3})) == ("inputs",)


small = st.lists(st.integers(1, 3), min_size=1, max_size=3)
tables = st.fixed_dictionaries(
    {},
    optional={
        "activation": st.lists(st.sampled_from(["tanh", "relu"]), min_size=1, max_size=2),
        "width": small,
        "inputs": small,
        "batch": small,
        "input_scale": small,
        "seed": small,
    },
)


@given(st.lists(tables, min_size=1, max_size=4))
def test_count_is_the_number_of_distinct_trials(given_: list[dict[str, Any]]) -> None:
    found = union(*given_)
    trials = list(grid.trials(found))
    assert len(set(trials)) == len(trials) == grid.count(found)
    assert len({trial.key for trial in trials}) == len(trials)
    one_by_one = [trial for table_ in given_ for trial in grid.trials(union(table_))]
    assert trials == list(dict.fromkeys(one_by_one))


@given(st.lists(st.lists(st.integers(1, 3), min_size=2, max_size=2), min_size=3, max_size=3), st.booleans())
def test_count_with_ties(given_: list[list[int]], third: bool) -> None:
    width, batch, seed = given_
    zips = [["width", "batch", "seed"]] if third else [["width", "batch"]]
    found = union({"width": width, "batch": batch, "seed": seed}, {"width": width, "inputs": 2}, {"batch": 1}, zip=zips)
    trials = list(grid.trials(found))
    assert len(set(trials)) == len(trials) == grid.count(found)


def test_inclusion_with_a_naive_count() -> None:
    found = union(
        {"width": [1, 2], "seed": [0, 1, 2], "batch": [1, 2]},
        {"width": [2, 3], "seed": [1, 2, 3], "batch": [2, 3]},
        {"width": [1, 3], "seed": [0, 3], "inputs": [1, 2]},
    )
    naive = {(w, s, b, w) for w in (1, 2) for s in (0, 1, 2) for b in (1, 2)}
    naive |= {(w, s, b, w) for w in (2, 3) for s in (1, 2, 3) for b in (2, 3)}
    naive |= {(w, s, 1, i) for w in (1, 3) for s in (0, 3) for i in (1, 2)}
    # outputs follow the width in all three
    assert grid.count(found) == len(naive)
    assert {(t.width, t.seed, t.batch, t.inputs) for t in grid.trials(found)} == naive


WORK = {"gradients": {"steps": True}}


def test_blocks_hold_every_trial_once_equal_in_shape_with_seeds_together() -> None:
    found = make(
        activation=["tanh", "relu"], length=[5, 9], seed=[1, 0], recurrent_scale=[1, 2, 3], dtype=["float64", "float32"]
    )
    made = grid.blocks(grid.trials(found), WORK)
    assert len(made) == 4
    assert sorted(t.key for b in made for t in b.trials) == sorted(t.key for t in grid.trials(found))
    for block in made:
        assert len({tuple(getattr(trial, name) for name in grid.SHAPE) for trial in block.trials}) == 1
        assert [trial.seed for trial in block.trials] == [0] * 6 + [1] * 6
        assert block.work == (("gradients", {"steps": True}),)
        assert pickle.loads(pickle.dumps(block)) == block


def block_size(**shape: Any) -> int:
    trial = next(grid.trials(make(**shape)))
    return grid.block_size(trial, measures.work_of(trial, WORK))


def test_rows_and_products_of_a_measure_make_blocks_smaller() -> None:
    trial = next(grid.trials(make(width=16, length=200)))
    sizes = [grid.block_size(trial, each) for each in (Work(), Work(rows=20_000), Work(flops=1e10))]
    assert sizes[0] > 10 * sizes[1] > 10
    assert sizes[2] == 1


def test_blocks_are_bounded_by_work_memory_and_number() -> None:
    size = {name: block_size(**shape) for name, shape in {
        "tiny": {"width": 4, "length": 5},
        "usual": {"width": 64, "length": 200, "batch": 32},
        "long": {"width": 4, "length": 10**6, "batch": 8},
        "huge": {"width": 8192, "length": 10},
    }.items()}  # fmt: skip
    assert 1000 <= size["tiny"] <= grid.MAX_BLOCK
    assert 1 < size["usual"] < 100
    assert size["long"] == size["huge"] == 1


def test_blocks_are_of_nearly_equal_size_and_do_not_depend_on_what_else_runs() -> None:
    alike = list(grid.trials(make(width=64, length=200, batch=32, seed={"range": 50})))
    sizes = [len(block.trials) for block in grid.blocks(alike, WORK)]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= block_size(width=64, length=200, batch=32)
    other = list(grid.trials(make(width=32)))
    assert grid.blocks(alike + other, WORK)[: len(sizes)] == grid.blocks(alike, WORK)
    assert grid.blocks([], WORK) == []


@given(tables)
def test_blocks_lose_nothing(given_: dict[str, Any]) -> None:
    trials = list(grid.trials(experiment.parse(table(**given_))))
    assert sorted(t.key for b in grid.blocks(trials, WORK) for t in b.trials) == sorted(t.key for t in trials)


def test_trials_that_train_side_by_side_are_few_but_more_than_their_time_alone_allows():
    trial = trial_of({"activation": "tanh", "width": 32, "length": 40})
    sizes = [grid.block_size(trial, Work(flops=flops, pauses=True)) for flops in (1e6, 4e11, 1e14)]
    assert sizes[0] == 8
    assert sizes[2] == 1 < sizes[1] < 8
    assert grid.block_size(trial, Work(flops=4e11)) == 1
