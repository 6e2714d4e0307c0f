"""Experiment files that can be read: what they mean."""

from __future__ import annotations

import json
import math
import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab import experiment, grid
from rnnlab.errors import ExperimentError
from rnnlab.experiment import names
from rnnlab.experiment.ranges import EXPANDED, Spaced
from rnnlab.trial import parameters
from tests.experiments import GOOD, Gradients, Lags, fake_measures, make, table, values, write

__all__ = ["fake_measures"]

SCALES = """\
schema = 1
name = "scales"
title = "How does the gradient grow with the gain?"

[grid]                                    # a list or a range is an axis, a single value is a constant
activation = ["tanh", "sigmoid", "relu"]
recurrent_scale = { start = 0.25, stop = 16.0, num = 25, spacing = "log" }
length = [25, 50, 100, 200]
seed = { range = 8 }
width = 64
loss_at = "last"

[measure.gradients]                       # a table switches a measure on; its keys are that measure's settings
"""


def test_the_example_of_the_design(tmp_path: Path) -> None:
    found = experiment.read(write(tmp_path, SCALES))
    assert (found.name, found.title) == ("scales", "How does the gradient grow with the gain?")
    assert found.grids[0].size == 3 * 25 * 4 * 8
    assert values(found, "recurrent_scale") == pytest.approx(np.geomspace(0.25, 16, 25), rel=1e-14)
    assert values(found, "seed") == list(range(8))
    assert values(found, "inputs") == values(found, "outputs") == [64]
    assert found.measures == {"gradients": Gradients()}
    assert found.notes == ()


@pytest.mark.parametrize("text", ["\ufeff" + SCALES, SCALES.replace("\n", "\r\n"), SCALES + "# é ½\n"])
def test_bom_crlf_and_unicode_are_fine(tmp_path: Path, text: str) -> None:
    assert experiment.read(write(tmp_path, text)) == experiment.read(write(tmp_path, SCALES, "plain.toml"))


DOTS = "see a.b.c.d.e.f.g.h.i.j " + "[{" * 20 + "1" * 60


@pytest.mark.parametrize("quotes", ['"', "'", '"""', "'''"])
def test_what_stands_in_texts_and_comments_is_no_bomb(tmp_path: Path, quotes: str) -> None:
    title = f"title = {quotes}{DOTS}{quotes}  # {DOTS} {'1' * 2000}"
    text = SCALES.replace('title = "How does the gradient grow with the gain?"', title)
    assert experiment.read(write(tmp_path, text)).title == DOTS


def test_a_text_may_end_in_quotes_of_its_own(tmp_path: Path) -> None:
    text = SCALES.replace('"How does the gradient grow with the gain?"', '"""say "\\"go"""" # a.b.c.d.e.f.g.h.i.j')
    assert experiment.read(write(tmp_path, text)).title == 'say ""go"'


def test_a_bare_name_is_an_experiment_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "scales").mkdir()
    write(tmp_path / "experiments", SCALES, "scales.toml")
    assert experiment.read("scales") == experiment.read("scales.toml") == experiment.read("experiments/scales.toml")


def test_every_parameter_is_resolved_and_the_seed_is_innermost() -> None:
    found = make(seed=[0, 1], loss_at="last")
    written = [name for axis in found.grids[0].axes for name in axis.names]
    assert sorted(written) == sorted(parameters())
    assert written[0] == "activation"
    assert written[-1] == "seed"


def test_a_file_without_measures_gets_gradients() -> None:
    assert make().measures == {"gradients": Gradients()}
    assert experiment.parse({**GOOD, "measure": {"lags": {"lags": [3, 4]}}}).measures == {"lags": Lags(lags=(3, 4))}


@pytest.mark.parametrize(
    ("given_", "meant"),
    [(1, 1.0), (1.0, 1.0), (-0.0, 0.0), (0, 0.0), (5e-324, 5e-324), (10**9, 1e9)],
)
def test_scales_are_floats(given_: float, meant: float) -> None:
    (value,) = values(make(recurrent_scale=given_), "recurrent_scale")
    assert type(value) is float
    assert str(value) == str(meant)


@pytest.mark.parametrize(("given_", "meant"), [(1e3, 1000), (2.0, 2), (7, 7)])
def test_whole_floats_are_whole_numbers(given_: float, meant: int) -> None:
    (value,) = values(make(length=given_), "length")
    assert (type(value), value) == (int, meant)


def test_one_and_one_point_zero_have_one_key() -> None:
    keys = {trial.key for one in (1, 1.0) for trial in grid.trials(make(recurrent_scale=one, width=8 * one))}
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        (4, [0, 1, 2, 3]),
        ([2, 5], [2, 3, 4]),
        ([2, 9, 3], [2, 5, 8]),
        ([9, 2, -3], [9, 6, 3]),
        ([4], [0, 1, 2, 3]),
        (1e1, list(range(10))),
    ],
)
def test_range_is_pythons(spec: object, meant: list[int]) -> None:
    assert values(make(seed={"range": spec}), "seed") == meant
    scales = values(make(input_scale={"range": spec}), "input_scale")
    assert scales == meant
    assert {type(scale) for scale in scales} == {float}


def test_linear_points_are_the_floats_a_reader_would_type() -> None:
    tenths = values(make(input_scale={"start": 0.1, "stop": 1.0, "num": 10}), "input_scale")
    assert tenths == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_log_points_have_exact_ends_and_powers() -> None:
    powers = values(make(input_scale={"start": 0.25, "stop": 16, "num": 7, "spacing": "log"}), "input_scale")
    assert powers == [0.25, 0.5, 1, 2, 4, 8, 16]
    falling = values(make(input_scale={"start": 16, "stop": 0.25, "num": 7, "spacing": "log"}), "input_scale")
    assert falling == powers[::-1]


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 50), st.sampled_from(["linear", "log"]))
def test_spacing_agrees_with_numpy(start: float, stop: float, num: int, spacing: str) -> None:
    points = list(Spaced(start, stop, num, spacing))  # type: ignore[arg-type]
    space = np.geomspace if spacing == "log" else np.linspace
    assert points == pytest.approx(space(start, stop, num), rel=1e-12)
    assert (points[0], points[-1], len(points)) == (start, stop, num)


def test_whole_numbers_are_rounded_and_said_so() -> None:
    found = make(length={"start": 10, "stop": 1000, "num": 5, "spacing": "log"})
    assert values(found, "length") == [10, 32, 100, 316, 1000]
    assert found.notes == ("grid.length: rounded to whole numbers",)
    even = make(length={"start": 25, "stop": 100, "num": 4})
    assert values(even, "length") == [25, 50, 75, 100]
    assert even.notes == ()
    dense = make(length={"start": 1, "stop": 4, "num": 10})
    assert values(dense, "length") == [1, 2, 3, 4]
    assert len(dense.notes) == 1


def test_whole_numbers_beyond_2_to_53_stay_exact() -> None:
    last = 2**63 - 1
    assert values(make(seed={"start": last - 6, "stop": last, "num": 3}), "seed") == [last - 6, last - 3, last]


def test_duplicates_collapse_with_a_note() -> None:
    found = make(width=[8, 8.0, 16, 8], recurrent_scale=[0.0, -0.0], seed={"start": 3, "stop": 3, "num": 9})
    assert values(found, "width") == [8, 16]
    assert values(found, "recurrent_scale") == [0.0]
    assert values(found, "seed") == [3]
    assert found.notes == (
        "grid.seed: start and stop are the same, one value is left of 9",
        "grid.width: 2 of 4 values stood there already",
        "grid.recurrent_scale: 1 of 2 values stood there already",
    )


@pytest.mark.parametrize("spec", [{"range": 10**9}, {"start": 0, "stop": 10**12 - 1, "num": 10**12}, {"range": 2**63}])
def test_long_ranges_are_not_built(spec: dict[str, int]) -> None:
    found = make(seed=spec)
    assert found.grids[0].size == max(spec["range"] if "range" in spec else spec["num"], 1)
    assert len(json.dumps(found.resolved())) < 1000
    assert experiment.parse(found.resolved()) == found


def test_long_float_ranges_are_not_built() -> None:
    for spacing in ("linear", "log"):
        found = make(input_scale={"start": 1e-3, "stop": 1e6, "num": 10**9, "spacing": spacing})
        assert found.grids[0].size == 10**9
        assert experiment.parse(found.resolved()) == found


def test_a_recipe_holds_what_the_list_would() -> None:
    spec = {"start": 0.5, "stop": 8, "num": EXPANDED + 1, "spacing": "log"}
    points = values(make(input_scale=spec), "input_scale")
    assert len(set(points)) == len(points) == EXPANDED + 1
    assert all(a < b for a, b in pairwise(points))


def test_zip_ties_axes() -> None:
    found = experiment.parse({**table(width=[8, 16], batch=[1, 2], seed=[0, 1]), "zip": [["width", "batch"]]})
    assert found.grids[0].size == 4
    tied = next(axis for axis in found.grids[0].axes if "width" in axis.names)
    assert tied.names == ("width", "inputs", "outputs", "batch")
    assert tied.values == ((8, 8, 8, 1), (16, 16, 16, 2))


def test_zip_leaves_constants_alone_and_ranges_lazy() -> None:
    found = experiment.parse({**table(width=[8, 16], batch=3), "zip": [["width", "batch"]]})
    assert [(trial.width, trial.batch) for trial in grid.trials(found)] == [(8, 3), (16, 3)]
    lazy = {**table(seed={"range": 10**6}, width={"range": [1, 10**6 + 1]}), "zip": [["width", "seed"]]}
    assert experiment.parse(lazy).grids[0].size == 10**6


def test_inputs_follow_the_width_unless_they_are_given() -> None:
    found = make(width=[8, 16], outputs=3)
    assert [(trial.inputs, trial.outputs) for trial in grid.trials(found)] == [(8, 3), (16, 3)]


def test_a_union_of_grids() -> None:
    tables = [{**GOOD["grid"], "width": [4, 8]}, {**GOOD["grid"], "activation": "relu"}]
    found = experiment.parse({**GOOD, "grid": tables})
    assert [(trial.activation, trial.width) for trial in grid.trials(found)] == [("tanh", 4), ("tanh", 8), ("relu", 8)]


def test_overrides(tmp_path: Path) -> None:
    sets = [
        "activation=tanh,relu", "width=32", "seed={ range = 3 }", "recurrent_scale=[1, 2.5]", "grid.length=1e2",
        "loss_at=\"every\"", "name=other", "title=A, b = c", "measure.gradients.steps=10", "measure.lags.kind=max",
    ]  # fmt: skip
    found = experiment.read(write(tmp_path, SCALES), sets)
    assert values(found, "activation") == ["tanh", "relu"]
    assert values(found, "width") == [32]
    assert values(found, "seed") == [0, 1, 2]
    assert values(found, "recurrent_scale") == [1.0, 2.5]
    assert values(found, "length") == [100]
    assert values(found, "loss_at") == ["every"]
    assert (found.name, found.title) == ("other", "A, b = c")
    assert found.measures == {"gradients": Gradients(steps=10), "lags": Lags(kind="max")}


def test_overrides_reach_every_grid_and_the_last_one_counts(tmp_path: Path) -> None:
    text = 'schema = 1\nname = "u"\n' + "".join(
        f'[[grid]]\nactivation = "{phi}"\nwidth = 4\nlength = 5\n' for phi in ("tanh", "relu")
    )
    found = experiment.read(
        write(tmp_path, text), ["width=6", "width=7", "zip=[['seed', 'batch']]", "seed=1,2", "batch=3,4"]
    )
    assert {(t.width, t.seed, t.batch) for t in grid.trials(found)} == {(7, 1, 3), (7, 2, 4)}
    assert found.measures == {"gradients": Gradients()}
    lags = experiment.read(write(tmp_path, text), ["measure.lags.kind=max"])
    assert list(lags.measures) == ["gradients", "lags"]


def test_a_manifest_is_an_experiment_file(tmp_path: Path) -> None:
    found = experiment.read(write(tmp_path, SCALES))
    manifest = {"format": 1, "experiment": found.resolved(), "files": {}}
    path = write(tmp_path, json.dumps(manifest), "manifest.json")
    assert experiment.read(path) == found
    assert values(experiment.read(path, ["seed=9"]), "seed") == [9]


def test_an_experiment_can_be_pickled() -> None:
    found = make(seed={"range": 10**6}, input_scale={"start": 0.0, "stop": 1.0, "num": 10**4})
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("../x", "x"), ("/etc/passwd", "etc-passwd"), ("a/b", "a-b"), ("CON", "run-con"), ("nul.txt", "run-nul.txt"),
        ("x" * 300, "x" * 64), ("a\nb", "a-b"), ("\N{ROCKET}", "vanish"), ("", "vanish"), ("..", "vanish"), ("a.", "a"),
        ("Über Größe", "uber-groe"), ("My run (2)", "my-run-2"), ("-x", "x"), ("a..b", "a-b"), ("com1", "run-com1"),
        (".hidden", "hidden"), ("a b\\c", "a-b-c"), ("good\n", "good"), ("con" + "." * 70, "run-con"),
    ],
)  # fmt: skip
def test_a_bad_name_is_refused_with_a_good_one(bad: str, good: str) -> None:
    assert names.proposal(bad, "vanish") == good
    assert names.is_name(good)
    with pytest.raises(ExperimentError, match="Write name = "):
        experiment.parse({**GOOD, "name": bad})


@given(st.text(), st.text())
def test_a_proposal_is_a_name(name: str, stem: str) -> None:
    assert names.is_name(names.proposal(name, stem))
    if names.is_name(name):
        assert names.proposal(name) == name


@pytest.mark.parametrize("name", ["a", "0", "x" * 64, "vanishing-exploding", "a.b_c-d", "console", "com", "lengths.2"])
def test_good_names(name: str) -> None:
    assert experiment.parse({**GOOD, "name": name}).name == name


def test_a_trial_of_single_values() -> None:
    problem = experiment.trial({"activation": "tanh", "width": np.int64(64), "length": 1e2, "recurrent_scale": 1})
    assert (problem.width, problem.inputs, problem.length) == (64, 64, 100)
    assert type(problem.recurrent_scale) is float
    with pytest.raises(ExperimentError) as caught:
        experiment.trial({"activation": "tahn", "width": np.arange(1, 3), "sede": 0}, "draw")
    assert [str(problem) for problem in caught.value.problems] == [
        f'draw: activation is "tahn"; it must be one of {", ".join(words["activation"])}. Did you mean tanh?',
        "draw: width is of type ndarray; it must be a whole number from 1 to 1048576.",
        "draw: sede is unknown. Did you mean seed?",
        "draw: length is missing; it must be a whole number from 1 to 100000000.",
    ]


U_KINDS = 'activation = "tanh"\nwidth = [4, 8]\nlength = 5\n'


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "recurrent_density = 0.5",
            ['recurrent_density is 0.5, which means nothing where recurrent_init is "gaussian"'],
        ),
        (
            'recurrent_init = ["sparse", "normal"]\nrecurrent_density = [1.0, 0.5]',
            ['recurrent_density is 0.5, which means nothing where recurrent_init is "normal": it belongs to "sparse"'],
        ),
        (
            'recurrent_init = "low_rank"\nrecurrent_rank = [1, 5]',
            ["recurrent_rank is 5, more than the smallest width 4"],
        ),
        (
            'recurrent_init = "low_rank"\nrecurrent_rank = 5\nrecurrent_density = 0.1',
            ["recurrent_density is 0.1", "use at most 4."],
        ),
        (
            'recurrent_init = "sparse"\nrecurrent_density = 0',
            ["recurrent_density is 0; it must be a number from 1e-06 to 1"],
        ),
        (
            'recurrent_init = ["uniform", "sparse"]',
            ['recurrent_init is "sparse", but no recurrent_density is below 1: nothing is left out'],
        ),
    ],
)
def test_parameters_of_one_kind_of_weights_are_checked(tmp_path: Path, lines: str, expected: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        experiment.read(write(tmp_path, f'schema = 1\nname = "kinds"\n[grid]\n{U_KINDS}{lines}\n'))
    assert len(caught.value.problems) == len(expected)
    for part in expected:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "zips"),
    [
        (
            'recurrent_init = ["gaussian", "sparse"]\nrecurrent_density = [1.0, 0.5]',
            '[["recurrent_init", "recurrent_density"]]',
        ),
        ('recurrent_init = "low_rank"\nrecurrent_rank = [4, 8]', '[["width", "recurrent_rank"]]'),
        (
            'recurrent_init = ["low_rank", "gaussian"]\nrecurrent_rank = [4, 1]',
            '[["recurrent_init", "recurrent_rank"]]',
        ),
        ('recurrent_init = ["gaussian", "normal"]\nrecurrent_rank = 1\neigenvalue_floor = 1', "[]"),
        ('recurrent_init = "sparse"\nrecurrent_density = [0.1, 1.0]', "[]"),
        ('recurrent_init = "normal"\neigenvalue_floor = { start = 0.0, stop = 1.0, num = 5 }', "[]"),
    ],
)
def test_what_fits_is_taken(tmp_path: Path, lines: str, zips: str) -> None:
    found = experiment.read(write(tmp_path, f'schema = 1\nname = "kinds"\nzip = {zips}\n[grid]\n{U_KINDS}{lines}\n'))
    assert experiment.parse(found.resolved()) == found


def test_a_single_trial_is_checked_in_the_same_way() -> None:
    good = {"activation": "tanh", "width": 4, "length": 5}
    with pytest.raises(
        ExperimentError, match="draw: recurrent_rank is 5, more than the smallest width 4; use at most 4"
    ):
        experiment.trial({**good, "recurrent_init": "low_rank", "recurrent_rank": 5}, "draw")
    with pytest.raises(ExperimentError, match=r"draw: recurrent_noise is 0\.5, which means nothing"):
        experiment.trial({**good, "recurrent_noise": 0.5}, "draw")


words = {name: p.type.__args__ for name, p in parameters().items() if p.dtype == "string"}
scales = st.floats(0, 1e9) | st.integers(0, 10**9)
ranges = st.builds(lambda n: {"range": n}, st.integers(1, 2000)) | st.builds(
    lambda a, b, n, how: {"start": a, "stop": b, "num": n, "spacing": how},
    st.integers(1, 10**6), st.integers(1, 10**6), st.integers(2, 2000), st.sampled_from(["linear", "log"]),
)  # fmt: skip


def axis_of(value: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return value | st.lists(value, min_size=1, max_size=4)


grids = st.fixed_dictionaries(
    {
        "activation": axis_of(st.sampled_from(words["activation"])),
        "width": axis_of(st.integers(1, 50)) | ranges.filter(lambda r: "range" not in r),
        "length": axis_of(st.integers(1, 10**8)),
    },
    optional={
        **{name: axis_of(st.sampled_from(words[name])) for name in ("loss", "loss_at", "dtype")},
        "recurrent_init": axis_of(st.sampled_from([word for word in words["recurrent_init"] if word != "sparse"])),
        **{name: axis_of(scales) | ranges for name in ("recurrent_scale", "bias_scale")},
        **{name: axis_of(st.integers(1, 2**20)) for name in ("inputs", "outputs", "batch")},
        "seed": axis_of(st.integers(0, 2**63 - 1)) | ranges,
    },
)


@given(st.lists(grids, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_resolved_round_trips(tables: list[dict[str, object]], random: object) -> None:
    found = experiment.parse({**GOOD, "grid": tables})
    text = json.dumps(found.resolved(), allow_nan=False)
    again = experiment.parse(json.loads(text))
    assert again == found
    assert again.resolved() == found.resolved()
    assert math.prod(axis.size for axis in found.grids[0].axes) == found.grids[0].size


@given(st.integers(1, 4), st.data())
def test_resolved_round_trips_with_ties(num: int, data: st.DataObject) -> None:
    sized = {
        name: st.lists(st.integers(1, 9), min_size=num, max_size=num) for name in ("width", "inputs", "batch", "seed")
    }
    free = {
        name: st.integers(1, 9) | st.lists(st.integers(1, 9), min_size=1, max_size=3) for name in ("outputs", "length")
    }
    table_ = st.fixed_dictionaries({"activation": st.just("tanh"), **sized, **free})
    tables = [
        {**t, "inputs": t["width"]} if data.draw(st.booleans()) else t
        for t in data.draw(st.lists(table_, min_size=1, max_size=2))
    ]
    pairs = data.draw(
        st.sampled_from([[["width", "batch"]], [["inputs", "width"], ["seed", "batch"]], [["seed", "width", "inputs"]]])
    )
    found = experiment.parse({**GOOD, "grid": tables, "zip": pairs})
    assert experiment.parse(json.loads(json.dumps(found.resolved()))) == found


def test_settings_must_fit_the_smallest_trial_of_all_grids() -> None:
    fitting = {**table(length=[3, 9]), "measure": {"lags": {"lags": [1, 3]}}}
    assert experiment.parse(fitting).measures["lags"].lags == (1, 3)
    grids = [{"activation": "tanh", "width": 4, "length": length} for length in (5, [7, 2])]
    with pytest.raises(ExperimentError) as raised:
        experiment.parse({**fitting, "grid": grids}, "vanish.toml")
    expected = "vanish.toml: measure.lags.lags has 3, more than the smallest length 2; use smaller ones."
    assert str(raised.value) == expected
