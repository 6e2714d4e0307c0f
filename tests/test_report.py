"""The report as a file: what stands in it, what it refuses, and that it stays small."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct

import numpy as np
import pytest
from click.testing import CliRunner

from rnnlab import api, draws, experiment, report, runner
from rnnlab.cli import main
from rnnlab.errors import UsageError
from rnnlab.report import curves, packing, question, verdict
from rnnlab.report import page as page_of
from rnnlab.report.page import MOST

NASTY = 'a </script><script>alert(1)</script> & "b" <img src=x onerror=1> \' $name'
GRID = {
    "activation": ["tanh", "relu"],
    "recurrent_scale": [0.5, 1.0, 3.0],
    "width": 4,
    "length": 6,
    "seed": {"range": 3},
}


def ran(there, name="r", measures=("gradients", "lags", "lyapunov"), title=NASTY, grids=None, **grid):
    data = {"schema": 1, "name": name, "title": title, "measure": {each: {} for each in measures}}
    data["grid"] = grids or {**GRID, **grid}
    runner.run(experiment.parse(data, "test"), store=there, workers=1)
    return api.load(name, there)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("reported"))


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "r.html"
    written = results.report(path)
    assert (written.path, written.trials, written.trials_with_curves) == (path, 18, 18)
    assert written.bytes == path.stat().st_size < MOST
    return path.read_text(encoding="utf-8")


def element(page, name):
    return re.search(f'<script type="[^"]*" id="{name}">(.*?)</script>', page, re.DOTALL)[1]


def unpacked(page, name, place):
    """What data.js does, once more."""
    data = gzip.decompress(base64.b64decode(element(page, name)))
    size = np.dtype(place["type"]).itemsize
    planes = np.frombuffer(data, np.uint8, size * place["n"], place["at"]).reshape(size, place["n"])
    return np.ascontiguousarray(planes.T).view(place["type"])[:, 0]


def test_titles_are_escaped_everywhere(page, results):
    assert "alert(1)</script>" not in page
    assert page.count("</script>") == 6
    assert "&lt;img src=x onerror=1&gt;" in page
    assert json.loads(element(page, "index"))["name"] == "r"


def test_numbers_are_those_of_the_store(page, results):
    index = json.loads(element(page, "index"))
    trials = results.trials
    assert index["count"] == len(trials)
    numbers = [column for column in index["columns"] if column["kind"] == "number"]
    assert {"growth_rate", "lyapunov_max", "loss"} <= {column["name"] for column in numbers}
    for column in numbers:
        here, there = unpacked(page, "trial-data", column), trials[column["name"]].to_numpy(float, na_value=np.nan)
        np.testing.assert_allclose(here, there, rtol=1e-7, atol=0)
    for column in (each for each in index["columns"] if each["kind"] == "listed"):
        codes = unpacked(page, "trial-data", column)
        values = [None, *column["values"]]
        for code, value in zip(codes, trials[column["name"]], strict=True):
            assert values[code] == value or (values[code] is None and value != value)
    data = unpacked(page, "trial-data", index["keys"]).tobytes().hex()
    assert [data[i : i + index["keys"]["digits"]] for i in range(0, len(data), index["keys"]["digits"])] == list(
        trials.key
    )


def test_curves_are_those_of_the_store(page, results):
    index = json.loads(element(page, "index"))
    assert [each["column"] for each in index["curves"]][:3] == [
        "log10_grad_norm_h", "log10_rms_contribution", "lyapunov_exponent",
    ]  # fmt: skip
    for kind in index["curves"]:
        trials, grids, values = (unpacked(page, "curve-data", kind[name]) for name in ("trials", "gridOf", "values"))
        stored = results.table(kind["table"], ["key", *kind["at"], kind["column"]]).dropna()
        start = 0
        for trial, grid in zip(trials, grids, strict=True):
            places = kind["grids"][grid]
            own = stored[stored.key == results.trials.key[trial]].set_index(kind["at"])[kind["column"]]
            np.testing.assert_allclose(values[start : start + len(places)], own.loc[places], rtol=1e-6)
            assert len(own) == len(places)
            start += len(places)


def test_the_experiment_in_the_page_runs_again(page, results, tmp_path):
    from html import unescape

    text = unescape(re.search(r'<pre id="experiment"[^>]*>(.*?)</pre>', page, re.DOTALL)[1])
    file = tmp_path / "r.json"
    file.write_text(text, encoding="utf-8")
    assert experiment.read(file).resolved() == results.manifest["experiment"]


def test_no_address_but_those_in_the_library(page):
    outside = re.sub(r'<script type="text/plain".*?</script>', "", page, flags=re.DOTALL)
    assert not re.search(r"https?://|(?:src|href)=[\"']//", outside)
    assert "default-src 'none'" in page


def test_the_same_results_give_the_same_bytes(results, tmp_path):
    one, other = (results.report(tmp_path / name).path.read_bytes() for name in ("1.html", "2.html"))
    assert one == other


@pytest.mark.parametrize(
    "value", [1e-320, 5e-324, 1.7976931348623157e308, -1e300, 0.0, -0.0, np.inf, -np.inf, 1 / 3, -12345.678901]
)
def test_rounding_keeps_seven_digits_over_the_whole_range(value):
    kept = packing.rounded(np.array([value]))[0]
    tiny = abs(value) < 2.3e-308  # a denormal has fewer digits
    assert kept == value or abs(kept / value - 1) < 6e-8 or tiny
    assert struct.pack("d", kept)[-1] & 0x80 == struct.pack("d", value)[-1] & 0x80


@pytest.mark.parametrize(("values", "dtype"), [([1.5, -np.inf], "float32"), ([1e200, 1.0], "float64"), ([], "float32")])
def test_floats_are_short_only_where_they_fit(values, dtype):
    assert packing.compact(np.array(values, float)).dtype == dtype


def test_null_nan_and_infinities_are_told_apart():
    import pyarrow as pa

    from rnnlab.report.trials import _values

    packer = packing.Packer()
    column = pa.chunked_array([pa.array([None, float("nan"), float("inf"), -float("inf"), 2.5], pa.float64())])
    about = _values(column, packer, listed=False)
    assert about["nan"] == [1]
    back = np.frombuffer(packer.parts[0], np.uint8).reshape(8, 5).T.copy().view(float)[:, 0]
    np.testing.assert_array_equal(back, [np.nan, np.nan, np.inf, -np.inf, 2.5])


def test_a_seed_that_javascript_cannot_count_is_text(tmp_path):
    results = ran(tmp_path, seed=[1, 2**62 + 1], measures=("gradients",))
    written = results.report(tmp_path / "r.html").path.read_text(encoding="utf-8")
    [seed] = [each for each in json.loads(element(written, "index"))["columns"] if each["name"] == "seed"]
    assert seed["values"] == [1, str(2**62 + 1)]


def test_curves_give_way_to_room(results):
    whole = curves.packed(results, 10**7)
    assert (whole.trials, whole.left_out, whole.points) == (18, [], 16)
    room = len(json.dumps(whole.kinds)) + 600
    some = curves.packed(results, room)
    assert 0 < some.trials < 18
    assert some.total == 18
    assert len(some.data) + len(json.dumps(some.kinds)) <= room
    assert "Shares by lag" in some.left_out


def test_long_curves_are_thinned_with_both_ends(tmp_path):
    results = ran(tmp_path, length=150, measures=("gradients",), seed=0, recurrent_scale=1.0)
    whole = curves.packed(results, 10**7)
    assert whole.kinds[0]["grids"] == [list(range(1, 151))]
    room = len(whole.data) + len(json.dumps(whole.kinds)) - 200
    thinned = curves.packed(results, room)
    [grid] = thinned.kinds[0]["grids"]
    assert len(grid) == thinned.points < 150
    assert (grid[0], grid[-1]) == (1, 150)


def test_diverged_zero_and_failed_are_said(tmp_path):
    results = ran(tmp_path, activation="relu", recurrent_scale=[0.0, 1.0, 1e9], length=60, measures=("gradients",))
    page = results.report(tmp_path / "r.html").path.read_text(encoding="utf-8")
    diverged = int((results.trials.status == "diverged").sum())
    assert diverged
    assert f"{diverged} of 9 trials diverged" in page
    zero = int(((results.trials.status == "ok") & results.trials.growth_rate.isna()).sum())
    assert zero >= 3
    assert f"exactly zero in {zero} trials" in page


def test_failed_trials_reach_the_page(tmp_path, monkeypatch):
    drawn = draws.networks

    def networks(trials):
        if any(trial.activation == "relu" for trial in trials):
            raise ValueError("no <b> here")
        return drawn(trials)

    monkeypatch.setattr(draws, "networks", networks)
    results = ran(tmp_path, measures=("gradients",))
    assert set(results.table("failures")["key"]) == set(results.trials.key[results.trials.activation == "relu"])
    page = results.report(tmp_path / "r.html").path.read_text(encoding="utf-8")
    told = "9 trials failed and stand here without numbers; the first one: ValueError: no &lt;b&gt; here"
    assert told in page
    assert "No trial failed" not in page
    [status] = [each for each in json.loads(element(page, "index"))["columns"] if each["name"] == "status"]
    assert (unpacked(page, "trial-data", status) == 0).tolist() == (results.trials.activation == "relu").tolist()


def test_the_library_is_a_plain_script_with_its_licence():
    from plotly.offline import get_plotlyjs

    plain = page_of.unwrapped(get_plotlyjs())
    assert plain.startswith("/**\n* plotly.js v")
    assert "Licensed under the MIT license" in plain[:300]
    assert '\n"use strict";var Plotly=(()=>{' in plain[:400]
    assert plain.endswith("window.Plotly = Plotly;\n")
    assert page_of.unwrapped("var Plotly = {}") == "var Plotly = {}"


def test_all_diverged_still_makes_a_page(tmp_path):
    results = ran(tmp_path, activation="relu", recurrent_scale=1e9, length=60, measures=("gradients",))
    assert (results.trials.status == "diverged").all()
    page = results.report(tmp_path / "r.html").path.read_text(encoding="utf-8")
    assert "none has a gradient to speak of" in page


def test_one_trial(tmp_path):
    one = ran(tmp_path, activation="tanh", recurrent_scale=1.0, seed=0, measures=("gradients",))
    page = one.report(tmp_path / "r.html").path.read_text(encoding="utf-8")
    assert "The gradient of the one network" in page
    assert json.loads(element(page, "index"))["view"]["x"] == "seed"


def test_a_union_of_grids(tmp_path):
    common = {"width": 4, "length": 6, "seed": {"range": 2}}
    grids = [
        {"activation": "tanh", "recurrent_scale": [1.0, 2.0], **common},
        {"activation": "relu", "recurrent_scale": [0.5, 1.0, 1.5], "input_scale": [0.0, 1.0], **common},
    ]
    results = ran(tmp_path, grids=grids)
    page = results.report(tmp_path / "r.html").path.read_text(encoding="utf-8")
    assert json.loads(element(page, "index"))["count"] == 16


@pytest.mark.parametrize("measure", ["terms", "horizon", "jacobian", "theory", "digits", "gain"])
def test_every_measure_makes_a_page(tmp_path, measure):
    results = ran(tmp_path, measures=(measure,), seed=0)
    index = json.loads(element(results.report(tmp_path / "r.html").path.read_text(encoding="utf-8"), "index"))
    assert index["view"]["show"] in {column["name"] for column in index["columns"]}


HEADER = """# Question     Does it
#              grow?
# Expectation  Yes:
#              - tanh  <b>
#              - relu
# Finding      No.
# Picture      rnnlab plot r
#
# And more.

schema = 1
# Finding      not this
"""


def test_question_comes_from_the_header():
    assert question.header(HEADER) == {
        "Question": "Does it grow?", "Expectation": "Yes:\n- tanh  <b>\n- relu", "Finding": "No.",
    }  # fmt: skip
    assert question.header("schema = 1\n") == {}


def test_question_is_of_the_file_that_ran(results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert question.question_of(results.manifest).parts == {}
    grid = "\n".join(f"{name} = {json.dumps(value)}" for name, value in GRID.items() if name != "seed")
    text = f"{HEADER}name = 'r'\ntitle = {json.dumps(NASTY)}\n[grid]\n{grid}\nseed = {{ range = 3 }}\n"
    file = tmp_path / "r.toml"
    file.write_text(f"{text}[measure.gradients]\n[measure.lags]\n[measure.lyapunov]\n", encoding="utf-8")
    found = question.question_of(results.manifest)
    assert (found.file, found.same, found.parts["Finding"]) == ("r.toml", True, "No.")
    file.write_text(f"{text}[measure.gradients]\n", encoding="utf-8")
    assert not question.question_of(results.manifest).same


def test_verdict_counts_every_network(results):
    first, *turns = verdict.sentences(results)
    assert first.startswith("Of 18 networks the gradient ")
    assert sum(map(int, re.findall(r"in (\d+) \(", first))) == 18
    assert len(turns) == 2


def test_verdict_of_training(tmp_path):
    results = ran(
        tmp_path,
        measures=("training",),
        task="temporal_order",
        length=10,
        recurrent_scale=1.0,
        seed=0,
        learning_rate=0.01,
    )
    sentences = verdict.sentences(results)
    assert sentences[0].startswith("Of 2 networks ")
    assert len(sentences) == 3


def test_command(results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["report", "r", "--store", str(results.store)])
    assert (done.exit_code, done.stdout) == (0, "r.html\n")
    assert "18 trials, 18 with curves" in done.stderr
    done = CliRunner().invoke(main, ["report", "r", "-o", "deep/x.html", "--store", str(results.store), "--json"])
    told = json.loads(done.stdout)
    assert told["path"] == "deep/x.html"
    assert told["bytes"] == (tmp_path / "deep/x.html").stat().st_size
    assert not list(tmp_path.glob("**/*.unfinished"))


def test_open_asks_the_browser(results, tmp_path, monkeypatch):
    import webbrowser

    asked = []
    monkeypatch.setattr(webbrowser, "open", lambda address: asked.append(address) or len(asked) == 1)
    command = ["report", "r", "-o", str(tmp_path / "x.html"), "--open", "--store", str(results.store)]
    assert "No browser" not in CliRunner().invoke(main, command).stderr
    assert "No browser was found; open" in CliRunner().invoke(main, command).stderr
    assert asked == [(tmp_path / "x.html").as_uri()] * 2


def test_what_is_refused(results, tmp_path):
    store = ["--store", str(results.store)]
    invoke = CliRunner().invoke
    unknown = invoke(main, ["report", "rr", *store])
    assert (unknown.exit_code, "Did you mean r?" in unknown.stderr) == (2, True)
    assert invoke(main, ["report", "r", "-o", "x.pdf", *store]).exit_code == 2
    (tmp_path / "file").write_text("")
    blocked = invoke(main, ["report", "r", "-o", str(tmp_path / "file" / "x.html"), *store])
    assert blocked.exit_code == 6
    assert "Traceback" not in blocked.stderr
    (tmp_path / "folder.html").mkdir()
    assert invoke(main, ["report", "r", "-o", str(tmp_path / "folder.html"), *store]).exit_code == 6
    with pytest.raises(UsageError, match=r"ends in \.html"):
        report.write(results, tmp_path / "x.txt")


def test_own_networks_have_no_grid_to_explore(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "net.npz", U=rng.normal(size=(3, 3)), W=rng.normal(size=(3, 2)), V=rng.normal(size=(1, 3)),
             x=rng.normal(size=(5, 1, 2)), y=rng.normal(size=(5, 1, 1)))  # fmt: skip
    own = api.measure_files(tmp_path / "net.npz", activation="tanh", store=tmp_path / "s")
    assert own.arrow.num_rows == 1
    with pytest.raises(UsageError, match="rnnlab show net"):
        own.report(tmp_path / "x.html")
