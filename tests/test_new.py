"""`rnnlab new` and what it writes: sound, explained, and runnable as it stands, with every option that it offers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from rnnlab import api, experiment
from rnnlab.cli import main
from rnnlab.errors import ExperimentError, UsageError
from rnnlab.measures import registry
from rnnlab.tasks import TASKS

OFFERED = re.compile(r"^# (\w+ = .*|\[measure\.\w+\].*)$", re.MULTILINE)
CHOICES = [
    *({"measures": [name]} for name in registry()),
    *({"sets": [f"task={name}"], "measures": ["gradients", "training"]} for name in TASKS if name != "arrays"),
    {"sets": ["recurrent_init=sparse", "recurrent_density=0.1,0.5", "measure.gradients.steps=10"]},
    {"sets": ['zip=[["width", "batch"]]', "width=8,16", "batch=2,1"], "title": 'It\'s "quoted" – and ½‖o‖²'},
]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNNLAB_STORE", raising=False)
    return tmp_path


def call(*arguments, code=0, **options):
    done = CliRunner().invoke(main, arguments, prog_name="rnnlab", **options)
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize("chosen", CHOICES, ids=str)
def test_the_file_says_what_was_drafted(chosen):
    drafted = api.new("mine", **chosen)
    read = experiment.read("mine")
    assert read == experiment.draft("mine", **chosen).experiment
    assert drafted.trials <= 300
    text = drafted.file.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 120
    assert [line[:13] for line in text.splitlines()[:3]] == ["# Question   ", "# Expectation", "# Finding    "]


@pytest.mark.parametrize("chosen", CHOICES, ids=str)
def test_every_line_is_explained(chosen):
    for line in api.new("mine", **chosen).text.splitlines():
        assert not line or "#" in line.removeprefix("# ") or line == "[grid]" or line.startswith("# ")


@pytest.mark.parametrize("chosen", CHOICES, ids=str)
def test_each_option_that_is_offered_can_be_switched_on(chosen):
    drafted = api.new("mine", **chosen)
    offers = list(OFFERED.finditer(drafted.text))
    assert offers
    for offer in offers:
        drafted.file.write_text(drafted.text[: offer.start()] + drafted.text[offer.start() + 2 :], encoding="utf-8")
        experiment.read("mine")


def test_what_is_written_runs_and_draws():
    done = call("new", "mine")
    assert done.stdout == "mine.toml\n"
    assert "Next: rnnlab plan mine   rnnlab run mine   rnnlab plot mine" in done.stderr
    ran = call("run", "mine", "-s", "length=20", "-s", "seed=0")
    assert "18 trials computed" in ran.stderr
    call("plot", "mine", "growth")


def test_it_lies_where_run_finds_it():
    assert call("new", "one").stdout == "one.toml\n"
    Path("experiments").mkdir()
    assert call("new", "two").stdout == "experiments/two.toml\n"
    assert "rnnlab run deep/three.toml" in call("new", "three", "-o", "deep/three.toml").stderr
    for name in ("one", "two", "deep/three.toml"):
        assert call("plan", name, "--json").stdout


def test_nothing_is_overwritten_unasked():
    call("new", "mine")
    Path("mine.toml").write_text("mine", encoding="utf-8")
    done = call("new", "mine", code=2)
    assert "mine.toml is there already" in done.stderr
    assert "--force" in done.stderr
    assert Path("mine.toml").read_text(encoding="utf-8") == "mine"
    call("new", "mine", "--force")
    assert experiment.read("mine").name == "mine"


def test_flags():
    words = (
        "--title Why? --activation erf --recurrent-scale 1,2 --length 5,6 --width 8 --seeds 2 "
        "--measure lags,gradients --measure theory -s bias_scale=0.1"
    )
    call("new", "mine", *words.split())
    read = experiment.read("mine").resolved()
    grid = read["grid"]
    assert (read["title"], list(read["measure"])) == ("Why?", ["lags", "gradients", "theory"])
    assert (grid["activation"], grid["recurrent_scale"], grid["length"], grid["width"]) == ("erf", [1, 2], [5, 6], 8)
    assert (grid["seed"], grid["bias_scale"]) == ([0, 1], 0.1)


def test_all_that_is_wrong_is_told_and_nothing_is_written(here):
    done = call("new", "mine", "--width", "-3", "--activation", "tahn", "-s", "wdith=3", code=2)
    for part in ("3 problems", "mine.toml: grid.width is -3", "Did you mean tanh?", "-s wdith is unknown"):
        assert part in done.stderr
    assert list(here.iterdir()) == []
    assert 'Type: rnnlab new "my-run".' in call("new", "My Run", code=2).stderr
    assert "ends in .toml" in call("new", "x", "-o", "x.txt", code=2).stderr
    with pytest.raises(ExperimentError, match=r"measure\.gradient is unknown\. Did you mean gradients"):
        api.new("mine", measures=["gradient"])
    with pytest.raises(UsageError, match="10,000,000"):
        api.new("mine", sets=["seed={ range = 100000000 }"])


def test_json():
    done = json.loads(call("new", "mine", "--json", "--store", "elsewhere").stdout)
    assert (done["name"], done["file"], done["trials"], done["run"]) == ("mine", "mine.toml", 144, "mine")
    assert done["next"][1] == "rnnlab run mine --store elsewhere"


def test_a_schema_beside_the_file_is_named_for_editors():
    Path("rnnlab.schema.json").write_text("{}", encoding="utf-8")
    assert api.new("mine").text.startswith("#:schema ./rnnlab.schema.json\n# Question")
    assert experiment.read("mine").name == "mine"


def test_a_store_that_has_the_name_is_told_of():
    call("new", "mine", "-q")
    call("run", "mine", "-s", "length=5", "-s", "seed=0", "-s", "recurrent_scale=1")
    assert "note: results has results of this name" in call("new", "mine", "--force").stderr


@pytest.mark.skipif(not hasattr(__import__("os"), "openpty"), reason="this system has no pseudo-terminals")
def test_it_asks_at_a_terminal(here):
    answers = ["", "tahn", "erf", "", "", "", "2", "Why?"]  # the second is refused, and asked again
    text = at_a_terminal(["new", "mine"], answers)
    assert "Did you mean tanh?" in text
    read = experiment.read("mine").resolved()
    assert (read["grid"]["activation"], read["grid"]["seed"], read["title"]) == ("erf", [0, 1], "Why?")
    assert "What to measure" not in at_a_terminal(["new", "other", "--width", "8"], [])


def at_a_terminal(arguments, answers):
    import os
    import pty
    import sys

    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"PYTHONPATH": str(Path(__file__).parent.parent), "TERM": "dumb"}
        os.execv(sys.executable, [sys.executable, "-m", "rnnlab", *arguments])
    said = b""
    for answer in [*answers, None]:
        while not said.endswith(b"]: ") or answer is None:
            try:
                part = os.read(terminal, 4096)
            except OSError:  # Linux tells the end of a terminal so
                part = b""
            said += part
            if not part:
                break
        if answer is not None:
            os.write(terminal, answer.encode() + b"\n")
            said += b"\n"
    os.waitpid(child, 0)
    return said.decode()
