"""Errors end in the command that helps, and that command works where it is typed."""

from __future__ import annotations

import errno
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rnnlab import api
from rnnlab.cli import main
from rnnlab.cli.failure import explained
from rnnlab.errors import typed

SMALL = """\
schema = 1
name = "small"
[grid]
activation = "tanh"
length = 5
width = 4
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNNLAB_STORE", raising=False)
    Path("small.toml").write_text(SMALL, encoding="utf-8")


def call(*arguments):
    return CliRunner().invoke(main, arguments, prog_name="rnnlab")


def ending(*arguments, code=2):
    """Return what a failing command says to type."""
    done = call(*arguments)
    assert done.exit_code == code, done.output
    [*_, last] = done.stderr.splitlines()
    assert ": rnnlab " in last, done.stderr
    return shlex.split(last.rpartition(": rnnlab ")[2])


@pytest.mark.parametrize(
    ("arguments", "helps"),
    [
        (["shwo"], ["--help"]),
        (["zzz"], ["--help"]),
        (["run", "smoll"], ["run"]),
        (["plan", "zzz"], ["run"]),
        (["plan"], ["run"]),
        (["show"], ["ls"]),
        (["plot"], ["ls"]),
        (["extract"], ["ls"]),
        (["compact"], ["ls"]),
        (["diff", "small"], ["ls"]),
        (["show", "smal"], ["ls"]),
        (["verify", "smal"], ["ls"]),
        (["plot", "zzz"], ["ls"]),
        (["diff", "small", "zzz"], ["ls"]),
        (["show", "small", "--measure", "lags"], ["run", "small"]),
        (["extract", "small", "zzz"], ["export", "small", "-o", "small.csv"]),
        (["extract", "small"], ["export", "small", "-o", "small.csv"]),
        (["export", "small"], ["export", "small", "-o", "small.csv"]),
        (["new"], ["new", "mine"]),
        (["plot", "small", "lags"], ["run", "small"]),
    ],
    ids=" ".join,
)
def test_the_command_that_helps_works(arguments, helps):
    api.run("small.toml")
    assert ending(*arguments) == helps
    assert call(*helps).exit_code == 0


def test_it_names_the_store():
    api.run("small.toml", store="else where")
    assert ending("show", "smal", "--store", "else where") == ["ls", "--store", "else where"]
    assert ending("show", "small", "--measure", "lags", "--store", "else where") == [
        "run",
        "small",
        "--store",
        "else where",
    ]
    assert typed("ls", store=Path("results")) == "rnnlab ls"


def test_where_there_is_nothing_a_first_run_is_proposed():
    assert ending("show", "small") == ["run", "quickstart"]
    Path("results").mkdir()
    assert ending("show", "small") == ["run", "quickstart"]
    for name in ("ls", "verify"):
        assert call(name, "--store", "none").stderr.endswith("Run one: rnnlab run quickstart --store none\n")
    assert call("plan", "quickstart").exit_code == 0


def test_a_damaged_manifest_is_written_anew_by_what_is_said():
    api.run("small.toml")
    Path("results/small/manifest.json").write_text("{", encoding="utf-8")
    helps = ending("show", "small", code=4)
    assert helps == ["run", "small"]
    assert call(*helps).exit_code == 0
    assert call("show", "small").exit_code == 0


def test_failed_trials_are_shown_by_what_is_said(monkeypatch):
    from rnnlab.measures import gradients

    def broken(*_arguments):
        raise ValueError("oh")

    monkeypatch.setattr(gradients, "measure", broken)
    done = call("run", "small.toml")
    assert done.exit_code == 3
    assert "See them all with: rnnlab show small --failed" in done.stderr
    assert "oh" in call("show", "small", "--failed").stdout


@pytest.mark.parametrize(
    ("code", "remedy"),
    [(errno.ENOSPC, "rnnlab doctor"), (errno.EACCES, "allow writing."), (errno.ENOENT, "a folder that is there.")],
)
def test_errors_of_files_have_a_remedy(code, remedy):
    failure = explained(OSError(code, "what happened", "figures/x.png"), debug=False)
    assert isinstance(failure, click.ClickException)
    assert failure.exit_code == 6
    assert failure.message.startswith("figures/x.png: what happened.")
    assert failure.message.endswith(remedy)
