"""Activations, tasks and measures of installed packages: the example of the docs, from the build to the manifest."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib

import jsonschema
import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab import api, doctor, experiment, plugins
from rnnlab.errors import ExperimentError, UsageError
from rnnlab.executors import sameness
from rnnlab.executors.failures import WorkersDiffer
from rnnlab.figures import style
from tests import naive, packages

SINE = "sine@rnnlab-waves-0.1.0"
RECALL = "recall@rnnlab-waves-0.1.0"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return packages.install_example(tmp_path_factory.mktemp("waves"))


@pytest.fixture(autouse=True)
def forget():
    """No test knows the packages of another."""
    packages.forget()
    yield
    packages.forget()


@pytest.fixture
def waves(site, monkeypatch):
    packages.on_path(monkeypatch, site)


def command(site, *words, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "rnnlab", *map(str, words)], capture_output=True, text=True, timeout=600, check=False,
        env=packages.environment(*([site] if site else [])),
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def finished(site, tmp_path_factory):
    """The store of the example's own experiment, run by the command line with threads."""
    store = tmp_path_factory.mktemp("store")
    command(site, "run", packages.EXAMPLE / "waves.toml", "--store", store, "--workers", 2)
    return store


def test_the_tests_of_the_example_pass(site):
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(packages.EXAMPLE / "tests")]
    done = subprocess.run(
        tests, capture_output=True, text=True, timeout=600, check=False, env=packages.environment(site)
    )
    assert done.returncode == 0, done.stdout


def test_the_manifest_names_what_is_of_a_package_with_its_version(finished):
    manifest = json.loads((finished / "waves" / "manifest.json").read_text())
    [code] = {each["code"] for each in manifest["plugins"]}
    assert re.fullmatch("[0-9a-f]{10}", code)
    package = {"package": "rnnlab-waves", "version": "0.1.0", "code": code}
    assert manifest["plugins"] == [
        {"kind": "activation", "name": "sine", **package},
        {"kind": "task", "name": "recall", **package},
        {"kind": "measure", "name": "speed", **package},
    ]
    assert manifest["experiment"]["grid"]["activation"] == ["tanh", SINE]


def test_the_numbers_are_those_of_the_naive_twin(finished, waves):
    results = rnnlab.load("waves", finished)
    phi = {SINE: (np.sin, np.cos)}
    trials = results.trials[results.trials.activation == SINE]
    assert len(trials) == 9
    for row in trials.itertuples():
        p = results.problem(row.key)
        states, a = [p.h0], []
        for x in p.x:
            a.append(states[-1] @ p.U.T + x @ p.W.T + p.b)
            states.append(phi[SINE][0](a[-1]))
        error = states[-1] @ p.V.T + p.c - p.y[-1]
        adjoint, dU = error @ p.V / len(error), np.zeros_like(p.U)
        for t in range(len(p.x) - 1, -1, -1):
            delta = adjoint * phi[SINE][1](a[t])
            dU += delta.T @ states[t]
            adjoint = delta @ p.U
        np.testing.assert_allclose(row.loss, 0.5 * np.sum(error**2, axis=1).mean(), rtol=1e-12)
        np.testing.assert_allclose(row.log10_grad_norm_U, np.log10(np.linalg.norm(dU)), rtol=1e-10)
        np.testing.assert_allclose(row.speed, np.sqrt(np.mean(np.diff(states, axis=0) ** 2)), rtol=1e-12)
    assert naive  # the recursion above is that of naive.py, for a phi that it has not got


@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_every_executor_has_the_same_bits(executor, finished, site, tmp_path):
    if executor == "dask":
        pytest.importorskip("distributed")
    command(site, "run", packages.EXAMPLE / "waves.toml", "--store", tmp_path, "--workers", 2, "--executor", executor)
    for table in ("gradients", "speed", "speed_by_step"):
        one, other = (
            pd.read_parquet(folder / "waves" / table).sort_values(["key"], kind="stable").reset_index(drop=True)
            for folder in (finished, tmp_path)
        )
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_results_are_read_without_the_package(finished):
    with pytest.warns(UserWarning, match="measure speed of the package rnnlab-waves 0.1.0 is left out"):
        results = rnnlab.load("waves", finished).trials
    assert len(results) == 18
    assert results.growth_rate.notna().all()
    assert set(results.activation) == {"tanh", SINE}


def test_without_the_package_a_run_names_it_and_its_version(finished, tmp_path):
    manifest = finished / "waves" / "manifest.json"
    for source in (manifest, str(packages.EXAMPLE / "waves.toml")):
        done = command(None, "run", source, "--store", tmp_path, code=2)
        assert "Traceback" not in done.stderr
        if source is manifest:
            assert "pip install rnnlab-waves==0.1.0" in done.stderr
    assert "pip install rnnlab-waves==0.1.0" in command(None, "reproduce", "waves", "--store", finished, code=2).stderr
    assert "sine" in command(None, "show", "waves", "--store", finished).stdout


@pytest.mark.parametrize("words", [["plot", "-o", "waves.png"], ["export", "-o", "waves.csv"], ["verify"]])
def test_without_the_package_results_are_drawn_exported_and_verified(words, finished, tmp_path):
    name, *rest = [tmp_path / word if word.startswith("waves") else word for word in words]
    command(None, name, "waves", *rest, "--store", finished)
    assert all(path.exists() for path in rest[1:])


def test_without_the_package_its_arrays_cannot_be_drawn(finished):
    key = pd.read_parquet(finished / "waves" / "gradients").key[0]
    done = command(None, "extract", "waves", key, "-o", "x.npz", "--store", finished, code=2)
    assert f"the task is '{RECALL}', of the package rnnlab-waves 0.1.0, which is not installed here" in done.stderr


def test_with_the_package_it_is_reproduced_bit_for_bit(finished, site):
    done = command(site, "reproduce", "waves", "--store", finished, "--json")
    assert json.loads(done.stdout)["verdict"] == "identical"


def test_another_version_is_another_activation(finished, tmp_path, tmp_path_factory):
    store = tmp_path / "store"
    shutil.copytree(finished, store)
    newer = packages.install_example(tmp_path_factory.mktemp("newer"), "0.2.0")
    plan = json.loads(command(newer, "plan", packages.EXAMPLE / "waves.toml", "--store", store, "--json").stdout)
    assert (plan["done"], plan["new"]) == (0, 18)  # the task is of that version too
    done = command(newer, "run", "waves", "--store", store, "-s", "seed=0", code=2)  # the manifest asks for 0.1.0
    assert "rnnlab-waves 0.2.0 is" in done.stderr


def test_code_that_changed_under_the_same_version_is_told_and_labelled(finished, site, tmp_path):
    edited, store = tmp_path / "site", tmp_path / "store"
    shutil.copytree(site, edited)
    shutil.copytree(finished, store)
    file = edited / "waves" / "sine.py"
    file.write_text(file.read_text() + "# another\n")
    done = command(edited, "run", packages.EXAMPLE / "waves.toml", "--store", store, "-s", "seed=0,1,2,3")
    before, after = (json.loads((folder / "waves" / "manifest.json").read_text()) for folder in (finished, store))
    assert before["environment"] != after["environment"]
    assert before["plugins"][0]["code"] != after["plugins"][0]["code"]
    assert re.search(r"plugins.rnnlab-waves was 0\.1\.0, code \w+, is 0\.1\.0, code \w+", done.stderr)
    rows = pd.read_parquet(store / "waves" / "speed")
    assert set(rows.environment[rows.seed < 3]) == {before["environment"]}
    assert set(rows.environment[rows.seed == 3]) == {after["environment"]}


def test_a_worker_of_other_code_is_refused(waves):
    [entry] = [each for each in plugins.entries("activation") if each.name == "sine"]
    record = {"kind": "activation", "name": "sine", "package": entry.package, "version": entry.version}
    sameness.check_packages([{**record, "code": plugins.record([SINE], [], [])[0]["code"]}])
    with pytest.raises(WorkersDiffer, match=r"rnnlab-waves 0\.1\.0, whose code is another here"):
        sameness.check_packages([{**record, "code": "0123456789"}])


def test_new_knows_what_packages_bring(waves, tmp_path):
    made = api.new("mine", sets=["task=recall", "activation=sine,tanh"], measures=["speed"], output=tmp_path / "m.toml")
    assert list(experiment.read(made.file).measures) == ["speed"]
    table = tomllib.loads(made.text)
    assert table["grid"]["task"] == "recall"
    assert "loss_at" not in table["grid"]  # it is the task's own
    assert "# how far the state moves in a step" in made.text


def test_a_name_that_a_missing_package_may_have_is_told_so():
    with pytest.raises(
        ExperimentError, match="If a package has it, install that here; see those that are with: rnnlab doctor"
    ):
        rnnlab.draw(activation="wobble", width=2, length=2)
    with pytest.raises(ExperimentError, match=r"Did you mean tanh\?$"):
        rnnlab.draw(activation="tanhh", width=2, length=2)


@pytest.mark.parametrize(("option", "name"), [("--activation", "sine"), ("--task", "recall"), ("--measure", "speed")])
def test_tab_proposes_what_packages_bring(option, name, site):
    asked = {"_RNNLAB_COMPLETE": "bash_complete", "COMP_WORDS": f"rnnlab new {option} {name[0]}", "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-m", "rnnlab"], capture_output=True, text=True, check=False,
        env={**packages.environment(site), **asked},
    )  # fmt: skip
    assert f"plain,{name}" in done.stdout.splitlines(), done.stderr


def test_built_in_trials_keep_their_keys(waves):
    values = {"activation": "tanh", "width": 8, "length": 5}
    assert rnnlab.draw(**values).trial.key == "690f318a2a2108dae9f9"
    own = rnnlab.draw(**{**values, "activation": "sine"}).trial
    assert own.activation == SINE
    assert own.key != rnnlab.draw(**values).trial.key
    assert rnnlab.draw(**{**values, "activation": SINE}).trial == own


def test_theory_has_its_averages(waves):
    for q in (1e-6, 0.3, 2.0, 40.0):
        assert rnnlab.theory.average_square("sine", q) == pytest.approx(-np.expm1(-2 * q) / 2, rel=1e-9)
        assert rnnlab.theory.average_squared_slope("sine", q) == pytest.approx((1 + np.exp(-2 * q)) / 2, rel=1e-9)
    assert rnnlab.theory.steepest_slope(SINE) == 1.0


def test_nothing_of_a_package_is_imported_that_nobody_names(site):
    code = (
        "import sys, rnnlab, rnnlab.api\n"
        "from rnnlab import experiment, measures\n"
        "experiment.parse({'schema': 1, 'name': 'x', 'grid': {'activation': 'tanh', 'width': 2, 'length': 2}})\n"
        "list(measures.registry().values())\n"
        "assert not any(name.startswith('waves') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=packages.environment(site), timeout=120)


GOOD = "import math, rnnlab\nA = rnnlab.Activation(value=math.{}, slope={}, largest_slope={}, bounded={})\n"


def activation(folder, text, name="bump"):
    return packages.write_package(folder, "odd-one", {f"activation {name}": "odd_one:A"}, {"odd_one": text})


def own(value, slope, largest=1.0, bounded=True):
    return (
        f"import math, rnnlab\ndef value(a):\n    {value}\ndef slope(a):\n    {slope}\n"
        f"A = rnnlab.Activation(value=value, slope=slope, largest_slope={largest!r}, bounded={bounded!r})\n"
    )


SIN, COS = "return math.sin(a)", "return math.cos(a)"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (own(SIN, "return math.sin(a)"), "slope must be the derivative of value"),
        (own(SIN, COS, largest=0.5), r"largest_slope = 0.5, but \|slope\(.*\)\| = "),
        (own(SIN, COS, largest=2.0), "no .slope. above"),
        (own(SIN, COS, bounded=False), "has bounded = False"),
        (own("return a", "return 1.0 + 0.0 * a"), "has bounded = True"),
        (own("return max(-1.0, min(1.0, a))", "return 1.0 if abs(a) < 1.0 else 0.0"), "a number for nan"),
        (own("return math.sqrt(a)", "return 0.5 / math.sqrt(a)"), r"value\(-10000\) = nan in float64"),
        (own("raise ValueError(a)", COS), "raises in value"),
        (own("return open(a)", COS), "cannot be compiled by Numba"),
        (own(SIN, COS, largest="1"), "largest_slope = '1': it must be a finite number"),
        (own(SIN, COS, bounded=1), "bounded = 1: it must be True or False"),
        ("A = 3\n", "is int: it must be an rnnlab.Activation"),
        ("import nowhere\n", "cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_an_activation_that_is_not_what_it_says_is_refused(text, told, tmp_path, monkeypatch):
    packages.on_path(monkeypatch, activation(tmp_path, text))
    monkeypatch.delitem(sys.modules, "odd_one", raising=False)
    with pytest.raises(UsageError, match=told) as caught:
        rnnlab.gradients([[1.0]], [[1.0]], [[1.0]], [[[1.0]]], [[[1.0]]], activation="bump")
    assert "the activation bump of the package odd-one 1.0 (odd_one:A)" in str(caught.value)
    with pytest.raises(ExperimentError, match="bump"):
        rnnlab.draw(activation="bump", width=2, length=2)


def test_names_that_clash_are_told_with_both_packages(site, tmp_path, monkeypatch):
    packages.on_path(monkeypatch, site, activation(tmp_path, own(SIN, COS), "sine"))
    with pytest.raises(ExperimentError, match=r"packages odd-one 1\.0 and rnnlab-waves 0\.1\.0 both offer"):
        rnnlab.draw(activation="sine", width=2, length=2)


def test_a_name_of_rnnlabs_own_is_no_packages(tmp_path, monkeypatch):
    packages.on_path(monkeypatch, activation(tmp_path, own(SIN, COS), "tanh"))
    grid = {"activation": "tanh", "width": 2, "length": 2}
    with pytest.raises(UsageError, match=r"tanh is rnnlab's own, and the package odd-one 1\.0 offers one"):
        rnnlab.run({"schema": 1, "name": "x", "grid": grid}, store=tmp_path / "results")


def test_a_misspelt_name_is_told_what_there_is(waves):
    with pytest.raises(ExperimentError, match="Did you mean sine"):
        rnnlab.draw(activation="sinne", width=2, length=2)
    with pytest.raises(ExperimentError, match="Did you mean recall"):
        rnnlab.draw(activation="tanh", task="recal", width=2, length=2)
    with pytest.raises(UsageError, match="Did you mean speed"):
        rnnlab.measure([[1.0]], [[1.0]], [[1.0]], [[[1.0]]], [[[1.0]]], activation="tanh", measures=["sped"])


TASK = (packages.EXAMPLE / "waves" / "recall.py").read_text()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("def baseline", "def base", "has no baseline"),
        ('DRAWN_BY = ("seed",)', 'DRAWN_BY = ("sead",)', "it names parameters of a trial"),
        ("(trial.length, trial.batch, 1)", "(trial.length, trial.batch, 2)", r"draws x float64\(2, 2, 2\)"),
        ("first.standard_normal", "np.random.standard_normal", "other numbers from the same generators"),
        ("return 1.0 / 6.0", "return float('nan')", "baseline of nan"),
        ('{"squared": ("loss", 0.1)}', "{}", "has no SUCCESS for the loss squared"),
        ("return 1\n", "return 0\n", "0 scored steps of 2"),
        ("return rnnlab.Form(", "return dict(", "it must be an rnnlab.Form"),
    ],
)
def test_a_task_that_breaks_its_contract_is_refused(old, new, told, tmp_path, monkeypatch):
    assert TASK.count(old) == 1
    packages.on_path(
        monkeypatch,
        packages.write_package(tmp_path, "odd-one", {"task keep": "odd_task"}, {"odd_task": TASK.replace(old, new)}),
    )
    monkeypatch.delitem(sys.modules, "odd_task", raising=False)
    with pytest.raises(ExperimentError, match=told):
        rnnlab.draw(activation="tanh", task="keep", width=2, length=3)


MEASURE = (packages.EXAMPLE / "waves" / "speed.py").read_text()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('NAME = "speed"', 'NAME = "pace"', "it must be that of its entry point, 'speed'"),
        ("VERSION = 1", 'VERSION = "1"', "VERSION = '1'"),
        ('extra="forbid", ', "", "take any name"),
        ('"speed_by_step": (', '"steps": (', "the others are speed_by_"),
        (
            '"speed", "float64", "rms of h_t - h_{t-1} over steps',
            '"width", "float64", "rms of h_t - h_{t-1} over steps',
            "a name of rnnlab's",
        ),
        ('"status": np.where', '"state": np.where', "it is diverged_at, speed, status"),
        ("np.tile(t, G)", "np.tile(t, 2 * G)", "unequal length"),
    ],
)
def test_a_measure_that_breaks_its_contract_is_refused(old, new, told, tmp_path, monkeypatch):
    assert MEASURE.count(old) == 1
    text = MEASURE.replace(old, new)
    packages.on_path(
        monkeypatch,
        packages.write_package(tmp_path, "odd-one", {"measure speed": "odd_measure"}, {"odd_measure": text}),
    )
    monkeypatch.delitem(sys.modules, "odd_measure", raising=False)
    with pytest.raises(UsageError, match=told):
        rnnlab.measure([[1.0]], [[1.0]], [[1.0]], [[[1.0]]], [[[1.0]]], activation="tanh", measures=["speed"])


def test_full_names_are_read_as_such():
    assert plugins.full_name(SINE) == ("sine", "rnnlab-waves", "0.1.0")
    assert plugins.full_name("sine@a-b-1.0.post1+local.2") == ("sine", "a-b", "1.0.post1+local.2")
    assert not any(map(plugins.is_full, ("tanh", "sine@", "sine@waves", "sine@-1", "a@b-1@c-2")))


def test_the_doctor_tells_what_packages_bring_and_what_is_wrong_with_it(site, tmp_path, monkeypatch):
    packages.on_path(monkeypatch, site, activation(tmp_path, "import nowhere\n"))
    monkeypatch.delitem(sys.modules, "odd_one", raising=False)
    found = [each for each in doctor.examine(tmp_path) if each.name == "plugins"]
    told = {each.message.split(" (")[0]: each for each in found}
    assert told["activation sine of the package rnnlab-waves 0.1.0"].level == "ok"
    assert told["task recall of the package rnnlab-waves 0.1.0"].level == "ok"
    assert told["measure speed of the package rnnlab-waves 0.1.0"].level == "ok"
    broken = told["the activation bump of the package odd-one 1.0"]
    assert broken.level == "problem"
    assert "No module named 'nowhere'" in broken.message
    assert "pip uninstall odd-one" in broken.remedy


def test_editors_are_told_the_names(waves):
    grid = experiment.json_schema()["definitions"]["grid"]["properties"]
    assert "sine" in grid["activation"]["anyOf"][0]["enum"]
    assert "recall" in grid["task"]["anyOf"][0]["enum"]
    schema = experiment.json_schema()
    assert "speed" in schema["properties"]["measure"]["properties"]
    check = jsonschema.Draft7Validator(schema)
    check.validate(tomllib.loads((packages.EXAMPLE / "waves.toml").read_text()))
    assert not check.is_valid({"schema": 1, "name": "x", "grid": {}, "measure": {"sped": {}}})


PAGE = packages.ROOT / "docs" / "how-to" / "own-package.md"


def test_the_commands_of_the_page_run_in_its_order(site, finished, tmp_path):
    lines = [line.removeprefix("$ ") for line in PAGE.read_text().splitlines() if line.startswith("$ ")]
    assert lines[0] == "pip install docs/how-to/example-package"  # as the fixture did
    shutil.copytree(finished, tmp_path / "results")
    for line in lines[1:]:
        program, *words = line.split()
        assert program == "rnnlab"
        words = [packages.ROOT / word if word.endswith(".toml") else word for word in words]
        command(site, *words, "--store", tmp_path / "results")


def test_activations_of_packages_have_colours_and_markers_that_no_other_has():
    names = [*rnnlab.theory.STEEPEST_SLOPE, SINE, "snake@rnnlab-waves-0.1.0"]
    assert len(set(style.colours(names).values())) == len(names)
    assert style.marker(SINE) not in map(style.marker, rnnlab.theory.STEEPEST_SLOPE)


def test_figures_label_what_a_measure_of_a_package_measured(finished, waves):
    figure = rnnlab.load("waves", finished).plot("statistics", column="speed")
    assert {axes.get_ylabel() for axes in figure.axes} == {"speed of the state"}
