"""The command line as its users meet it: what goes where, --json, and every exit code."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from rnnlab import api, errors
from rnnlab import store as stores
from rnnlab.cli import COMMANDS, main

SMALL = """\
schema = 1
name = "small"
title = "A small grid"

[grid]
activation = ["tanh", "relu"]
recurrent_scale = [0.5, 2.0]
length = 12
width = 4
seed = { range = 3 }
loss_at = "last"

[measure.gradients]
"""
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test stands in a folder of its own with the experiment file."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RNNLAB_") and name != "RNNLAB_CACHE_DIR"]:
        monkeypatch.delenv(name)
    Path("small.toml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def call(*arguments, code=0, **environment):
    done = CliRunner().invoke(main, arguments, prog_name="rnnlab", env=environment)
    assert done.exit_code == code, done.output
    return done


def process(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "rnnlab", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A store in which `small` has been run."""
    folder = tmp_path_factory.mktemp("ready")
    file = folder / "small.toml"
    file.write_text(SMALL, encoding="utf-8")
    api.run(file, store=folder / "results")
    return str(folder / "results")


# --- help ------------------------------------------------------------------------------------------------------------


def test_help_lists_every_command_with_a_line():
    text = call("--help").stdout
    for name in COMMANDS:
        assert any(line.split()[0] == name and len(line.split()) > 2 for line in text.splitlines() if line.strip())
    assert call("-h").stdout == text
    assert "..." not in text.partition("Commands:")[2]  # whole sentences


WITHOUT = {  # no results are read or written; what is printed is a file for another program
    "check": ("--store",),
    "schema": ("--store", "--json"),
    "completion": ("--store", "--json"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_common_options(name):
    text = call(name, "--help").stdout
    for option in ("--quiet", "--debug", "--json", "--store"):
        assert option in text or option in WITHOUT.get(name, ())


def test_help_loads_nothing_but_click():
    code = (
        "import sys; from rnnlab.cli import main; main(['--help'], standalone_mode=False);"
        "heavy = {'numpy', 'pandas', 'pydantic', 'rich', 'pyarrow', 'numba', 'matplotlib'};"
        "print(heavy & sys.modules.keys(), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == "set()\n"


def test_version():
    assert call("--version").stdout == f"rnnlab {__import__('rnnlab').__version__}\n"


def test_python_m_rnnlab():
    out, err = process("--version").communicate()
    assert out.startswith("rnnlab ")
    assert err == ""


# --- run -------------------------------------------------------------------------------------------------------------


def test_run_says_what_was_done_where_it_is_and_what_comes_next():
    done = call("run", "small.toml")
    assert done.stdout == ""
    assert "12 trials computed" in done.stderr
    assert "results/small" in done.stderr
    assert "rnnlab show small" in done.stderr
    assert "rnnlab plot small" in done.stderr
    assert Path("results/small/manifest.json").is_file()
    again = call("run", "small.toml")
    assert "all 12 trials are done already" in again.stderr


def test_run_goes_on_where_it_stopped():
    call("run", "small.toml", "-s", "seed=0")
    done = call("run", "small.toml")
    assert "8 trials computed" in done.stderr
    assert "4 were there before" in done.stderr


def test_run_takes_a_manifest_and_a_bare_name():
    call("run", "small.toml")
    for source in ("results/small/manifest.json", "small"):
        assert "done already" in call("run", source).stderr


def test_next_commands_name_the_store():
    assert "rnnlab show small --store elsewhere" in call("run", "small.toml", "--store", "elsewhere").stderr


def test_run_json_is_the_summary_alone():
    done = call("run", "small.toml", "--json", "-q")
    assert done.stderr == ""
    summary = json.loads(done.stdout)
    assert (summary["trials"], summary["new"], summary["failed"]) == (12, 12, 0)
    assert summary["folder"] == "results/small"


def test_sets_change_the_grid_and_may_make_axes():
    done = json.loads(call("run", "small.toml", "-q", "--json", "-s", "length=5,7", "--set", "activation=tanh").stdout)
    assert done["trials"] == 1 * 2 * 2 * 3


def test_environment_variables():
    call("run", "small.toml", RNNLAB_STORE="a", RNNLAB_RUN_SET="seed=0 width=3")
    assert json.loads(call("ls", "--json", RNNLAB_LS_STORE="a").stdout)[0]["trials"] == 4


def test_processes_compute_the_same():
    call("run", "small.toml")
    call("run", "small.toml", "--store", "other", "--executor", "processes", "--workers", "2")
    one, two = (api.load("small", store).trials for store in ("results", "other"))
    assert one.drop(columns="environment").equals(two.drop(columns="environment"))


def test_notes_are_shown():
    Path("small.toml").write_text(SMALL.replace("[0.5, 2.0]", "[0.5, 2.0, 2]"), encoding="utf-8")
    assert "note: " in call("run", "small.toml").stderr


# --- plan ------------------------------------------------------------------------------------------------------------


def test_plan_tells_what_and_why_and_runs_nothing(tmp_path):
    done = call("plan", "small.toml")
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert (rows["trials"], rows["done"]) == ("12", "0")
    assert rows["new"] == "12 (gradients: 12 never computed)"
    assert {"time", "memory", "disk"} <= rows.keys()
    assert "rnnlab run small.toml" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_plan_proposes_the_run_that_was_planned():
    done = call("plan", "small.toml", "--workers", "1", "--executor", "processes", "--max-trials", "99")
    assert "Next: rnnlab run small.toml --workers 1 --executor processes --max-trials 99" in done.stderr


def test_plan_knows_what_is_done():
    call("run", "small.toml", "-s", "seed=0")
    plan = json.loads(call("plan", "small.toml", "--json").stdout)
    assert (plan["trials"], plan["done"], plan["new"]) == (12, 4, 8)
    assert plan["why"] == {"gradients": {"never computed": 8}}
    assert plan["measured"] == 4
    call("run", "small.toml")
    done = call("plan", "small.toml")
    assert "Nothing to compute" in done.stderr
    assert "time" not in done.stdout


def test_plan_of_a_large_grid_builds_no_trial():
    plan = json.loads(call("plan", "small.toml", "--json", "-s", "seed=" + ",".join(map(str, range(5000)))).stdout)
    assert plan["trials"] == 20000
    assert plan["seconds"] > 0


# --- what reads ------------------------------------------------------------------------------------------------------


def test_ls(ready):
    done = call("ls", "--store", ready)
    header, line = done.stdout.splitlines()
    assert header.split()[:3] == ["experiment", "trials", "measures"]
    assert line.split()[:3] == ["small", "12", "gradients"]
    (entry,) = json.loads(call("ls", "--store", ready, "--json").stdout)
    assert (entry["name"], entry["trials"], entry["status"]) == ("small", 12, "complete")


def test_ls_of_nothing_says_how_to_begin():
    done = call("ls")
    assert done.stdout == ""
    assert "rnnlab run" in done.stderr
    assert json.loads(call("ls", "--json").stdout) == []


def test_show_prints_verdicts_and_turning_points(ready):
    done = call("show", "small", "--store", ready)
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "A small grid" in done.stdout
    for word in ("activation", "turns at", "tanh", "relu", "vanishes", "3 seeds", "recurrent scale"):
        assert word in done.stdout
    assert all(line == line.rstrip() for line in done.stdout.splitlines())


def test_show_json_has_the_same_numbers(ready):
    data = json.loads(call("show", "small", "--store", ready, "--json").stdout)
    assert (data["name"], data["axis"], data["trials"], data["missing"]) == ("small", "recurrent_scale", 12, 0)
    row = data["verdicts"][0]
    assert (row["activation"], row["recurrent_scale"], row["seeds"]) == ("tanh", 0.5, 3)
    trials = api.load("small", ready).trials.query("activation == 'tanh' and recurrent_scale == 0.5")
    assert row["growth_rate"] == pytest.approx(trials["growth_rate"].mean())
    assert {point["activation"] for point in data["turning_points"]} == {"tanh", "relu"}
    assert f"{row['growth_rate']:+.2f}"[:4] in call("show", "small", "--store", ready).stdout


def test_show_where_and_axis(ready):
    text = call("show", "small", "--store", ready, "--where", "activation=tanh").stdout
    assert "relu" not in text
    assert "columns: seed" not in text
    data = json.loads(call("show", "small", "--store", ready, "--json", "--axis", "length").stdout)
    assert data["axis"] == "length"


def test_where_takes_what_is_printed_and_what_stands_in_the_grid():
    call("run", "small.toml", "-s", "recurrent_scale=0.6484197773255048,2", "-s", "seed=0")
    assert "0.648" in call("show", "small", "--where", "recurrent_scale=2,0.648").stdout
    call("show", "small", "--where", "recurrent_scale=0.648", "--where", "loss=squared")


def test_legend_explains_what_occurs_and_nothing_else(ready):
    text = call("show", "small", "--store", ready).stdout
    assert "95 % interval over seeds" in text
    assert "unclear" not in text
    assert "diverged" not in text
    call("run", "small.toml", "-s", "seed=0", "-s", "recurrent_scale=0.5")
    text = call("show", "small").stdout
    assert "±" not in text
    assert "shares" not in text
    assert "unclear: too few" in call("show", "small", "--axis", "recurrent_scale").stdout


def test_show_everything_is_wide(tmp_path):
    scales = ",".join(str(0.5 + 0.1 * i) for i in range(20))
    call("run", "small.toml", "-s", f"recurrent_scale={scales}", "-s", "seed=0")
    some = call("show", "small").stdout
    assert "of 20 values of recurrent scale are shown" in some
    assert max(map(len, some.splitlines())) <= 100
    everything = call("show", "small", "--all").stdout
    assert "are shown" not in everything
    assert "2.4" in everything


def test_show_tells_of_trials_that_are_missing(ready, monkeypatch):
    trials = api.load("small", ready).statistics("gradients")
    trials.loc[trials["seed"] == 0, ["status", "verdict", "growth_rate"]] = None
    monkeypatch.setattr(api.Results, "statistics", lambda results, measure: trials)
    assert "4 of 12 trials have no result yet" in call("show", "small", "--store", ready).stderr


def test_plot_writes_both_and_prints_where(ready):
    done = call("plot", "small", "--store", ready)
    assert done.stdout.split() == ["figures/small.png", "figures/small.svg"]
    assert all(Path(name).stat().st_size > 1000 for name in done.stdout.split())
    assert call("plot", "small", "steps", "--store", ready).stdout.split()[0] == "figures/small-steps.png"


@pytest.mark.parametrize(("output", "files"), [("a.pdf", ["a.pdf"]), ("deep/a", ["deep/a.png", "deep/a.svg"])])
def test_plot_output(ready, output, files):
    data = json.loads(call("plot", "small", "steps", "--store", ready, "-o", output, "--json").stdout)
    assert (data["name"], data["kind"], data["files"]) == ("small", "steps", files)
    assert data["command"] == "rnnlab plot small steps"
    assert data["description"].startswith("Figure of kind steps")
    assert all(Path(name).is_file() for name in files)


def test_plot_draws_one_scale_without_steps():
    call("run", "small.toml", "-s", "recurrent_scale=1", "-s", "measure.gradients.steps=false")
    assert json.loads(call("plot", "small", "--json").stdout)["kind"] == "rates"


def test_extract(ready):
    trial = api.load("small", ready).trials.iloc[7]
    done = call("extract", "small", trial["key"][:12], "--store", ready, "-o", "one.npz")
    assert done.stdout == "one.npz\n"
    with np.load("one.npz") as data:
        assert set(data) == {"U", "W", "V", "b", "c", "h0", "x", "y", "parameters"}
        assert data["x"].shape == (12, 1, 4)
        parameters = json.loads(str(data["parameters"]))
    assert (parameters["seed"], parameters["activation"]) == (trial["seed"], trial["activation"])
    first = Path("one.npz").read_bytes()
    call("extract", "small", trial["key"], "--store", ready, "-o", "one")
    assert Path("one.npz").read_bytes() == first


def test_extract_has_a_default_name(ready):
    key = api.load("small", ready).trials["key"][0]
    data = json.loads(call("extract", "small", key, "--store", ready, "--json").stdout)
    assert data["file"] == f"small-{key}.npz"
    assert data["shapes"]["U"] == [4, 4]
    assert Path(data["file"]).is_file()


# --- exit codes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shwo"], "Did you mean show?"),
        (["show", "smal"], "Did you mean small?"),
        (["show", "Small"], "is no name of an experiment"),
        (["show", "experiments/small.toml"], "Did you mean small?"),
        (["show", "small", "--where", "widht=4"], "Did you mean width?"),
        (["show", "small", "--where", "width=5"], "There are, for example: 4"),
        (["show", "small", "--where", "width"], "KEY=VALUE"),
        (["show", "small", "--axis", "activation"], "is not a numeric parameter"),
        (["show", "small", "--axis", "recurent_scale"], "Did you mean recurrent_scale?"),
        (["plot", "small", "grwoth"], "Did you mean growth?"),
        (["plot", "small", "-o", "x.gif"], "ends in .png, .svg or .pdf"),
        (["plot", "small", "length"], "needs several lengths"),
        (["extract", "small", "zzz"], "no trial of small has the key zzz"),
        (["extract", "small", "abc", "-o", "x.npy"], "ends in .npz"),
        (["run", "nowhere.toml"], "does not exist"),
        (["run", "small.toml", "-s", "recurent_scale=1"], "Did you mean recurrent_scale?"),
        (["run", "small.toml", "-s", "width"], "width"),
        (["run", "small.toml", "--executor", "ray"], "'threads', 'processes'"),
        (["run", "small.toml", "--workers", "0"], "0 is not in the range"),
        (["run", "small.toml", "--max-trials", "11"], "12 trials are more than 11"),
        (["run", "small.toml", "--max-trial", "11"], "--max-trials"),
        (["plan"], "Missing argument 'EXPERIMENT'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_usage_is_2_with_one_message_and_nothing_written(ready, arguments, words, tmp_path):
    done = call(*arguments, code=2, RNNLAB_STORE=ready if arguments[0] != "run" else "new")
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.toml"]


def test_all_problems_of_a_file_at_once():
    Path("small.toml").write_text(
        SMALL.replace("width = 4", "width = -4").replace("length", "lenght"), encoding="utf-8"
    )
    done = call("run", "small.toml", code=2)
    assert "problems, nothing was run" in done.stderr
    assert "lenght" in done.stderr
    assert "-4" in done.stderr


def test_a_bug_is_1_and_one_line(ready, monkeypatch):
    monkeypatch.setattr(api, "load", lambda *_: {}["x"])
    done = call("show", "small", code=1)
    assert done.stderr.startswith("Error: this is a bug in rnnlab: KeyError: 'x'.")
    assert "--debug" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("how", [{"arguments": ["--debug"]}, {"RNNLAB_DEBUG": "1"}])
def test_debug_shows_the_traceback(ready, monkeypatch, how):
    monkeypatch.setattr(api, "load", lambda *_: {}["x"])
    done = call("show", "small", *how.pop("arguments", []), code=1, **how)
    assert "Traceback (most recent call last)" in done.stderr
    assert "The traceback is above" in done.stderr


def test_failed_trials_are_3(monkeypatch):
    from rnnlab.measures import gradients

    def fail(networks, trajectory, settings):
        raise ValueError("on purpose")

    monkeypatch.setattr(gradients, "measure", fail)
    done = call("run", "small.toml", "--json", code=errors.TrialsFailed.exit_code)
    assert "12 of 12 trials failed" in done.stderr
    assert "small: 0 trials computed" in done.stderr
    assert "on purpose" in done.stderr
    assert json.loads(done.stdout)["failed"] == 12
    assert "12 failed" in call("ls").stdout
    monkeypatch.undo()
    os.chdir(Path("small.toml").parent)


def test_a_damaged_manifest_is_4():
    call("run", "small.toml")
    path = Path("results/small/manifest.json")
    path.write_text(path.read_text(encoding="utf-8").replace("A small grid", "B small grid"), encoding="utf-8")
    done = call("show", "small", code=4)
    assert "is damaged" in done.stderr


def test_a_damaged_table_is_4_and_running_again_mends_it():
    call("run", "small.toml")
    (path,) = Path("results/small/gradients").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    assert "is damaged" in call("show", "small", code=4).stderr
    assert "12 trials computed" in call("run", "small.toml").stderr
    call("show", "small")


def test_a_busy_store_is_5_and_names_the_holder():
    with stores.writing(stores.layout("results", "small")):
        out, err = (waiting := process("run", "small.toml")).communicate()
    assert waiting.returncode == 5
    assert f"process {os.getpid()}" in err
    assert "--wait" in err
    assert out == ""


def test_wait_waits():
    with stores.writing(stores.layout("results", "small")):
        waiting = process("run", "small.toml", "--wait")
        assert any("waiting for it" in line for line in waiting.stderr)  # reads up to the line that says so
        assert waiting.poll() is None
    _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert "12 trials computed" in err


def test_a_store_that_cannot_be_written_is_6(monkeypatch):
    from rnnlab.store import files

    def refuse(path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(files, "make_folder", refuse)
    done = call("run", "small.toml", code=6)
    assert "read-only" in done.stderr.lower()
    assert "--store" in done.stderr


def test_a_figure_that_cannot_be_written_is_6(ready):
    Path("figures").write_text("a file where the folder should be", encoding="utf-8")
    assert "figures" in call("plot", "small", "--store", ready, code=6).stderr


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_is_130_or_143_and_the_same_command_goes_on(number, code):
    arguments = ["run", "small.toml", "-s", "width=64", "-s", "length=1000", "--workers", "1"]
    running = process(*arguments, "-s", "seed=" + ",".join(map(str, range(300))))
    assert "0 of 1,200 trials" in running.stderr.readline()
    while running.poll() is None and not list(Path("results/small").glob("gradients/*.parquet")):
        time.sleep(0.02)
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == code, err
    assert "finishing what runs" in err
    assert "the same command goes on" in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.slow
def test_interrupted_twice_stops_at_once():
    running = process("run", "small.toml", "-s", "width=256", "-s", "length=4000", "-s", "batch=8", "--workers", "1")
    assert "0 of 12 trials" in running.stderr.readline()
    time.sleep(3.0)  # into the first block, which takes longer than this test
    for _ in range(2):
        running.send_signal(signal.SIGINT)
        time.sleep(0.3)
    _, err = running.communicate(timeout=10)
    assert running.returncode == 130, err
    assert "finishing what runs" in err


def test_a_reader_that_leaves_is_no_error(ready):
    show = [sys.executable, "-m", "rnnlab", "show", "small", "--json", "--store", str(ready)]
    command = f"{shlex.join(show)} | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("{\n", "", 0)


# --- manners ---------------------------------------------------------------------------------------------------------


def test_quiet_says_nothing():
    done = call("run", "small.toml", "-q")
    assert done.output == ""


def test_no_colours_and_no_animation_without_a_terminal():
    out, err = process("run", "small.toml").communicate()
    assert "\x1b" not in out + err
    assert "\r" not in err
    assert "0 of 12 trials" in err


def test_progress_of_long_trials_counts_what_is_done_of_them(monkeypatch):
    from rnnlab.cli import progress

    at, said = 0.0, []
    monkeypatch.setattr(progress.time, "monotonic", lambda: at)
    monkeypatch.setattr(progress, "message", said.append)
    monkeypatch.setattr(progress.Reporter, "_explain_a_slow_beginning", lambda self: None)
    reporter = progress.Reporter(quiet=False)
    for at, done in ((0.0, 2), (10.0, 2.25), (20.0, 2.5), (30.0, 3)):  # noqa: B007
        reporter(done, 4)
    assert said[:2] == ["2 of 4 trials", "2.25 of 4 trials"]
    assert said[2:] == ["2.50 of 4 trials, 1 min 00 s left", "3 of 4 trials, 20 s left"]


@pytest.mark.parametrize(("made", "words"), [(0, []), (1, ["Compiling the kernels that are new"])])
def test_kernels_that_compile_are_told_where_others_are_there(monkeypatch, tmp_path, made, words):
    from rnnlab.cli import progress
    from rnnlab.kernels import folder

    said: list[str] = []
    monkeypatch.setattr(progress, "message", said.append)
    monkeypatch.setattr(progress, "_PATIENCE", 0.05)
    monkeypatch.setattr(folder, "cache_folder", lambda: tmp_path)
    (tmp_path / "old.nbc").touch()
    with progress.Reporter(quiet=False) as reporter:
        reporter(0, 4)
        for i in range(made):
            (tmp_path / f"{i}.nbc").touch()
        reporter._waiting.join()
    assert [each[: len(words[0])] for each in said[1:]] == words if words else said[1:] == []


def test_speed_and_time_left_leave_out_the_compiling(monkeypatch):
    from rnnlab.cli import progress

    at, said = 0.0, []
    monkeypatch.setattr(progress.time, "monotonic", lambda: at)
    monkeypatch.setattr(progress, "message", said.append)
    monkeypatch.setattr(progress.Reporter, "_explain_a_slow_beginning", lambda self: None)
    reporter = progress.Reporter(quiet=False)
    for at, done in ((0.0, 50), (30.0, 100), (36.0, 700), (56.0, 2700), (62.0, 3290), (68.0, 3300)):  # noqa: B007
        reporter(done, 3300)
    assert said == [
        "50 of 3,300 trials",
        "100 of 3,300 trials",
        "700 of 3,300 trials, 100 a second, 26 s left",
        "2,700 of 3,300 trials, 100 a second, 6 s left",
        "3,290 of 3,300 trials, 98 a second, 1 s left",
        "3,300 of 3,300 trials",
    ]


def test_no_color_is_honoured_on_a_terminal(ready):
    pty = pytest.importorskip("pty")
    for extra, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **extra}
        mother, child = pty.openpty()
        done = subprocess.Popen(
            [sys.executable, "-m", "rnnlab", "show", "small", "--store", ready],
            stdout=child, stderr=subprocess.PIPE, env=environment,
        )  # fmt: skip
        os.close(child)
        text = read_all(mother)
        done.communicate()
        assert ("\x1b[3" in text) == coloured
        assert "vanishes" in text


@pytest.mark.parametrize(("extra", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_honoured_by_errors(ready, extra, coloured):
    pty = pytest.importorskip("pty")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **extra}
    mother, child = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "rnnlab", "show", "nothing", "--store", ready], stderr=child, env=environment
    )
    os.close(child)
    text = read_all(mother)
    assert done.wait() == 2
    assert "Error: " in text
    assert ("\x1b[" in text) == coloured


def read_all(descriptor):
    parts = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:  # the other end was closed
        pass
    os.close(descriptor)
    return b"".join(parts).decode()


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "utf-8"])
def test_any_encoding_of_the_terminal_will_do(ready, encoding):
    done = subprocess.run(
        [sys.executable, "-m", "rnnlab", "show", "small", "--store", ready],
        capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert done.stderr == b""
    assert b"vanishes" in done.stdout


# --- what there is to run --------------------------------------------------------------------------------------------


def test_run_without_a_name_lists_what_there_is():
    Path("broken.toml").write_text("schema = 1\n[grid]\n", encoding="utf-8")
    Path("pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    call("run", "small.toml")
    done = call("run")
    rows = {line.split()[0]: line.split()[1:3] for line in done.stdout.splitlines()}
    assert rows["small"] == ["12", "complete"]
    assert rows["quickstart"] == ["144", "not"]
    assert "problems" in next(line for line in done.stdout.splitlines() if line.startswith("broken"))
    assert "pyproject" not in rows
    assert "Run one: rnnlab run NAME" in done.stderr
    found = {each["name"]: each for each in json.loads(call("run", "--json", "-q").stdout)}
    assert found["small"] == {
        "name": "small", "title": "A small grid", "trials": 12, "file": "small.toml", "status": "complete",
    }  # fmt: skip
    assert found["broken"]["trials"] is None


def test_run_without_a_name_changes_no_grid():
    assert "-s needs an EXPERIMENT" in call("run", "-s", "seed=0", code=2).stderr


def test_a_bare_name_is_one_of_a_folder_of_here_or_of_rnnlab():
    def planned():
        return json.loads(call("plan", "quickstart", "--json").stdout)["trials"]

    assert planned() == 144  # that of rnnlab
    Path("quickstart.toml").write_text(SMALL.replace('"small"', '"quickstart"'), encoding="utf-8")
    assert planned() == 12
    Path("experiments").mkdir()
    text = SMALL.replace('"small"', '"quickstart"').replace("range = 3", "range = 2")
    Path("experiments/quickstart.toml").write_text(text, encoding="utf-8")
    assert planned() == 8
