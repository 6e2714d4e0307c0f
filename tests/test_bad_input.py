"""Bad experiment files and overrides: each is answered at once, by one message with place, value and remedy."""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnnlab import experiment, grid
from rnnlab.errors import ExperimentError, UsageError
from tests.bad_files import CORPUS, FILE, GRID, HEAD, MIB, NUMBER, SEEDS, WHOLE, line
from tests.experiments import GOOD, fake_measures, table, write

__all__ = ["fake_measures"]


def refused(path: str | os.PathLike[str], *sets: str) -> UsageError:
    start = time.perf_counter()
    with pytest.raises(UsageError) as caught:
        experiment.read(path, sets)
    assert time.perf_counter() - start < 1.0
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 40_000
    assert str(caught.value).isascii() or "\N{ROCKET}" in str(caught.value)
    return caught.value


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 80


@pytest.mark.parametrize("case", CORPUS)
def test_a_bad_file_is_answered_with_place_value_and_remedy(case: str, tmp_path: Path) -> None:
    content, *parts = CORPUS[case]
    path = write(tmp_path, content)
    error = refused(path)
    for part in parts:
        assert part in str(error)
    assert isinstance(error, ExperimentError)
    assert all(str(problem).startswith(str(path)) for problem in error.problems)
    assert list(tmp_path.iterdir()) == [path]


def test_the_good_file_that_the_bad_ones_are_made_of(tmp_path: Path) -> None:
    assert experiment.read(write(tmp_path, FILE)).grids[0].size == 1


def test_all_problems_come_in_one_report(tmp_path: Path) -> None:
    text = HEAD.replace("vanish", "A B") + 'titel = "x"\n' + GRID.replace("8", "-8").replace("tanh", "tahn")
    path = write(tmp_path, text + "seed = []\nrecurent_scale = { rnage = 3 }\n[measure.lag]\n[measure.lags]\nlag = 3\n")
    keys = [problem.place.rpartition(": ")[2] for problem in refused(path).problems]  # type: ignore[attr-defined]
    assert sorted(keys) == [
        "grid.activation",
        "grid.recurent_scale",
        "grid.seed",
        "grid.width",
        "measure.lag",
        "measure.lags.lag",
        "name",
        "titel",
    ]


@pytest.mark.parametrize(
    "case", ["5,000 arrays deep", "20,000 dots", "500,000 hexadecimal digits", "100,000 bad values"]
)
def test_bombs_stay_small_in_memory(case: str, tmp_path: Path) -> None:
    path = write(tmp_path, CORPUS[case][0])  # type: ignore[arg-type]
    tracemalloc.start()
    with pytest.raises(UsageError):
        experiment.read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * MIB


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, FILE)
    os.truncate(path, 2**30)
    assert "is larger than 1 MiB" in str(refused(path))


@pytest.mark.parametrize(
    "spec",
    [{"range": 10**12}, {"start": 0, "stop": 2**60, "num": 2**52 + 1}, {"start": 0, "stop": 10**12, "num": 10**6 + 1}],
)
def test_ranges_of_any_length_are_counted_and_refused(spec: dict[str, int]) -> None:
    found = experiment.parse(table(seed=spec))
    with pytest.raises(UsageError, match="--max-trials"):
        grid.check(found, 10**6)


def test_a_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, FILE)
    write(tmp_path, FILE, "lengths.toml")
    assert "does not exist. Did you mean " + str(tmp_path / "vanish.toml") in str(refused(tmp_path / "vansh.toml"))
    assert "Known: lengths, vanish." in str(refused(tmp_path / "zzz.toml"))
    assert "does not exist. There are no experiment files in" in str(refused(tmp_path / "nowhere" / "x.toml"))
    monkeypatch.chdir(tmp_path)
    assert str(refused("zzz")) == "zzz does not exist. See what there is with: rnnlab run"
    assert "vansh does not exist. Did you mean vanish? See what there is with: rnnlab run" in str(refused("vansh"))
    tmp_path.rename(tmp_path.with_name("experiments"))
    monkeypatch.chdir(tmp_path.parent)
    assert "Did you mean vanish?" in str(refused("vansh"))
    assert "Did you mean quickstart?" in str(refused("quikstart"))
    assert experiment.read("vanish").name == "vanish"


@pytest.mark.parametrize("name", ["", "\0", "x\0y.toml", "x" * 5000, "a\nb", "\udcff.toml", "/dev/null/x.toml"])
def test_impossible_paths(name: str) -> None:
    refused(name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_folder_a_fifo_and_a_device(tmp_path: Path) -> None:
    write(tmp_path, FILE)
    assert "is a folder; name the file in it. Known: vanish." in str(refused(tmp_path))
    os.mkfifo(tmp_path / "fifo.toml")
    assert "is no regular file" in str(refused(tmp_path / "fifo.toml"))
    assert "is no regular file" in str(refused("/dev/zero"))
    (tmp_path / "dangling.toml").symlink_to(tmp_path / "nothing")
    assert "does not exist" in str(refused(tmp_path / "dangling.toml"))
    (tmp_path / "loop.toml").symlink_to(tmp_path / "loop.toml")
    assert "cannot be read" in str(refused(tmp_path / "loop.toml"))


OVERRIDES = {
    "no value": ("seed", '-s "seed" is incomplete. Write KEY=VALUE[,VALUE...], as -s seed=0,1,2.'),
    "empty value": ("seed=", '-s "seed=" is incomplete'),
    "empty key": ("=3", '-s "=3" is incomplete'),
    "nothing": ("", '-s "" is incomplete'),
    "typo": ("recurent_scale=2", "-s recurent_scale is unknown. Did you mean recurrent_scale?"),
    "typo in name": ("nmae=x", "-s nmae is unknown.", "Did you mean name?"),
    "odd key": ("a b\n=x", '-s "a b" is unknown.'),
    "schema": ("schema=2", "-s schema is unknown."),
    "bad choice": ("activation=tahn,relu", '-s activation[0] is "tahn"', "Did you mean tanh?"),
    "bad number": ("grid.width=8,-1", "-s grid.width[1] is -1", WHOLE),
    "a word for a number": ("width=wide", '-s width is "wide"', WHOLE),
    "a hole": ("seed=1,,2", '-s seed[1] is ""', SEEDS),
    "nan": ("recurrent_scale=nan", "-s recurrent_scale is nan", NUMBER),
    "empty list": ("seed=[]", "-s seed is an empty list"),
    "empty range": ("seed={range=0}", "-s seed.range is empty"),
    "a second key": ("width=1\nseed=2", "-s width is '1\\nseed=2'", WHOLE),
    "bad name": ("name=../x", '-s name is "../x"', 'Write name = "x".'),
    "bad measure": ("measure.gradient.steps=3", "-s measure.gradient is unknown. Did you mean gradients?"),
    "bad setting": ("measure.gradients.step=3", "-s measure.gradients.step is unknown. Did you mean steps?"),
    "bad setting's value": ("measure.gradients.skip=-3", "-s measure.gradients.skip is -3; it must be greater"),
    "measure alone": ("measure.gradients=3", "-s", "Did you mean measure.gradients.SETTING?"),
    "bomb of dots": ("width=" + "a." * 20_000 + "b", '-s width is "a.a.', WHOLE),
    "bomb of brackets": ("width=" + "[" * 20_000, '-s width is "[[[', WHOLE),
    "bomb of commas": ("width=" + "," * 10_000, '-s width[0] is ""', WHOLE),
    "zip": ("zip=width", '-s zip is "width"; it must be a list of lists'),
}


@pytest.mark.parametrize("case", OVERRIDES)
def test_bad_overrides(case: str, tmp_path: Path) -> None:
    text, *parts = OVERRIDES[case]
    error = refused(write(tmp_path, FILE), "batch=2", text)
    assert all(part in str(error) for part in parts), str(error)


def test_an_override_that_is_wrong_in_every_grid_is_named_once(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + 2 * GRID.replace("[grid]", "[[grid]]"))
    error = refused(path, "width=-1", "width=-2")
    assert str(error) == f"-s width is -2; {WHOLE}"


MANIFESTS = {
    "no JSON": ("{", "line 1, column 2 is not JSON"),
    "a list": ("[]", "is no manifest of rnnlab"),
    "nothing in it": ("{}", 'has no table "experiment"'),
    "deep": ('{"experiment": ' + "[" * 100_000 + "]" * 100_000 + "}", "cannot be read as JSON"),
    "deep enough": ('{"experiment": {"grid": ' + "[" * 100 + "]" * 100 + "}}", "more than 16 levels deep"),
    "digits": ('{"experiment": {"schema": ' + "1" * 5000 + "}}", "cannot be read as JSON"),
    "nan": (json.dumps({"experiment": table(recurrent_scale=float("nan"))}), "experiment: grid.recurrent_scale is nan"),
    "null": (json.dumps({"experiment": table(seed=None)}), "experiment: grid.seed is null"),
    "newer": (json.dumps({"experiment": {**GOOD, "schema": 9}}), "written by a newer rnnlab"),
    "half a character": ('{"experiment": {"name": "\\ud800", "grid": {"\\ud801": "\\ud802"}}}', r"name is '\ud800'"),
    "half a character for a setting": (
        '{"experiment": {"measure": {"lags": {"kind": "\\ud800"}}}}',
        "measure.lags cannot be used: Invalid JSON",
    ),
    "latin-1": (b'{"experiment": "\xe9"}', "line 1, column 17 is not UTF-8"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_bad_manifests(case: str, tmp_path: Path) -> None:
    content, part = MANIFESTS[case]
    assert part in str(refused(write(tmp_path, content, "manifest.json")))  # type: ignore[arg-type]


def test_a_file_is_data(tmp_path: Path) -> None:
    for hostile in ("__import__('os').system('true')", "!!python/object:os.system", "${HOME}", "{{ 1 + 1 }}", "%(x)s"):
        error = refused(write(tmp_path, line(f"activation = {json.dumps(hostile)}")))
        assert f'grid.activation is "{hostile}"' in str(error)


texts = st.text() | st.lists(
    st.sampled_from(
        [
            *FILE.splitlines(keepends=True),
            "[",
            "]",
            "{",
            "}",
            "=",
            ".",
            ",",
            '"',
            "'",
            '"""',
            "'''",
            "#",
            "\\",
            "\n",
            "\r",
            "\0",
            "\ufeff",
            "grid",
            "zip",
            "range",
            "nan",
            "-1",
            "1e999",
            "[[grid]]\n",
            "[measure.lags]\n",
        ]
    )
).map("".join)


@given(texts | texts.map(lambda text: FILE + text))
@example("schema = 9" + "9" * 999)
def test_no_text_raises_anything_else(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    _answered(tmp_path_factory, text.encode("utf-8", "surrogatepass"))


@given(st.binary() | st.binary().map(lambda tail: FILE.encode() + tail))
def test_no_bytes_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    _answered(tmp_path_factory, content)


def _answered(factory: pytest.TempPathFactory, content: bytes) -> None:
    for name in ("fuzz.toml", "manifest.json"):
        try:
            experiment.read(write(factory.getbasetemp(), content, name))
        except UsageError as error:
            str(error)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.sampled_from([2**5000, -(2**70)])
)
keys = st.text() | st.sampled_from(
    ["width", "activation", "seed", "range", "start", "stop", "num", "spacing", "lags", "steps"]
)
things = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("schema", "name", "title", "zip", "grid", "measure", "x"), things),
        },
    )
    | st.builds(lambda grid: {**GOOD, "grid": {**GOOD["grid"], **grid}}, st.dictionaries(keys, things))
    | st.builds(lambda measure: {**GOOD, "measure": measure}, st.dictionaries(st.just("lags"), things))
)
def test_no_table_raises_anything_else(data: dict[str, Any]) -> None:
    try:
        found = experiment.parse(data)
    except ExperimentError as error:
        str(error).encode()
    else:
        assert experiment.parse(found.resolved()) == found


@given(st.text(), st.lists(texts, max_size=2))
def test_no_override_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, key: str, given_: list[str]
) -> None:
    path = write(tmp_path_factory.getbasetemp(), FILE, "overrides.toml")
    for setting in ("width", "name", "title", "zip", "measure.lags.lags", "measure.gradients.steps", key):
        try:
            experiment.read(path, [f"{setting}={text}" for text in given_])
        except UsageError as error:
            str(error).encode()
